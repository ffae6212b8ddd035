"""Rows under construction: which amounts of which ledgers belong to a period, domain or user."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from exporter.catalogue import MEASURES, ZERO, Quality, Scope
from exporter.ledger.reading import Key
from exporter.periods import Calendar, Step, period_of
from exporter.reports.books import HOUR, Amounts, Book
from exporter.reports.logged import judged
from exporter.reports.rows import COLUMNS, Column, ReportRow


@dataclass(frozen=True, slots=True)
class Selection:
    """A selection of keys: one scope, some servers (None: all), one domain (None: all)."""

    scope: Scope
    servers: frozenset[str] | None = None
    domain: str | None = None

    def has(self, server: str) -> bool:
        """Whether keys of the server are selected."""
        return self.servers is None or server in self.servers


@dataclass(slots=True)
class Cell:
    """Sums of all measures over days `first` to `last`, and the servers of each book whose logs they come from.

    `period`: how many of its days are inside the range and known, and how many it has. `dropped`: some book no longer
    has all of it.
    """

    label: str
    first: int
    last: int
    period: tuple[int, int] | None = None
    sums: list[int] = field(default_factory=lambda: [0] * len(MEASURES))
    servers: dict[Book, set[str]] = field(default_factory=dict)
    dropped: bool = False

    def meet(self, book: Book, key: Key, *, partly: bool, wholly: bool) -> None:
        """The log of the key's server counts from its first line on, even without activity.

        `partly`, `wholly`: the ledger has deleted a part of it, or all.
        """
        if book.calendar.day(key.first_seen) > self.last:
            return
        self.dropped |= partly
        if not wholly:
            self.servers.setdefault(book, set()).add(key.labels[0])

    def add(self, amounts: Amounts) -> None:
        """Add what a key has added."""
        self.sums = list(map(int.__add__, self.sums, amounts))

    def row(self) -> ReportRow:
        """The finished row."""
        shown = [
            judged(sum(self.sums[measure] for measure in column.measures), self._qualities(column))
            for column in COLUMNS
        ]
        return ReportRow(self.label, tuple(value for value, _ in shown), tuple(mark for _, mark in shown), self.period)

    def _qualities(self, column: Column) -> set[Quality]:
        found = {Quality.NONE} if self.dropped else set()
        for book, servers in self.servers.items():
            found |= book.logged.qualities(frozenset(servers), column, self.first, self.last) or {Quality.EXACT}
        return found


def trend(books: Sequence[Book], wanted: Selection, step: Step, first: int, last: int) -> list[Cell]:
    """A cell for each day, week, month or quarter from day `first` to day `last`, from the first day that is known.

    Earlier days have no cell, because they are unknown.
    """
    cells: dict[str, Cell] = {}
    where: dict[int, Cell] = {}
    selected = list(_selected(books, wanted))
    known = min((book.first_day(key.labels[0]) for book, key in selected), default=_quiet(books, wanted, last + 1))
    for day in range(max(first, known), last + 1):
        period = period_of(date.fromordinal(day), step)
        begin, end = max(period.first.toordinal(), first), min(period.last.toordinal(), last)
        cell = Cell(period.label, begin, end, (end - max(begin, known) + 1, period.days))
        where[day] = cells.setdefault(period.label, cell)
    for book, key in selected:
        kept = book.kept_days.get(key.labels[0], 0)
        for cell in cells.values():
            cell.meet(book, key, partly=cell.first < kept, wholly=cell.last < kept)
        for day, amounts in book.days(key, first, last):
            where[day].add(amounts)
    return list(cells.values())


def hours(books: Sequence[Book], wanted: Selection, first: int, last: int, clock: int) -> list[Cell]:
    """A cell for each hour of days `first` to `last` that has begun at `clock` and is known, by time."""
    cells: dict[int, Cell] = {}
    selected = list(_selected(books, wanted))
    known = min((book.first_hour(key.labels[0]) for book, key in selected), default=clock + 1)
    for book in books:
        for hour, label, day in _hours_between(book.calendar, first, last, clock):
            if hour >= known:
                cells.setdefault(hour, Cell(label, day, day))
    if not cells:
        return []
    begin, end = min(cells), max(cells)
    for book, key in selected:
        kept = book.kept_hours.get(key.labels[0], 0)
        for hour, cell in cells.items():
            cell.meet(book, key, partly=hour < kept, wholly=hour < kept)
        for hour, amounts in book.hours(key, begin, end):
            if hour in cells:
                cells[hour].add(amounts)
    return [cells[hour] for hour in sorted(cells)]


def names(books: Sequence[Book], wanted: Selection, first: int, last: int) -> list[Cell]:
    """A cell for each domain or user that existed on day `last`; without a selected domain, users by name."""
    cells: dict[str, Cell] = {}
    added = {
        (book, server): book.growth(wanted.scope, server, first, last)
        for book in books
        for server in book.servers
        if wanted.has(server)
    }
    for book, key in _selected(books, wanted):
        if book.calendar.day(key.first_seen) <= last:
            cell = cells.setdefault(key.labels[-1], Cell(key.labels[-1], first, last))
            kept = book.kept_days.get(key.labels[0], 0)
            cell.meet(book, key, partly=first < kept, wholly=last < kept)
            cell.add(added[book, key.labels[0]].get(key.id, ZERO))
    return list(cells.values())


def _quiet(books: Sequence[Book], wanted: Selection, never: int) -> int:
    """The day of the newest line of servers without connections: up to that day, 0 is correct."""
    return min(
        (
            book.calendar.day(stamp)
            for book in books
            for server, stamp in book.unborn.items()
            if wanted.scope is Scope.SERVER and wanted.has(server)
        ),
        default=never,
    )


def _selected(books: Sequence[Book], wanted: Selection) -> Iterator[tuple[Book, Key]]:
    for book in books:
        for key in book.reading.keys(wanted.scope, domain=wanted.domain):
            if wanted.has(key.labels[0]):
                yield book, key


def _hours_between(calendar: Calendar, first: int, last: int, clock: int) -> Iterator[tuple[int, str, int]]:
    """Begin, label and day of every hour that has begun."""
    if first > last:
        return
    hour, end = calendar.hour(calendar.day_start(first)), min(calendar.day_start(last + 1), clock + 1)
    while hour < end:
        yield hour, datetime.fromtimestamp(hour, calendar.zone(hour)).isoformat(), calendar.day(hour)
        hour = calendar.hour(hour + HOUR)
