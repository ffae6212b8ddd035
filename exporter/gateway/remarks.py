"""Why numbers of a report are not exact: the column Remarks, from the qualities at the end of the range."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from exporter.catalogue import MEASURES, Quality
from exporter.gateway.exempt import QUALITY
from exporter.reports.logged import judged, of_sum
from exporter.reports.rows import COLUMNS, Mark, ReportRow

# As long as the dashboards look back for the same.
WINDOW = "3h"
_WORST_FIRST = (Quality.NONE, Quality.ESTIMATED, Quality.LOWER_BOUND, Quality.EXACT)
Found = Sequence[frozenset[Quality]]


def query(servers: str, until: str) -> str:
    """The qualities of what these servers (a pattern) log, as PromQL."""
    labels = "source,server,measure,quality"
    return f'count by({labels})(last_over_time({QUALITY}{{server=~"{servers}"}}[{WINDOW}] @ {until}))'


def qualities(rows: Iterable[dict[str, Any]]) -> Found:
    """By position in COLUMNS, the qualities of the column in each log; of a measure with several, the worst."""
    logs: dict[tuple[str, str], dict[str, Quality]] = {}
    for row in rows:
        labels = row["metric"]
        if labels.get("quality") not in set(Quality) or "measure" not in labels:
            continue  # of a newer exporter, or of something else
        log = logs.setdefault((labels.get("source", ""), labels.get("server", "")), {})
        both = {Quality(labels["quality"]), log.get(labels["measure"], Quality.EXACT)}
        log[labels["measure"]] = next(quality for quality in _WORST_FIRST if quality in both)
    names = [[MEASURES[measure].name for measure in column.measures] for column in COLUMNS]
    return [
        frozenset(of_sum(parts) for log in logs.values() if (parts := [log[name] for name in wanted if name in log]))
        for wanted in names
    ]


def remarked(rows: Iterable[ReportRow], found: Found) -> tuple[ReportRow, ...]:
    """The rows with a mark at each number that is not exact."""
    return tuple(
        replace(row, marks=tuple(_mark(*pair) for pair in zip(row.values, found, strict=True))) for row in rows
    )


def _mark(value: int | None, qualities: frozenset[Quality]) -> Mark | None:
    return None if value is None else judged(value, qualities)[1]
