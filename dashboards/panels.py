"""Panels in the house style: each has a description and a unit, and says something when it is empty."""

from collections.abc import Mapping, Sequence
from typing import Any

from grafanalib import core

from dashboards import links, theme
from dashboards.targets import PanelTarget, Target
from dashboards.theme import Column

Panel = core.Panel
Place = tuple[int, int, int, int]  # x, y, width (of 24), height
Override = dict[str, Any]
Properties = Mapping[str, Any]

NOTHING = "Nothing in this range. Unless a remark above says why, nothing happened."

NOT_SCRAPED = "Nothing to draw. This shows what was scraped, not imported history; a long range needs hours of it."

NO_BYTES = "No bytes in this range. Unless a remark above says why, none were transferred."

EMPTY_CELL = "-"

NOT_LOGGED = [
    {
        "type": "special",
        "options": {"match": "nan", "result": {"text": theme.NOT_LOGGED, "color": theme.GREY, "index": 0}},
    }
]
# Neither nothing nor what is unknown is an alarm.
CALM = [*NOT_LOGGED, {"type": "value", "options": {"0": {"color": theme.GREY, "index": 1}}}]

LEGEND_TITLES = {"sum": "Total", "lastNotNull": "Last *"}  # what Grafana calls the columns of a legend

UNKNOWN = [{"type": "special", "options": {"match": "nan", "result": {"text": "-", "index": 0}}}]


def by_name(name: str, properties: Properties) -> Override:
    return _override("byName", name, properties)


def by_regexp(pattern: str, properties: Properties) -> Override:
    return _override("byRegexp", f"/{pattern}/", properties)


def by_query(ref: str, properties: Properties) -> Override:
    return _override("byFrameRefID", ref, properties)


def by_type(kind: str, properties: Properties) -> Override:
    return _override("byType", kind, properties)


def unlogged() -> Override:
    """What is said of columns that are empty from top to bottom, whose sum Grafana takes for 0."""
    said = [{"type": "value", "options": {"0": {"text": theme.NOT_LOGGED, "color": theme.GREY, "index": 0}}}]
    properties = [{"id": "mappings", "value": said}, {"id": "noValue", "value": theme.NOT_LOGGED}]
    return {"matcher": {"id": "byValue", "options": {"reducer": "allIsNull"}}, "properties": properties}


def named(title: str, tooltip: str, goal: str, *, carry_range: bool = True) -> Override:
    """A column of names, each a link to `goal` (a path that takes the name from the cell)."""
    link = {"title": tooltip, "url": links.with_range(goal) if carry_range else goal, "targetBlank": False}
    return by_name(title, {"links": [link], "custom.minWidth": 120})


def fixed(colour: str) -> dict[str, str]:
    return {"mode": "fixed", "fixedColor": colour}


def hidden(title: str) -> Override:
    """A column that only links need."""
    return by_name(title, {"custom.hideFrom.viz": True, "custom.hidden": True})


def thresholds(*steps: tuple[float | None, str]) -> dict[str, Any]:
    """Colours from a value on; the first step has no value."""
    return {"mode": "absolute", "steps": [{"value": value, "color": colour} for value, colour in steps]}


def text(number: int, place: Place, content: str) -> core.Text:
    return core.Text(id=number, gridPos=_place(place), content=content, transparent=True)


def stat(
    number: int,
    title: str,
    place: Place,
    description: str,
    targets: Sequence[Target],
    *,
    unit: str,
    overrides: Sequence[Override] = (),
    options: Properties | None = None,
    defaults: Properties | None = None,
    transformations: Sequence[Override] = (),
    transparent: bool = False,
) -> core.Stat:
    """Big numbers, one tile per series."""
    shown = {"graphMode": "none", "colorMode": "value", "textMode": "auto", "wideLayout": True} | dict(options or {})
    shown = {"reduceOptions": {"calcs": ["last"], "fields": "", "values": False}} | shown
    return core.Stat(
        **_common(number, title, place, description, targets),
        transformations=list(transformations),
        transparent=transparent,
        extraJson={"options": shown, "fieldConfig": _fields(unit, {"noValue": NOTHING, **(defaults or {})}, overrides)},
    )


def tile(
    number: int,
    title: str,
    place: Place,
    description: str,
    target: Target,
    *,
    unit: str,
    looks: Properties,
    words: str = "value",
    overrides: Sequence[Override] = (),
) -> core.Stat:
    """One big number; several in one panel cannot be read on a telephone. `words`: Grafana's text mode."""
    return stat(
        number,
        title,
        place,
        description,
        [target],
        unit=unit,
        options={
            "textMode": words,
            "justifyMode": "center",
            "wideLayout": False,
            "text": {"titleSize": 14} | ({"valueSize": 32} if words == "value_and_name" else {}),
        },
        defaults=looks,
        overrides=overrides,
    )


def lower_bound(measures: str, unit: str) -> list[Override]:
    """The unit `or more` of a number that has `$bounds` as its legend, if those match the regular expression."""
    return [
        by_type("number", {"displayName": "[${bounds:csv}]"}),
        by_regexp(measures, {"unit": theme.AT_LEAST[unit]}),
    ]


def lines(
    number: int,
    title: str,
    place: Place,
    description: str,
    targets: Sequence[Target | PanelTarget],
    *,
    unit: str,
    overrides: Sequence[Override] = (),
    custom: Properties | None = None,
    calcs: Sequence[str] = (),
    legend: str = "bottom",
    transformations: Sequence[Override] = (),
    defaults: Properties | None = None,
) -> core.TimeSeries:
    """Values over time; with `calcs` the legend is a table."""
    drawn = {"lineWidth": 1, "fillOpacity": 10, "showPoints": "never", "axisSoftMin": 0, "spanNulls": False}
    drawn |= {"stacking": {"mode": "none", "group": "A"}} | dict(custom or {})
    listed = {"displayMode": "table" if calcs else "list", "placement": legend, "showLegend": True, "calcs": [*calcs]}
    listed |= {"sortBy": LEGEND_TITLES[calcs[0]], "sortDesc": True} if calcs and legend == "right" else {}
    fields = _fields(unit, {"noValue": NOTHING, "min": 0, "custom": drawn, **(defaults or {})}, overrides)
    return core.TimeSeries(
        **_common(number, title, place, description, targets),
        transformations=list(transformations),
        extraJson={
            "fieldConfig": fields,
            "options": {"legend": listed, "tooltip": {"mode": "multi", "sort": "desc"}},
        },
    )


def table(
    number: int,
    title: str,
    place: Place,
    description: str,
    targets: Sequence[Target | PanelTarget],
    *,
    sort: tuple[str, bool] | None = None,
    overrides: Sequence[Override] = (),
    transformations: Sequence[Override] = (),
    totals: Sequence[str] = (),
    empty: str = NOTHING,
    paged: bool = True,
) -> core.Table:
    """Rows that sort by any column and filter; `sort`: column, whether descending; `totals`: summed in the footer."""
    footer = {"show": bool(totals), "reducer": ["sum"], "fields": list(totals), "countRows": False}
    options: dict[str, Any] = {"showHeader": True, "cellHeight": "sm", "footer": footer | {"enablePagination": paged}}
    options["sortBy"] = [{"displayName": sort[0], "desc": sort[1]}] if sort else []
    custom = {"align": "auto", "filterable": True, "wrapHeaderText": True, "cellOptions": {"type": "auto"}}
    # The words for an empty table are no words for an empty cell.
    looks = [by_regexp(".*", {"noValue": EMPTY_CELL}), *overrides]
    return core.Table(
        **_common(number, title, place, description, targets),
        transformations=list(transformations),
        extraJson={"options": options, "fieldConfig": _fields("", {"noValue": empty, "custom": custom}, looks)},
    )


def timeline(number: int, title: str, place: Place, description: str, target: Target) -> core.Panel:
    """When each alert fired, as red bars (see `accounts.fired`): never empty, for which Grafana has no good words."""
    custom = {"lineWidth": 0, "fillOpacity": 80, "insertNulls": False, "spanNulls": False}
    there = [{"type": "value", "options": {"1": {"text": "firing", "color": theme.RED, "index": 0}}}]
    legend = {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []}
    options = {"mergeValues": True, "showValue": "never", "rowHeight": 0.7, "legend": legend}
    looks = {"noValue": NOTHING, "mappings": there, "color": fixed(theme.RED), "custom": custom}
    calm = by_regexp("^(no alert|not scraped)", {"color": fixed(theme.DIM)})
    fields = _fields(theme.NONE, looks, [calm])
    return core.StateTimeline(
        **_common(number, title, place, description, [target]),
        extraJson={"options": options | {"tooltip": {"mode": "single", "sort": "none"}}, "fieldConfig": fields},
    )


def pie(
    number: int,
    title: str,
    place: Place,
    description: str,
    targets: Sequence[Target],
    *,
    unit: str,
    overrides: Sequence[Override] = (),
    transformations: Sequence[Override] = (),
    empty: str = NOTHING,
    legend: str = "right",
    values: Sequence[str] = ("percent",),
) -> core.PieChartv2:
    """Shares of a whole, one slice per row."""
    listed: dict[str, Any] = {"displayMode": "table", "placement": legend, "showLegend": True, "calcs": []}
    listed["values"] = [*values]
    options = {
        "reduceOptions": {"values": True, "calcs": ["lastNotNull"], "fields": "", "limit": 1000},
        "pieType": "donut",
        "legend": listed,
        "tooltip": {"mode": "single", "sort": "none"},
        "displayLabels": [],
    }
    tenths = {} if "value" in values else {"decimals": 1}
    fields = _fields(unit, {"noValue": empty, **tenths}, overrides)
    return core.PieChartv2(
        **_common(number, title, place, description, targets),
        transformations=list(transformations),
        extraJson={"options": options, "fieldConfig": fields},
    )


def column(number: Column, *, bar: bool = False) -> Override:
    """How a column of the report looks in a table; an empty cell is not in the log (see `empty_for_nan`)."""
    properties: dict[str, Any] = {
        "unit": number.unit,
        "decimals": 0 if number.unit == theme.COUNT else 1,
        "color": fixed(number.colour),
        "noValue": theme.NOT_LOGGED,
    }
    properties["custom.minWidth" if bar else "custom.width"] = number.width
    if bar:
        properties["min"] = 0
        properties["fieldMinMax"] = True
        properties["custom.cellOptions"] = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
    return by_name(number.title, properties)


def _override(matcher: str, options: str, properties: Properties) -> Override:
    values = [{"id": name, "value": value} for name, value in properties.items()]
    return {"matcher": {"id": matcher, "options": options}, "properties": values}


def _fields(unit: str, defaults: Properties, overrides: Sequence[Override]) -> dict[str, Any]:
    return {"defaults": {"unit": unit, **defaults}, "overrides": list(overrides)}


def _common(number: int, title: str, place: Place, description: str, targets: Sequence[core.Target]) -> dict[str, Any]:
    return {
        "id": number,
        "title": title,
        "description": description,
        "gridPos": _place(place),
        "targets": list(targets),
    }


def _place(place: Place) -> core.GridPos:
    x, y, width, height = place
    return core.GridPos(h=height, w=width, x=x, y=y)
