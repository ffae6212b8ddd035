"""The samples of one key: what scrapes at the chosen instants would have shown."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from exporter.history.stamps import day_end, day_stamp, grid_stamp, hour_stamp
from exporter.ledger.reading import Key
from exporter.periods import Calendar
from exporter.reports.books import Amounts, Book

Sample = tuple[int, Amounts]

# Users are many: the third kind of stamp once in so many days, and on the first one.
USER_GRID_DAYS = 7


@dataclass(frozen=True, slots=True)
class Span:
    """What is exported: days `first` to `last` (ordinals, both inside), nothing behind `clock` (UNIX seconds)."""

    first: int
    last: int
    clock: int


@dataclass(slots=True)
class Samples:
    """Stamp and values of all measures, ascending by stamp; `ends`: instants at which the key's birth is told."""

    day_holds: list[Sample] = field(default_factory=list)
    hour_holds: list[Sample] = field(default_factory=list)
    totals: list[Sample] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)


class Timetable:
    """Where the samples of each day stand; worked out once a day and not once a day and key."""

    def __init__(self, calendar: Calendar, clock: int) -> None:
        self._calendar = calendar
        self._clock = clock
        self._days: dict[int, tuple[int | None, int | None, int]] = {}

    def of(self, day: int) -> tuple[int | None, int | None, int]:
        """The stamp of the day's hold, the one on the grid, and the day's end."""
        stamps = self._days.get(day)
        if stamps is None:
            calendar, clock = self._calendar, self._clock
            stamps = day_stamp(calendar, day, clock), grid_stamp(calendar, day, clock), day_end(calendar, day, clock)
            self._days[day] = stamps
        return stamps


def samples(book: Book, key: Key, span: Span, timetable: Timetable, *, is_user: bool) -> Samples:
    """All samples of a key, from its birth on.

    Users have no hours, and their counter stands at the end of the last day only: no query of the dashboards reads
    the others, and they would double the file.
    """
    found = Samples()
    born = key.first_seen
    first = max(span.first, book.calendar.day(born), book.kept_days.get(key.labels[0], 0))
    for day, hold, total in _days(book, key, first, span.last):
        stamp, grid, end = timetable.of(day)
        if grid is not None and grid >= born and not (is_user and day != first and day % USER_GRID_DAYS):
            found.day_holds.append((grid, hold))
        if stamp is not None and stamp >= born and stamp != grid:
            found.day_holds.append((stamp, hold))
        if end >= born:
            found.ends.append(end)
            if day == span.last or not is_user:
                found.totals.append((end, total))
    if not is_user:
        found.hour_holds = [sample for sample in _hours(book, key, span) if sample[0] >= born]
    return found


def _days(book: Book, key: Key, first: int, last: int) -> Iterator[tuple[int, Amounts, Amounts]]:
    """Every day from `first` to `last` with the totals at its begin and at its end."""
    hold = book.reading.totals(key.id, before_day=first)
    rows = dict(book.reading.rows(key.id, first, last))
    for day in range(first, last + 1):
        total = rows.get(day, hold)
        yield day, hold, total
        hold = total


def _hours(book: Book, key: Key, span: Span) -> Iterator[Sample]:
    """The hold of every hour."""
    calendar = book.calendar
    end = calendar.hour(day_end(calendar, span.last, span.clock))
    hour = max(calendar.day_start(span.first), calendar.hour(key.first_seen), book.kept_hours.get(key.labels[0], 0))
    if hour > end:
        return
    hold = book.reading.totals(key.id, before_hour=hour)
    rows = dict(book.reading.rows(key.id, hour, end, hours=True))
    while hour <= end:
        yield from _hour(hour, hold, span.clock)
        hold = rows.get(hour, hold)
        hour = calendar.hour(hour + 3_600)


def _hour(hour: int, hold: Amounts, clock: int) -> Iterator[Sample]:
    stamp = hour_stamp(hour, clock)
    if stamp is not None:
        yield stamp, hold
