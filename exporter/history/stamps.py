"""Where in time an exported sample stands, so that the dashboards' windows find it.

A live exporter shows a hold all day long; the export writes it once, so the instant has to lie inside every window
in which some query looks for it (dashboards/queries; a test holds the two together, zone by zone):

* steps look at 22 of a local day's hours. Their windows are fixed to 00:00 UTC of the date and to the zone's
  smallest offset, so with summer time they begin as much later as the clock was put forward (up to 2 hours);
* totals over thousands of users look at the first 3 hours after midnight and the 2 minutes the clock may be wrong;
* ranges longer than what Prometheus kept are begun with a look every 6 hours (UTC), 5 minutes back.

Hence `day_stamp`, which the first two see, and now and then `grid_stamp`, which the third does. What is known at the
end of a day (births, counters, the exporter's clock, quality) stands at `day_end`, the last second of it. Quality
stands at `day_stamp`, too: the queries take it for a scrape of the server.
"""

from exporter.periods import Calendar

DAY_STAMP_SECONDS = 9_000
# Before this a day's windows may not have begun.
DAY_WINDOW_BEGIN = 7_320
GRID_SECONDS = 6 * 3_600
NOON_SECONDS = 12 * 3_600
HALF_HOUR = 1_800
# How far a hold may be from the next sample of the same value: the third arm of the queries looks 4 days ahead.
SEARCH_SECONDS = 3 * 86_400


def day_stamp(calendar: Calendar, day: int, clock: int) -> int | None:
    """Where the hold of a day stands; None while no window sees it. Nothing stands behind `clock`."""
    begin = calendar.day_start(day)
    stamp = min(begin + DAY_STAMP_SECONDS, clock)
    return stamp if stamp > begin + DAY_WINDOW_BEGIN else None


def grid_stamp(calendar: Calendar, day: int, clock: int) -> int | None:
    """Where a day's hold stands once more: the multiple of 6 hours (UTC) that is next to its noon."""
    noon = calendar.day_start(day) + NOON_SECONDS
    stamp = (noon + GRID_SECONDS // 2) // GRID_SECONDS * GRID_SECONDS
    return stamp if stamp <= clock else None


def day_end(calendar: Calendar, day: int, clock: int) -> int:
    """Where the state at the end of a day stands: its last second, or the clock on the day that runs."""
    return min(calendar.day_start(day + 1) - 1, clock)


def hour_stamp(hour: int, clock: int) -> int | None:
    """Where the hold of an hour stands: half past; None if the hour has not begun."""
    stamp = min(hour + HALF_HOUR, clock)
    return stamp if stamp > hour else None
