"""Where exported samples stand, against the windows of the dashboards' queries."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from dashboards.queries import Windows
from dashboards.queries.terms import DAY_WINDOW, HOUR_WINDOW, NEAR_WINDOW, SEARCH_WINDOW, SETTLING
from exporter.history.stamps import SEARCH_SECONDS, day_end, day_stamp, grid_stamp, hour_stamp
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
    "Antarctica/Troll",
]
NOW = datetime(2026, 11, 22, tzinfo=UTC)
DAYS = range(date(2026, 1, 1).toordinal(), date(2026, 12, 31).toordinal())
NEVER = 1 << 62


def calendar_of(zone: str) -> Calendar:
    """Days of a zone."""
    return Calendar([(0, ZoneInfo(zone))])


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_s_hold_lies_in_every_window_of_the_day(zone: str) -> None:
    """That of the steps, which is fixed to the label, and both that begin at midnight; every day of a year."""
    calendar, windows = calendar_of(zone), Windows.of(zone, NOW)
    for day in DAYS:
        label = (day - date(1970, 1, 1).toordinal()) * 86_400
        stamp = day_stamp(calendar, day, NEVER)
        assert stamp is not None
        assert label + windows.shift < stamp <= label + windows.shift + DAY_WINDOW
        midnight = calendar.day_start(day)
        assert midnight + SETTLING < stamp <= midnight + SETTLING + min(NEAR_WINDOW, DAY_WINDOW)
        # The windows of the days around it do not see it.
        assert stamp <= label + 86_400 + windows.shift
        assert label - 86_400 + windows.shift + DAY_WINDOW < stamp


@pytest.mark.parametrize("zone", ZONES)
def test_the_second_stamp_of_a_day_is_seen_by_a_look_every_six_hours(zone: str) -> None:
    """It lies on the grid, inside the day's own windows, and behind the first one."""
    calendar, windows = calendar_of(zone), Windows.of(zone, NOW)
    for day in DAYS:
        label = (day - date(1970, 1, 1).toordinal()) * 86_400
        first, stamp = day_stamp(calendar, day, NEVER), grid_stamp(calendar, day, NEVER)
        assert first is not None
        assert stamp is not None
        assert 0 == stamp % (6 * 3600)
        assert first < stamp <= label + windows.shift + DAY_WINDOW
        assert stamp < day_end(calendar, day, NEVER)


@pytest.mark.parametrize("zone", ZONES)
def test_an_hour_s_hold_lies_in_its_window(zone: str) -> None:
    """Also where local hours begin at half past or a quarter to."""
    calendar, windows = calendar_of(zone), Windows.of(zone, NOW)
    begin = int(datetime(2026, 3, 20, tzinfo=UTC).timestamp())
    for label in range(begin, begin + 20 * 86_400, 3600):
        hour = calendar.hour(label + windows.hour_lead)
        stamp = hour_stamp(hour, NEVER)
        assert stamp is not None
        assert label + windows.hour_lead < stamp <= label + windows.hour_lead + HOUR_WINDOW


def test_nothing_stands_behind_the_clock() -> None:
    """The running day's hold stands at the clock as soon as a window would see it there."""
    calendar = calendar_of("Europe/Berlin")
    day = date(2026, 7, 1).toordinal()
    midnight = calendar.day_start(day)
    assert [None, midnight + 8_000, midnight + 9_000] == [
        day_stamp(calendar, day, midnight + seconds) for seconds in (7_000, 8_000, 20_000)
    ]
    assert grid_stamp(calendar, day, midnight + 3600) is None
    assert midnight + 3600 == day_end(calendar, day, midnight + 3600)
    assert [None, midnight + 60, midnight + 1800] == [
        hour_stamp(midnight, midnight + seconds) for seconds in (0, 60, 4000)
    ]


def test_samples_of_the_same_value_are_near_enough() -> None:
    """The queries look for the next known hold that far ahead, with a change of the clock in between."""
    assert SEARCH_WINDOW - 7200 - SETTLING > SEARCH_SECONDS
