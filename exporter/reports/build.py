"""Reports from one or several ledgers: the numbers of the dashboards, without Prometheus."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from datetime import date

from exporter.catalogue import OTHER, UNKNOWN, Scope
from exporter.ledger.reading import Reading
from exporter.periods import Step
from exporter.reports import cells
from exporter.reports.books import Book
from exporter.reports.cells import Cell, Selection
from exporter.reports.notes import notes
from exporter.reports.rows import COLUMNS, By, FailedName, Mark, Report, ReportRow

# Common names of the first column.
ALIASES = {"connections": "new_connections"}


def report(
    ledgers: Sequence[Reading],
    *,
    by: By = By.TREND,
    step: Step = Step.DAY,
    first: date,
    last: date,
    domain: str | None = None,
    servers: Iterable[str] | None = None,
    sort: str | None = None,
    clock: float,
) -> Report:
    """What happened from local date `first` to `last`, inclusive, summed over the servers of all ledgers.

    By trend: a row for each period of `step` that has begun at `clock` and is not before the log, by time. By domain or
    user: a row for each that was born by then, the most connections first; `step` means nothing. `domain`: only it.
    `sort`: the name of a column instead (`sort_columns`); numbers fall, names rise. ValueError for an unknown one.
    """
    column = None if sort is None else _sort_column(sort, by)
    chosen = None if servers is None else frozenset(servers)
    with ExitStack() as stack:
        books = [Book(stack.enter_context(ledger.unmoving())) for ledger in ledgers]
        begin, end = first.toordinal(), min(last.toordinal(), _today(books, clock))
        hourly = by is By.TREND and step is Step.HOUR
        if by is not By.TREND:
            found = _without_idle_pseudo_names(
                cells.names(books, Selection(Scope(by.value), chosen, domain), begin, end)
            )
        elif hourly:
            found = cells.hours(books, Selection(_scope(domain), chosen, domain), begin, end, int(clock))
        else:
            found = cells.trend(books, Selection(_scope(domain), chosen, domain), step, begin, end)
        rows = _ordered([cell.row() for cell in found], by, column)
        told = tuple(notes(books, Selection(_scope(domain), chosen, domain), begin, end, hours=hourly))
    return Report(by, step, first, last, tuple(rows), _totals(found, rows), told)


def sort_columns(by: By) -> tuple[str, ...]:
    """What `sort` may be: the columns of the CSV in snake_case."""
    return (by.heading.lower(), *(column.name for column in COLUMNS))


def failed_names(
    ledgers: Sequence[Reading],
    *,
    first: date,
    last: date,
    domain: str | None = None,
    servers: Iterable[str] | None = None,
) -> tuple[FailedName, ...]:
    """Names of failed logins, most failures first; limited, the rest is `_other`."""
    chosen = None if servers is None else frozenset(servers)
    found: dict[str, FailedName] = {}
    for ledger in ledgers:
        for one in ledger.failed_names(first.toordinal(), last.toordinal()):
            if (chosen is None or one.server in chosen) and (domain is None or one.name.endswith(f"@{domain}")):
                old = found.get(one.name, FailedName(one.name, 0, one.last))
                found[one.name] = FailedName(one.name, old.failures + one.failures, max(old.last, one.last))
    return tuple(sorted(found.values(), key=lambda one: (-one.failures, one.name)))


def _scope(domain: str | None) -> Scope:
    return Scope.SERVER if domain is None else Scope.DOMAIN


def _without_idle_pseudo_names(found: list[Cell]) -> list[Cell]:
    """Leave out `unknown` and `_other` if unused: they exist for every server."""
    return [cell for cell in found if cell.label not in (UNKNOWN, OTHER) or any(cell.sums)]


def _today(books: Sequence[Book], clock: float) -> int:
    return max((book.calendar.day(int(clock)) for book in books), default=date.min.toordinal())


def _sort_column(sort: str, by: By) -> int:
    """The position of the named column; 0 is the label."""
    name = sort.strip().lower().replace(" ", "_").replace("-", "_")
    columns = sort_columns(by)
    if ALIASES.get(name, name) not in columns:
        raise ValueError(f"cannot sort by {sort!r}; columns: {', '.join(columns)}")
    return columns.index(ALIASES.get(name, name))


def _ordered(rows: list[ReportRow], by: By, column: int | None) -> list[ReportRow]:
    if by is By.TREND and not column:
        return rows
    if column is None:
        column = 1
    if column == 0:
        return sorted(rows, key=lambda row: row.label)

    def rank(row: ReportRow) -> tuple[bool, int, str]:
        value = row.values[column - 1]
        return value is None, -(value or 0), "" if by is By.TREND else row.label

    return sorted(rows, key=rank)


def _totals(found: Sequence[Cell], rows: Sequence[ReportRow]) -> ReportRow:
    values: list[int | None] = []
    marks: list[Mark | None] = []
    for index in range(len(COLUMNS)):
        shown = [row.values[index] for row in rows]
        known = [value for value in shown if value is not None]
        found_marks = {row.marks[index] for row in rows} | ({Mark.PARTIAL} if 0 < len(known) < len(shown) else set())
        values.append(sum(known) if known or not shown else None)
        marks.append(next((mark for mark in Mark if mark in found_marks), None))
    periods = [cell.period for cell in found if cell.period is not None]
    days = (sum(inside for inside, _ in periods), sum(whole for _, whole in periods)) if periods else None
    return ReportRow("Total", tuple(values), tuple(marks), days)
