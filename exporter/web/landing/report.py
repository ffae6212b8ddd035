"""Today's numbers, and the report of the last days."""

from collections.abc import Sequence
from dataclasses import dataclass

from exporter.catalogue import (
    BAD_COMMAND_CONNECTIONS,
    BLOCKED_CONNECTIONS,
    CONNECTIONS,
    MEASURES,
    RECEIVED_BYTES,
    SENT_BYTES,
    TERMINATIONS,
    Quality,
    Scope,
)
from exporter.model import View
from exporter.web.landing.markup import Html, el, text
from exporter.web.landing.numbers import NOT_LOGGED, count, size
from exporter.web.site import ReportLine

# As in the terminal's report, worst first.
MARKS = {Quality.NONE: "*", Quality.ESTIMATED: "~", Quality.LOWER_BOUND: "≥"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the report: its title, its colour's class, and the measures it sums."""

    title: str
    colour: str
    measures: tuple[int, ...]

    def show(self, value: int) -> str:
        """A number with its unit."""
        return size(value) if self.colour == "bytes" else count(value)


COLUMNS = (
    Column("New connections", "connections", (CONNECTIONS,)),
    Column("Blocked connections", "blocked", (BLOCKED_CONNECTIONS,)),
    Column("Bad commands", "bad", (BAD_COMMAND_CONNECTIONS,)),
    Column("Terminations", "terminations", (TERMINATIONS,)),
    Column("Bandwidth", "bytes", (RECEIVED_BYTES, SENT_BYTES)),
)


def today(view: View, day: int) -> tuple[int | None, ...]:
    """What local date `day` has brought on all servers, by position in COLUMNS; None: in no server's log."""
    rows = view.rows.get(Scope.SERVER, {}).values()
    added = [[total - hold for total, hold in zip(row.totals, row.day_hold(day), strict=True)] for row in rows]
    return tuple(
        sum(amounts[measure] for amounts in added for measure in column.measures)
        if any(_is_logged(view, measure) for measure in column.measures)
        else None
        for column in COLUMNS
    )


def _is_logged(view: View, measure: int) -> bool:
    told = {quality for (_, _, name), quality in view.quality.items() if name == MEASURES[measure].name}
    return told != {Quality.NONE}


def tiles(view: View, values: Sequence[int | None]) -> Html:
    """One tile per column."""
    return el(
        "div",
        *(_tile(column, value, _mark(view, column)) for column, value in zip(COLUMNS, values, strict=True)),
        class_="tiles",
    )


def _mark(view: View, column: Column) -> str:
    """The worst that holds now of the column's measures at any server."""
    names = {MEASURES[measure].name for measure in column.measures}
    told = {quality for (_, _, name), quality in view.quality.items() if name in names}
    return next((mark for quality, mark in MARKS.items() if quality in told), "")


def _tile(column: Column, value: int | None, mark: str) -> Html:
    shown = NOT_LOGGED if value is None else marked(column.show(value), mark)
    number = el("b", shown, class_="none") if value is None else el("b", shown, title=count(value))
    return el("div", number, el("span", column.title), class_=f"tile {column.colour}")


def table(rows: Sequence[ReportLine]) -> Html:
    """The rows with a bar in each cell, as long as its share of the column's largest; below, what marks mean."""
    values = [row.values for row in rows]
    largest = [max((value or 0 for value in column), default=0) for column in zip(*values, strict=True)]
    head = el("tr", el("th", "Period"), *(el("th", column.title) for column in COLUMNS))
    body = (
        el("tr", el("th", row.label, scope="row"), *map(_cell, COLUMNS, numbers, row.marks, largest))
        for row, numbers in zip(rows, values, strict=True)
    )
    legend = dict.fromkeys(meaning for row in rows for meaning in row.legend)
    below = el("p", " · ".join(legend), class_="quiet") if legend else ""
    return text(el("div", el("table", el("thead", head), el("tbody", *body)), class_="card scroll"), below)


def _cell(column: Column, value: int | None, mark: str, largest: int) -> Html:
    if value is None:
        return el("td", NOT_LOGGED, class_="none")
    share = f"{100 * value / max(largest, 1):.1f}%"
    bar = el("svg", el("rect", width=share, height="100%", rx=2), aria_hidden="true")
    return el("td", text(marked(column.show(value), mark), bar), title=count(value), class_=column.colour)


def marked(number: str, mark: str) -> str:
    """The number with its mark where the terminal's report has it."""
    return f"{number}{mark}" if mark == "*" else f"{mark}{number}"
