"""Where exported samples stand, against the windows of the dashboards' queries."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from dashboards.queries.terms import zone_values
from exporter.history.stamps import day_end, day_stamp, grid_stamp, hour_stamp
from exporter.periods import Calendar

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Africa/Cairo",
    "America/Santiago",
]
NOW = datetime(2026, 11, 22, tzinfo=UTC)
DAYS = range(date(2026, 1, 1).toordinal(), date(2026, 12, 31).toordinal())
NEVER = 1 << 62
NEAR = 2 * 3600  # seconds at the end of each day in which the queries look for holds


def calendar_of(zone: str) -> Calendar:
    """Days of a zone."""
    return Calendar([(0, ZoneInfo(zone))])


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_s_hold_lies_in_the_window_of_the_day(zone: str) -> None:
    """In the last hours of it, as they are fixed to the label; every day of a year."""
    calendar, west = calendar_of(zone), int(zone_values(zone, NOW)["$west"])
    for day in DAYS:
        label = (day - date(1970, 1, 1).toordinal()) * 86_400
        stamp, last = day_stamp(calendar, day, NEVER), label + 8 * 3600 + 58 * 60 + west
        assert stamp is not None
        assert last - NEAR < stamp <= last


@pytest.mark.parametrize("zone", ZONES)
def test_the_second_stamp_of_a_day_is_seen_by_a_look_every_six_hours(zone: str) -> None:
    """It lies on the grid, and inside the day."""
    calendar = calendar_of(zone)
    for day in DAYS:
        stamp = grid_stamp(calendar, day, NEVER)
        assert stamp is not None
        assert 0 == stamp % (6 * 3600)
        assert calendar.day_start(day) < stamp < day_end(calendar, day, NEVER)


@pytest.mark.parametrize("zone", ZONES)
def test_an_hour_s_hold_lies_in_its_window(zone: str) -> None:
    """Also where local hours begin at half past or a quarter to."""
    calendar, lead = calendar_of(zone), int(zone_values(zone, NOW)["$quarter"])
    begin = int(datetime(2026, 3, 20, tzinfo=UTC).timestamp())
    for label in range(begin, begin + 20 * 86_400, 3600):
        hour = calendar.hour(label + lead)
        stamp = hour_stamp(hour, NEVER)
        assert stamp is not None
        assert label + lead < stamp <= label + lead + 58 * 60


def test_nothing_stands_behind_the_clock() -> None:
    """The running day's hold stands at the clock as soon as a window would see it there."""
    calendar = calendar_of("Europe/Berlin")
    day = date(2026, 7, 1).toordinal()
    midnight = calendar.day_start(day)
    assert [None, midnight + 8_000, midnight + 80_400] == [
        day_stamp(calendar, day, midnight + seconds) for seconds in (0, 8_000, 86_000)
    ]
    assert grid_stamp(calendar, day, midnight + 3600) is None
    assert midnight + 3600 == day_end(calendar, day, midnight + 3600)
    assert [None, midnight + 60, midnight + 1800] == [
        hour_stamp(midnight, midnight + seconds) for seconds in (0, 60, 4000)
    ]
