"""Local days and hours: summer time both ways, days without a midnight, odd offsets, changes of zone."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.periods import QUARTER_HOUR, Calendar

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Pacific/Auckland",
    "Africa/Cairo",
    "America/Santiago",
    "Atlantic/Azores",
    "America/Havana",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Africa/Casablanca",
    "America/St_Johns",
]
BEGIN, END = 1_735_689_600, 1_830_297_600  # 2025 to 2027
DAY = 86_400


def calendar(zone: str) -> Calendar:
    """The calendar of one zone."""
    return Calendar([(0, ZoneInfo(zone))])


def at(text: str) -> int:
    """UNIX seconds of an ISO date and time in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@cache
def changes(zone: str) -> tuple[int, ...]:
    """The instants in these years at which the zone's offset changes."""
    tz = ZoneInfo(zone)
    return tuple(
        next(stamp for stamp in range(day, day + DAY + 1, QUARTER_HOUR) if offset(stamp, tz) != offset(day, tz))
        for day in range(BEGIN, END, DAY)
        if offset(day, tz) != offset(day + DAY, tz)
    )


def offset(stamp: int, zone: ZoneInfo) -> timedelta | None:
    """The offset from UTC at an instant."""
    return datetime.fromtimestamp(stamp, zone).utcoffset()


def quarters(zone: str) -> list[range]:
    """Every quarter near the zone's changes, and of three ordinary days."""
    return [range(change - 2 * DAY, change + 2 * DAY, QUARTER_HOUR) for change in (*changes(zone), BEGIN + 3 * DAY)]


@pytest.mark.parametrize(
    ("zone", "day", "start"),
    [
        ("UTC", "2026-11-22", "2026-11-22T00:00"),
        ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00"),
        ("Europe/Berlin", "2026-03-30", "2026-03-29T22:00"),
        ("Asia/Kolkata", "2026-11-22", "2026-11-21T18:30"),
        ("Asia/Kathmandu", "2026-11-22", "2026-11-21T18:15"),
        ("Pacific/Chatham", "2026-11-22", "2026-11-21T10:15"),
        # Midnight is skipped: the date begins at 01:00.
        ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00"),
        ("America/Santiago", "2026-09-06", "2026-09-06T04:00"),
        ("Atlantic/Azores", "2026-03-29", "2026-03-29T01:00"),
        ("Asia/Beirut", "2026-03-29", "2026-03-28T22:00"),
        # Midnight comes twice: the date begins at the first one.
        ("Atlantic/Azores", "2026-10-25", "2026-10-25T00:00"),
        ("America/Havana", "2026-11-01", "2026-11-01T04:00"),
        # The hour before midnight comes twice: the date begins after the second one.
        ("Africa/Cairo", "2026-10-30", "2026-10-29T22:00"),
        ("America/Santiago", "2026-04-05", "2026-04-05T04:00"),
    ],
)
def test_a_day_begins_at_the_first_instant_of_its_date(zone: str, day: str, start: str) -> None:
    """Also where the clock jumps over midnight or back to it; the second before belongs to the day before."""
    ordinal, instant, period = date.fromisoformat(day).toordinal(), at(start), calendar(zone)
    assert instant == period.day_start(ordinal)
    assert [ordinal - 1, ordinal] == [period.day(instant - 1), period.day(instant)]


def test_a_clock_that_goes_back_over_midnight_stays_in_the_new_date() -> None:
    """At 00:01 the clock went back to 23:01 (Newfoundland until 2011): the new date had begun."""
    period = calendar("America/St_Johns")
    midnight = at("2010-11-07T02:30")
    day = date(2010, 11, 7).toordinal()
    assert midnight == period.day_start(day)
    assert [day] * 8 == [period.day(midnight + quarter * 900) for quarter in range(8)]


@pytest.mark.parametrize("zone", ZONES)
def test_days_and_hours_go_forward_only(zone: str) -> None:
    """Quarter by quarter days rise by one, hours rise, and nothing begins after what it contains."""
    period = calendar(zone)
    for stamps in quarters(zone):
        assert {0, 1} == {period.day(after) - period.day(before) for before, after in pairwise(stamps)}
        hours = [period.hour(stamp) for stamp in stamps]
        assert all(before <= after for before, after in pairwise(hours))
        assert all(hour <= stamp < hour + 3600 for hour, stamp in zip(hours, stamps, strict=True))


@pytest.mark.parametrize("zone", ZONES)
def test_days_are_the_local_dates(zone: str) -> None:
    """Every quarter lies in the day of its local date, and starts of days agree with that."""
    period, tz = calendar(zone), ZoneInfo(zone)
    for stamp in (stamp for stamps in quarters(zone) for stamp in stamps):
        day = period.day(stamp)
        assert date.fromordinal(day) == datetime.fromtimestamp(stamp, tz).date()
        assert period.day_start(day) <= stamp < period.day_start(day + 1)


@pytest.mark.parametrize("zone", ZONES)
def test_hours_begin_with_the_local_hour(zone: str) -> None:
    """An hour begins when the local clock shows a full hour; a doubled hour is two."""
    period, tz = calendar(zone), ZoneInfo(zone)
    for stamp in (stamp for stamps in quarters(zone) for stamp in stamps):
        ahead = offset(stamp, tz)
        assert ahead is not None
        assert 0 == (period.hour(stamp) + ahead / timedelta(seconds=1)) % 3600


def test_the_doubled_hour_is_two_hours() -> None:
    """In the autumn night 02:00 to 03:00 comes twice, as two hours."""
    period = calendar("Europe/Berlin")
    first = at("2026-10-25T00:00")
    assert [first, first, first + 3600] == [period.hour(first + offset) for offset in (0, 3599, 3600)]
    assert (
        25
        == (period.day_start(date(2026, 10, 26).toordinal()) - period.day_start(date(2026, 10, 25).toordinal())) / 3600
    )


def test_a_quarter_is_never_split() -> None:
    """Offsets change at full quarters, so one look-up a quarter is enough; in every zone of these years."""
    for zone in ZONES:
        tz = ZoneInfo(zone)
        for change in changes(zone):
            assert offset(change - 1, tz) != offset(change, tz)


@given(
    st.sampled_from(ZONES), st.sampled_from(ZONES), st.integers(BEGIN // 86_400, END // 86_400 - 2), st.integers(0, 95)
)
def test_a_change_of_zone_keeps_days_in_order(old: str, new: str, utc_day: int, quarter: int) -> None:
    """Around a change at the new zone's next midnight days never fall, and a day's start lies in the day."""
    now = utc_day * 86_400 + quarter * 900
    after = Calendar([(0, ZoneInfo(new))])
    since = after.day_start(after.day(now) + 1)
    period = Calendar([(0, ZoneInfo(old)), (since, ZoneInfo(new))])
    days = [period.day(stamp) for stamp in range(since - 2 * 86_400, since + 2 * 86_400, QUARTER_HOUR)]
    if Calendar([(0, ZoneInfo(old))]).day(since - 1) <= after.day(since):
        assert {0, 1} >= {later - earlier for earlier, later in pairwise(days)}
        for day in set(days[96:-96]):
            assert day == period.day(period.day_start(day))
            assert day > period.day(period.day_start(day) - 1)


def test_before_the_first_zone_it_holds_too() -> None:
    """Lines older than the ledger belong to its first zone."""
    period = Calendar([(BEGIN, ZoneInfo("Asia/Kolkata"))])
    assert period.zone(BEGIN) is period.zone(0)
    assert period.day(BEGIN - 86_400) == calendar("Asia/Kolkata").day(BEGIN - 86_400)
