"""One page of a report by domain or user. SQLite searches, sorts and pages, so that 20,000 users are not loaded.

The numbers are those of `report`; tests/reports/test_listing.py compares them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from exporter.catalogue import MEASURES, OTHER, SCOPES, UNKNOWN, Scope
from exporter.ledger.reading import Reading
from exporter.reports.books import Book
from exporter.reports.cells import Cell
from exporter.reports.rows import COLUMNS, By, ReportRow

Labels = tuple[str, ...]

NAME = 0  # to sort by name; otherwise a column's number, from 1
_SUMS = ", ".join(
    f"sum(after.{measure.name} - ifnull(start.{measure.name}, 0)) AS s{n}" for n, measure in enumerate(MEASURES)
)
_SORTS = ("name", *(" + ".join(f"s{measure}" for measure in column.measures) + " DESC" for column in COLUMNS))
_NEWEST = "(SELECT max(day) FROM book WHERE key = keys.id AND day {})"
_PAGE = """SELECT {label} AS name, count(*) OVER () AS number, {sums} FROM keys
    JOIN ({begins}) AS begins ON begins.server = keys.server
    CROSS JOIN book AS after ON after.key = keys.id AND after.day = {newest}
    LEFT JOIN book AS start ON start.key = keys.id AND start.day = {before}
    WHERE keys.scope = ? AND instr({label}, ?) AND (? IS NULL OR keys.domain = ?)
    GROUP BY {label} HAVING NOT ({label} IN ('{unknown}', '{other}') AND {nothing})
    ORDER BY {order}, name LIMIT ? OFFSET ?"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which names: of domains or users, that contain `search`, of one domain or all; `size` of them after `skipped`.

    `sort`: NAME, or the number of a column of the report, whose largest numbers come first.
    """

    by: By
    search: str = ""
    domain: str | None = None
    sort: int = 1
    skipped: int = 0
    size: int = 50


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of one page, and how many there are in all."""

    rows: tuple[ReportRow, ...]
    number: int


def listing(reading: Reading, wanted: Wanted, first: int, last: int) -> Listing:
    """What the names have added from day `first` to day `last` (ordinals), on all servers."""
    with reading.unmoving():
        book = Book(reading)
        found = _page(book, wanted, first, last)
        cells = {name: Cell(name, first, last, sums=list(sums)) for name, _, *sums in found}
        for name, server in _servers(book, wanted.by, tuple(cells)):
            kept = book.kept_days[server]
            cells[name].meet(book, book.servers[server], partly=first < kept, wholly=last < kept)
        return Listing(tuple(cell.row() for cell in cells.values()), found[0][1] if found else 0)


def _page(book: Book, wanted: Wanted, first: int, last: int) -> list[tuple[str, int, *tuple[int, ...]]]:
    label = f"keys.{wanted.by}"
    begins = [(server, max(first, kept)) for server, kept in book.kept_days.items()]
    statement = _PAGE.format(
        label=label,
        sums=_SUMS,
        begins=" UNION ALL ".join(["SELECT ? AS server, ? AS day"] * len(begins)) or "SELECT '' AS server, 0 AS day",
        newest=_NEWEST.format("<= ?"),
        before=_NEWEST.format("< begins.day"),
        nothing=" AND ".join(f"s{number} = 0" for number in range(len(MEASURES))),
        order=_SORTS[wanted.sort],
        unknown=UNKNOWN,
        other=OTHER,
    )
    values = [*(value for pair in begins for value in pair), last, SCOPES.index(Scope(wanted.by.value)), wanted.search]
    page = [wanted.domain, wanted.domain, wanted.size, wanted.skipped]
    return book.reading.connection.execute(statement, [*values, *page]).fetchall()


def _servers(book: Book, by: By, names: Sequence[str]) -> list[tuple[str, str]]:
    """The servers on which each of the names is known."""
    marks = ", ".join("?" * len(names))
    query = f"SELECT DISTINCT {by}, server FROM keys WHERE scope = ? AND {by} IN ({marks})"  # noqa: S608 - a label
    return book.reading.connection.execute(query, [SCOPES.index(Scope(by.value)), *names]).fetchall()
