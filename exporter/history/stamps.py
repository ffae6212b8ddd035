"""The timestamps of exported samples, chosen so that the queries of the dashboards find them.

A live exporter shows a hold all day long; the export writes it twice, so the instants have to lie inside the windows
in which the queries look for it (dashboards/queries/holds.py; a test holds the two together, zone by zone):

* of each day the last hours are read, up to one or two hours before it ends, with summer time and without;
* what Prometheus knows, and of which servers, is looked for every 6 hours (UTC).

Hence `day_stamp`, which the first sees, and `grid_stamp`, which the second does. What is known at the end of a day
(births, counters, the exporter's clock, quality) stands at `day_end`, the last second of it.
"""

from exporter.periods import Calendar

DAY_STAMP_SECONDS = 22 * 3_600 + 1_200
GRID_SECONDS = 6 * 3_600
NOON_SECONDS = 12 * 3_600
HALF_HOUR = 1_800


def day_stamp(calendar: Calendar, day: int, clock: int) -> int | None:
    """The timestamp of a day's hold; None if the day has not begun. No timestamp is after `clock`."""
    begin = calendar.day_start(day)
    stamp = min(begin + DAY_STAMP_SECONDS, clock)
    return stamp if stamp > begin else None


def grid_stamp(calendar: Calendar, day: int, clock: int) -> int | None:
    """The second timestamp of a day's hold: the multiple of 6 hours (UTC) next to noon."""
    noon = calendar.day_start(day) + NOON_SECONDS
    stamp = (noon + GRID_SECONDS // 2) // GRID_SECONDS * GRID_SECONDS
    return stamp if stamp <= clock else None


def day_end(calendar: Calendar, day: int, clock: int) -> int:
    """The timestamp of the state at the end of a day: its last second, or the clock on the current day."""
    return min(calendar.day_start(day + 1) - 1, clock)


def hour_stamp(hour: int, clock: int) -> int | None:
    """The timestamp of an hour's hold: half past; None if the hour has not begun."""
    stamp = min(hour + HALF_HOUR, clock)
    return stamp if stamp > hour else None
