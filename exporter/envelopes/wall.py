"""Converts the time on a wall clock, without zone and often without year, to instants.

The missing parts of a stamp come from elsewhere: the year from the date in the file's name, else from the file's own
age; which of the two hours of an autumn night from the order of the lines. Two things cannot be known: the year of
lines more than a year older than their file, and on which side of an hour's gap a quiet log's next line lies.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePath
from zoneinfo import ZoneInfo

from exporter.envelopes.months import months
from exporter.envelopes.order import Numbers, Order

# Lines of several processes may be out of order by this much, in seconds.
DISORDER = 120
# No line is newer than its file's age, except for clocks that differ by this much, in seconds.
SKEW = 300
# A stamp without a year is at most this long after its file's age (other clocks, other zones), else of the year before.
AHEAD = timedelta(days=2)

# Exchange's names are POP3YYYYMMDDHH-N.LOG.
_NAMED_DATE = re.compile(r"(?:(?<!\d)|(?<=POP3))(20\d\d|19\d\d)([-._]?)(0[1-9]|1[0-2])\2([0-2]\d|3[01])(?!\d{3})")


def named_date(name: str) -> date | None:
    """The date in a file's name (`2020.08.12-popLog.log`, `mail.log-20240301.gz`), if there is one."""
    found = _NAMED_DATE.search(PurePath(name.replace("\\", "/")).name)
    try:
        return date(int(found[1]), int(found[3]), int(found[4])) if found else None
    except ValueError:
        return None


class Wall:
    """The clock on the wall of the host that wrote a stream.

    `last`: the instant of the stream's previous line (None: unknown), which decides about a doubled hour. `near`: an
    instant that is known to be close (the stamp of the envelope around this one); it decides alone. `order`: of day and
    month in numeric dates.
    """

    def __init__(self, zone: ZoneInfo, last: int | None = None, order: Order | None = None) -> None:
        self.last = last
        self.near: int | None = None
        self.order = order or Order()
        self._languages: frozenset[int] = frozenset()
        self._zone = zone
        self._named: date | None = None
        self._reference = datetime(1970, 1, 1, tzinfo=UTC)
        self._limit = 0.0

    def begin(self, name: str, modified: float, now: float, ahead: Sequence[bytes] = ()) -> None:
        """Set what is known of the following lines: their file's name and age (0: none), our own clock, themselves."""
        self._named = named_date(name)
        self._limit = modified or now
        self._reference = _instant(self._limit, self._zone)
        self.order.begin(ahead, self.date())

    def date(self) -> date:
        """The date of stamps without one: from the name, else that of the file's age."""
        if self.near is not None:
            return _instant(self.near, self._zone).date()
        return self._named or self._reference.date()

    def numbered(self, numbers: Numbers, usual: str) -> tuple[int, int, int]:
        """Year, month and day of three numbers, in the order of the stream (order.py). ValueError: no date."""
        near = None if self.near is None else _instant(self.near, self._zone).date()
        day = self.order.read(numbers, near, usual)
        return day.year, day.month, day.day

    def month(self, name: bytes, day: int) -> int:
        """The month called `name` in any language. ValueError: it is none, or has no such day.

        If two months have the name: the languages of other names decide, else the month near the line before, else the
        newest one that is not later than the file's age.
        """
        known = months(name)
        spoken = [month for month, languages in known.items() if languages & self._languages] or list(known)
        days = {
            month: date(year, month, day)
            for month in spoken
            for year in (self.year(month, day, 0, 0),)
            if _exists(year, month, day)
        }
        if not days:
            raise ValueError(name)
        found = max(days, key=days.__getitem__)
        if len(days) > 1 and self.last is not None:
            before = _instant(self.last, self._zone).date()
            found = min(days, key=lambda month: abs(days[month] - before))
        if len(known) == 1:
            self._languages = (self._languages & known[found]) or known[found]
        return found

    def minutes(self, year: int | None, month: int, day: int, hour: int, minute: int) -> tuple[int, ...]:
        """The instants (UNIX seconds) at which the clock shows this: one, or two in a doubled hour, ascending.

        A time that summer time skips is that of a clock that was not put forward. ValueError: no such date.
        """
        if year is None:
            year = self.year(month, day, hour, minute)
        reading = datetime(year, month, day, hour, minute, tzinfo=self._zone)
        first = int(reading.timestamp())
        second = int(reading.replace(fold=1).timestamp())
        return (first, second) if first < second else (first,)

    def choose(self, minutes: tuple[int, ...], second: int) -> int:
        """The instant of a line, from `minutes` and the seconds of its stamp."""
        candidates = [minute + second for minute in minutes]
        if len(candidates) == 1:
            return candidates[0]
        if self.near is not None:
            return min(candidates, key=self._distance)
        first, later = candidates
        has_passed = self.last is not None and first < self.last - DISORDER
        return later if has_passed and (later <= self._limit + SKEW or not self._limit) else first

    def latest(self, hour: int, minute: int) -> tuple[int, ...]:
        """Like `minutes`, for a stamp with only a time of day."""
        day = self.date()
        minutes = self.minutes(day.year, day.month, day.day, hour, minute)
        if self.near is not None:
            return min((tuple(at + days * 86_400 for at in minutes) for days in (-1, 0, 1)), key=self._nearest)
        if self._named is None and self._limit and minutes[0] > self._limit + SKEW:
            day -= timedelta(days=1)
            return self.minutes(day.year, day.month, day.day, hour, minute)
        return minutes

    def _distance(self, stamp: int) -> int:
        return abs(stamp - (self.near or 0))

    def _nearest(self, minutes: tuple[int, ...]) -> int:
        return min(map(self._distance, minutes))

    def year(self, month: int, day: int, hour: int, minute: int) -> int:
        """The year of a stamp without: nearest to a known instant, else the last that the file's age allows."""
        close = self._named
        if self.near is not None:
            close = _instant(self.near, self._zone).date()
        if close is not None:
            years = [year for year in range(close.year - 4, close.year + 5) if _exists(year, month, day)]
            return min(years, key=lambda year: abs(date(year, month, day) - close)) if years else close.year
        # Naive on both sides: two days of tolerance cover the zone.
        bound = self._reference.replace(tzinfo=None) + AHEAD
        for year in range(bound.year, max(bound.year - 9, 1), -1):
            if _exists(year, month, day) and datetime(year, month, day, hour, minute) <= bound:  # noqa: DTZ001
                return year
        return bound.year


def _exists(year: int, month: int, day: int) -> bool:
    try:
        return bool(date(year, month, day))
    except ValueError:
        return False


def _instant(stamp: float, zone: ZoneInfo) -> datetime:
    # Hostile stamps and broken clocks must not raise: what a calendar cannot show counts as unknown.
    try:
        return datetime.fromtimestamp(min(max(stamp, 0), 250_000_000_000), zone)
    except (OverflowError, OSError, ValueError):
        return datetime(1970, 1, 1, tzinfo=zone)
