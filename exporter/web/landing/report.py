"""Today's numbers, and tables of the report's columns."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from exporter.catalogue import MEASURES, Quality, Scope
from exporter.model import View
from exporter.reports.logged import judged, of_sum
from exporter.reports.rows import COLUMNS, Mark, ReportRow
from exporter.web.landing.markup import Html, each, el, text
from exporter.web.landing.numbers import NOT_LOGGED, count, size


@dataclass(frozen=True, slots=True)
class Face:
    """The title of a report column, and the CSS class of its colour."""

    title: str
    colour: str

    def show(self, value: int) -> str:
        """A number with its unit."""
        return size(value) if self.colour == "bytes" else count(value)


# By position in COLUMNS.
FACES = (
    Face("New connections", "connections"),
    Face("Blocked connections", "blocked"),
    Face("Bad commands", "bad"),
    Face("Terminations", "terminations"),
    Face("Bandwidth", "bytes"),
)


def today(view: View, day: int) -> ReportRow:
    """The totals of local date `day`, of all servers."""
    rows = view.rows.get(Scope.SERVER, {}).values()
    added = [[total - hold for total, hold in zip(row.totals, row.day_hold(day), strict=True)] for row in rows]
    told = qualities(view)
    shown = [
        judged(
            sum(amounts[measure] for amounts in added for measure in column.measures),
            {of_sum(parts) for each_log in told if (parts := [each_log[m] for m in column.measures if m in each_log])},
        )
        for column in COLUMNS
    ]
    return ReportRow("Today", tuple(value for value, _ in shown), tuple(mark for _, mark in shown))


def qualities(view: View) -> list[dict[int, Quality]]:
    """The current quality by measure position, for each source and server."""
    positions = {measure.name: position for position, measure in enumerate(MEASURES)}
    logs: dict[tuple[str, str], dict[int, Quality]] = {}
    for (source, server, measure), quality in view.quality.items():
        logs.setdefault((source, server), {})[positions.get(measure, -1)] = quality
    return list(logs.values())


def tiles(row: ReportRow) -> Html:
    """One tile per column."""
    shown = zip(FACES, row.values, row.marks, strict=True)
    return el("div", *(_tile(*one) for one in shown), class_="tiles")


def _tile(face: Face, value: int | None, mark: Mark | None) -> Html:
    if value is None:
        number = el("b", NOT_LOGGED, class_="none")
    else:
        number = el("b", marked(face.show(value), mark), title=count(value))
    return el("div", number, el("span", face.title), class_=f"tile {face.colour}")


@dataclass(frozen=True, slots=True)
class Table:
    """The layout of a table.

    `heads`: of all columns, including numbers. `label`: the first cell of a row. `more`: cells after the
    numbers.
    """

    heads: Sequence[Html]
    label: Callable[[ReportRow], str]
    more: Callable[[ReportRow], Iterable[Html]] = lambda _: ()

    def html(self, rows: Sequence[ReportRow]) -> Html:
        """The rows, with a bar in each cell that shows its share of the column's maximum."""
        columns = zip(*(row.values for row in rows), strict=True)
        largest = [max((value or 0 for value in column), default=0) for column in columns]
        body = (
            el(
                "tr",
                el("th", self.label(row), scope="row"),
                *map(_cell, FACES, row.values, row.marks, largest),
                *self.more(row),
            )
            for row in rows
        )
        return el("div", el("table", el("thead", el("tr", *self.heads)), el("tbody", *body)), class_="card scroll")


def heads(first: str) -> list[Html]:
    """Headings of a table without sorting."""
    return [el("th", first), *(el("th", face.title) for face in FACES)]


def legend(rows: Iterable[ReportRow]) -> Html:
    """What the marks in these rows mean."""
    found = {mark for row in rows for mark in row.marks}
    meanings = [mark.meaning for mark in Mark if mark in found]
    return el("p", " · ".join(meanings), class_="quiet legend") if meanings else Html("")


def _cell(face: Face, value: int | None, mark: Mark | None, largest: int) -> Html:
    if value is None:
        return el("td", NOT_LOGGED, class_="none")
    share = f"{100 * value / max(largest, 1):.1f}%"
    bar = el("svg", el("rect", width=share, height="100%", rx=2), aria_hidden="true")
    return el("td", text(marked(face.show(value), mark), bar), title=count(value), class_=face.colour)


def marked(number: str, mark: Mark | None) -> str:
    """The number with its mark, both on one line."""
    return (mark.at(number) if mark else number).replace(" ", "\u00a0")


def notes(sentences: Iterable[str]) -> Html:
    """Notes about the numbers."""
    return each("p", tuple(sentences), class_="quiet")
