"""Whether events come in time: late ones, those of the future, and how late they are when they can be read."""

from exporter.periods import Calendar

# A stamp so far ahead of our clock is counted as one from the future: one of the two clocks is wrong.
FUTURE_SECONDS = 60
# It is booked on its own day all the same, as long as it is no further ahead of our clock and of the log than this:
# a damaged year would make rows that nobody asks for.
BELIEVED_SECONDS = 31 * 86_400
# The daemon looks several times a second; after a longer pause lines may have waited for it.
LOOKED_LATELY_SECONDS = 60


class Timeliness:
    """`late_events`: of earlier days when they came; `future_events`: from the future.

    `clock_skew_seconds`: our clock minus the stamp of the newest event that was read as soon as it was there; None:
    of none yet. What was written while nobody looked (a downtime, a ledger that could not be written) is no such.
    """

    def __init__(self, calendar: Calendar, late_events: int, future_events: int) -> None:
        self.late_events, self.future_events = late_events, future_events
        self.clock_skew_seconds: float | None = None
        self._calendar = calendar
        self._looked: float | None = None
        self._waiting_since = self._waited = 0.0

    def bounds(self, now: float | None) -> tuple[float, int]:
        """Stamps before the first are late, those after the second in the future."""
        if now is None:
            return 0, 1 << 62
        return self._calendar.day_start(self._calendar.day(int(now))), int(now) + FUTURE_SECONDS

    def count(self, stamp: int, limit: int, newest: int) -> int:
        """Count a stamp outside the bounds, `limit` being the second, `newest` the log's newest; the stamp to book."""
        if stamp > limit:
            self.future_events += 1
            return stamp if stamp <= max(limit, newest) + BELIEVED_SECONDS else max(limit - FUTURE_SECONDS, newest)
        self.late_events += 1
        return stamp

    def all_is_read(self, newest: int, now: float) -> int:
        """What comes after now is new. Returns the log's time: its newest stamp, and how long nothing came since.

        Our clock tells how long and nothing else: where it jumps (RTC before NTP), no time has gone by in the log.
        """
        passed = 0.0 if self._looked is None else min(max(now - self._looked, 0.0), LOOKED_LATELY_SECONDS)
        if newest != self._waiting_since:
            self._waiting_since, self._waited = newest, 0.0
        else:
            self._waited += passed
        self._looked = now
        return newest + int(self._waited)

    def see(self, now: float, newest: int) -> None:
        """Events were read up to the end of the input, the newest of this stamp."""
        if self._looked is not None and abs(now - self._looked) <= LOOKED_LATELY_SECONDS:
            self.clock_skew_seconds = now - newest
