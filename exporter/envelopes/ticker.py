"""Reads stamps that differ from the one before only in their seconds, as nearly all of a stream do.

The beginnings of lines of the last minute are cached, and for a new one only the seconds are read: every line passes
here. Reading a whole stamp costs ten times as much.
"""

from typing import Final

from exporter.envelopes import stamps
from exporter.envelopes.stamps import Stamp
from exporter.envelopes.wall import Wall

Part = bytes | tuple[()]
NEVER: Final[Part] = ()  # no line starts or ends with one of none
SECONDS: Final = {b"%02d" % second: second for second in range(61)}


class Ticker:
    """The last stamp of a stream: `stamp` as UNIX seconds (None: there was none yet).

    `heads`: the stamps of lines that begin with these `size` bytes, up to the whole seconds.
    """

    def __init__(self, wall: Wall) -> None:
        self.wall = wall
        self.stamp: int | None = wall.last
        self.zoned = False
        self.heads: dict[bytes, int] = {}
        self.forget()

    def forget(self) -> None:
        """Read the next stamp completely: what is known of the stream has changed."""
        self.heads.clear()
        self.size = 0
        self._minute: Part = NEVER
        self._minute_start = 0

    def _learn(self, line: bytes, found: Stamp) -> None:
        """Cache the parts of the stamp that was `found` in `line`."""
        self.stamp = found.instant
        self.zoned = found.zoned
        self.size = found.seconds
        second = SECONDS.get(line[found.seconds - 2 : found.seconds])
        # In a doubled hour, the order of lines decides, for every line.
        is_kept = found.steady and second is not None
        self._minute = line[: found.seconds - 2] if is_kept else NEVER
        self._minute_start = found.instant - (second or 0)
        self.heads.clear()

    def tick(self, line: bytes) -> int | None:
        """The stamp of a line that differs from the last one read only in its seconds; None: it differs in more."""
        head = line[: self.size]
        second = SECONDS.get(head[-2:])
        if second is None or head[:-2] != self._minute:
            return None
        stamp = self.heads[head] = self._minute_start + second
        return stamp

    def _ticks(self, line: bytes) -> bool:
        """Whether the stamp of `line` differs from the last one only in its seconds; then it becomes the last."""
        stamp = self.heads.get(line[: self.size])
        if stamp is None:
            stamp = self.tick(line)
        if stamp is None:
            return False
        self.stamp = stamp
        return True


class Moments(Ticker):
    """Stamps that stand alone in a field."""

    def forget(self) -> None:
        super().forget()
        self._zone = b""
        self._length = 0

    def tell(self, moment: bytes) -> int | None:
        """The instant of `moment` (UNIX seconds); None: it is no stamp, or more than one."""
        # With a zone, the fraction may have any length; without one, it must have that of the last one.
        is_alike = moment.endswith(self._zone) if self._zone else len(moment) == self._length
        if is_alike and self._ticks(moment):
            return self.stamp
        self.wall.last = self.stamp
        found = stamps.find(moment, self.wall)
        if found is None or found.end != len(moment):
            return None
        self._learn(moment, found)
        self._zone = moment[found.fraction :]
        self._length = len(moment)
        return self.stamp
