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


def tiles(values: Sequence[int | None]) -> Html:
    """One tile per column."""
    return el("div", *(_tile(column, value) for column, value in zip(COLUMNS, values, strict=True)), class_="tiles")


def _tile(column: Column, value: int | None) -> Html:
    number = el("b", NOT_LOGGED, class_="none") if value is None else el("b", column.show(value), title=count(value))
    return el("div", number, el("span", column.title), class_=f"tile {column.colour}")


def table(rows: Sequence[ReportLine]) -> Html:
    """The rows with a bar in each cell, as long as its share of the column's largest."""
    largest = [
        max((value or 0 for value in column), default=0) for column in zip(*(row[1:] for row in rows), strict=True)
    ]
    head = el("tr", el("th", "Period"), *(el("th", column.title) for column in COLUMNS))
    body = (el("tr", el("th", row.label, scope="row"), *map(_cell, COLUMNS, row[1:], largest)) for row in rows)
    return el("div", el("table", el("thead", head), el("tbody", *body)), class_="card scroll")


def _cell(column: Column, value: int | None, largest: int) -> Html:
    if value is None:
        return el("td", NOT_LOGGED, class_="none")
    share = f"{100 * value / max(largest, 1):.1f}%"
    bar = el("svg", el("rect", width=share, height="100%", rx=2), aria_hidden="true")
    return el("td", text(column.show(value), bar), title=count(value), class_=column.colour)
