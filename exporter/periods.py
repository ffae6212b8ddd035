"""Local days, hours and the steps of reports, in the site's time zone (design section 2).

A day begins at the first instant of its date, also where the clock jumps over midnight (Cairo, Santiago) or
back over it. Days are ordinals of dates, hours the UNIX time of their begin.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

# Zones change at multiples of a quarter of an hour UTC, so within one quarter day and hour are known.
QUARTER_HOUR = 900


class Calendar:
    """Which local day and hour an instant belongs to; `zones` are pairs (from instant, zone), ascending."""

    def __init__(self, zones: Sequence[tuple[int, ZoneInfo]]) -> None:
        self._since = [since for since, _ in zones]
        self._zones = [zone for _, zone in zones]
        self._days: dict[int, int] = {}
        self._hours: dict[int, int] = {}

    def zone(self, stamp: int) -> ZoneInfo:
        """The zone valid at `stamp`; the first one before its begin, too."""
        return self._zones[max(bisect_right(self._since, stamp) - 1, 0)]

    def day(self, stamp: int) -> int:
        """The ordinal of the local date that `stamp` belongs to."""
        quarter = stamp // QUARTER_HOUR
        day = self._days.get(quarter)
        if day is None:
            if len(self._days) > 100_000:  # noqa: PLR2004 - three years of quarters: bounded, and cheap to fill again
                self._days.clear()
            day = self._days[quarter] = self._day(quarter * QUARTER_HOUR)
        return day

    def hour(self, stamp: int) -> int:
        """The UNIX time at which the local hour of `stamp` began; a repeated hour is two hours."""
        quarter = stamp // QUARTER_HOUR
        hour = self._hours.get(quarter)
        if hour is None:
            if len(self._hours) > 100_000:  # noqa: PLR2004 - as above
                self._hours.clear()
            begin = quarter * QUARTER_HOUR
            hour = self._hours[quarter] = begin - (begin + self._offset(begin)) % 3600
        return hour

    def day_start(self, day: int) -> int:
        """The first instant of the date with ordinal `day` (UNIX seconds)."""
        midnight = datetime.combine(date.fromordinal(day), datetime.min.time())
        begin = int(midnight.replace(tzinfo=UTC).timestamp())
        for zone in dict.fromkeys((self.zone(begin - 86_400), self.zone(begin + 86_400))):
            start = int(midnight.replace(tzinfo=zone).timestamp())
            if self.zone(start) is zone:
                return start
        return int(midnight.replace(tzinfo=self.zone(begin)).timestamp())

    def _day(self, stamp: int) -> int:
        day = datetime.fromtimestamp(stamp, self.zone(stamp)).toordinal()
        # Where the clock goes back over midnight the new date has begun and stays.
        return day + 1 if self.day_start(day + 1) <= stamp else day

    def _offset(self, stamp: int) -> int:
        return utc_offset(self.zone(stamp), stamp)


def utc_offset(zone: ZoneInfo, stamp: int) -> int:
    """How far the zone's clock is ahead of UTC at an instant, in seconds."""
    offset = datetime.fromtimestamp(stamp, zone).utcoffset()
    return int((offset or timedelta()).total_seconds())


def smallest_offset(zone: ZoneInfo, stamp: int) -> int:
    """The smallest distance from UTC within 400 days of an instant, in seconds: that of winter."""
    return _smallest(zone, stamp // 86_400)


@lru_cache(maxsize=16)
def _smallest(zone: ZoneInfo, day: int) -> int:
    return min(utc_offset(zone, 86_400 * around) for around in range(day - 400, day + 401))


class Step(StrEnum):
    """The steps of the report."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"


@dataclass(frozen=True, slots=True)
class Period:
    """A day or longer: `label` as in reports, `first` and `last` local dates, both inside."""

    label: str
    first: date
    last: date

    @property
    def days(self) -> int:
        """How many dates it has."""
        return (self.last - self.first).days + 1


def period_of(day: date, step: Step) -> Period:
    """The day, ISO week, month or quarter that `day` lies in; hours are no periods of dates: ValueError."""
    match step:
        case Step.DAY:
            return Period(day.isoformat(), day, day)
        case Step.WEEK:
            monday = day - timedelta(days=day.weekday())
            year, week, _ = day.isocalendar()
            return Period(f"{year}-W{week:02}", monday, monday + timedelta(days=6))
        case Step.MONTH:
            return Period(f"{day:%Y-%m}", day.replace(day=1), _month_end(day.year, day.month))
        case Step.QUARTER:
            quarter = (day.month + 2) // 3
            first = date(day.year, 3 * quarter - 2, 1)
            return Period(f"{day.year}-Q{quarter}", first, _month_end(day.year, 3 * quarter))
        case Step.HOUR:
            raise ValueError("an hour is not a period of dates")


def _month_end(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
