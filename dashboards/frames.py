"""Grafana's transformations of data frames, between the rows of the queries and what a panel shows, as plain data."""

from collections.abc import Mapping, Sequence
from typing import Any

Transformation = dict[str, Any]


def joined(
    key: str, fields: Mapping[str, str], *, keep: str | None = None, filled: str | None = None
) -> list[Transformation]:
    """Join the queries' rows by a label; `fields`: names as they come to titles, in order.

    `keep`: the title of the label's column, without it the label goes; `filled`: rows without that column go.
    """
    named = ({key: keep} if keep else {}) | dict(fields)
    steps = [{"id": "joinByField", "options": {"byField": key, "mode": "outer"}}, *columns(named)]
    return [*steps, without_gaps(filled)] if filled else steps


def merged(labels: Mapping[str, str], values: Mapping[str, str], *, filled: str) -> list[Transformation]:
    """Join the queries' rows by all their labels; rows without a value in the column `filled` go.

    Grouped by the labels, each row alone: without rows that leaves no columns, so that the panel says its words.
    """
    kept: dict[str, Any] = {name: {"operation": "groupby", "aggregations": []} for name in labels}
    kept |= {name: {"operation": "aggregate", "aggregations": ["first"]} for name in values}
    fields = dict(labels) | {f"{name} (first)": title for name, title in values.items()}
    return [
        {"id": "merge", "options": {}},
        {"id": "groupBy", "options": {"fields": kept}},
        *columns(fields),
        without_gaps(filled),
    ]


def without_gaps(title: str) -> Transformation:
    condition = {"fieldName": title, "config": {"id": "isNotNull", "options": {}}}
    return {"id": "filterByValue", "options": {"type": "include", "match": "all", "filters": [condition]}}


def without_empty(title: str, names: Sequence[str], zeros: Sequence[str], unsure: str) -> list[Transformation]:
    """Rows with one of the names go if all numbers are 0; the column `unsure` may also be empty."""

    def is_(field: str, condition: str, **options: Any) -> dict[str, Any]:
        return {"fieldName": field, "config": {"id": condition, "options": options}}

    filters = [is_(title, "regex", value=f"^({'|'.join(names)})$"), *(is_(field, "equal", value=0) for field in zeros)]
    return [
        {"id": "filterByValue", "options": {"type": "exclude", "match": "all", "filters": [*filters, one]}}
        for one in (is_(unsure, "equal", value=0), is_(unsure, "isNull"))
    ]


def columns(fields: Mapping[str, str]) -> list[Transformation]:
    """Keep the fields of one query's rows, in order, under their titles."""
    return [
        {"id": "filterFieldsByName", "options": {"include": {"names": list(fields)}}},
        {
            "id": "organize",
            "options": {
                "excludeByName": {},
                "indexByName": {name: index for index, name in enumerate(fields)},
                "renameByName": dict(fields),
            },
        },
    ]


def sorted_by(title: str, *, descending: bool = False) -> Transformation:
    return {"id": "sortBy", "options": {"sort": [{"field": title, "desc": descending}]}}


def empty_for_nan(titles: Sequence[str]) -> Transformation:
    """NaN, which the queries give for `not in this log`, as an empty cell: tables do not sort NaN (Grafana 12.4)."""
    conversions = [{"targetField": title, "destinationType": "number"} for title in titles]
    return {"id": "convertFieldType", "options": {"fields": {}, "conversions": conversions}}


def converted(title: str, kind: str) -> Transformation:
    """A column as `time`, `number` or `string`."""
    conversion = {"targetField": title, "destinationType": kind}
    return {"id": "convertFieldType", "options": {"fields": {}, "conversions": [conversion]}}


def following(*variables: str) -> Transformation:
    """Changes nothing, but Grafana draws anew when a variable changes: looks alone do not tell it to."""
    words = " ".join(f"${name}" for name in variables)
    return {"id": "filterFieldsByName", "options": {"exclude": {"names": [f"no field has this name: {words}"]}}}


def moved(title: str, sign: str, by: int, alias: str) -> Transformation:
    """A column more: that one plus or minus a number."""
    binary = {"left": title, "operator": sign, "right": f"{by}"}
    return {"id": "calculateField", "options": {"mode": "binary", "binary": binary, "alias": alias}}


def only(*titles: str) -> Transformation:
    return {"id": "filterFieldsByName", "options": {"include": {"names": list(titles)}}}
