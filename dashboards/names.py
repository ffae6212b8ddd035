"""Tables of servers, domains and users: a tile that names the busiest one holds the queries, the table shows its rows.

So the table's own source is the finished table, and its Inspect, Data, Download CSV gives that at the first click, not
the first of several queries; the rows are asked for once, whoever shows them.
"""

from collections.abc import Sequence

from grafanalib import core

from dashboards import frames, links, panels, theme
from dashboards.panels import Override, Place
from dashboards.report import Report
from dashboards.targets import PanelTarget, Target


def busiest(
    number: int,
    column: str,
    place: Place,
    targets: Sequence[Target],
    transformations: Sequence[Override],
    *,
    by: str = theme.NEW_CONNECTIONS.title,
    goal: str,
    carry_range: bool = True,
) -> core.Stat:
    """The name in the first row of the queries' table, a link to `goal`; `column`: of the names, `by`: it falls."""
    path = links.with_range(goal) if carry_range else goal
    return panels.stat(
        number,
        f"Busiest {column.lower()}",
        place,
        f"The first row of the table by {by.lower()}. Click to open it.",
        targets,
        unit=theme.NONE,
        options={
            "reduceOptions": {"calcs": ["firstNotNull"], "fields": f"/^{column}$/", "values": False},
            "textMode": "value",
            "justifyMode": "center",
            "colorMode": "none",
        },
        overrides=[panels.by_name(column, {"links": [{"title": "Open", "url": path, "targetBlank": False}]})],
        defaults={"noValue": "-"},
        transformations=[*transformations, frames.sorted_by(by, descending=True)],
    )


USER_TABLE = {
    theme.NEW_CONNECTIONS: 134,
    theme.BLOCKED: 100,
    theme.BAD_COMMANDS: 92,
    theme.TERMINATED: 100,
    theme.FAILED: 76,
}


def beside_users() -> list[Override]:
    """The numbers in a table of users, whose names need the most room: narrow, and without a filter."""
    numbers = panels.by_regexp(f"^({'|'.join(one.title for one in theme.USERS)})$", {"custom.filterable": False})
    return [numbers, *(panels.by_name(one.title, {"custom.width": width}) for one, width in USER_TABLE.items())]


def table(
    number: int,
    title: str,
    place: Place,
    description: str,
    *,
    source: int,
    shown: Report,
    overrides: Sequence[Override],
    totals: bool = True,
    empty: str = panels.NOTHING,
) -> core.Table:
    """The rows of the tile `source` with the columns of a report; `overrides`: how the names look."""
    return panels.table(
        number,
        title,
        place,
        f"{description} To download: panel menu, Inspect, Data, Download CSV.",
        [PanelTarget(source)],
        sort=(shown.columns[0].title, True),
        overrides=[*shown.looks(), shown.roomy(), *overrides],
        transformations=[frames.following("bounds")],
        totals=shown.titles if totals else (),
        empty=empty,
    )
