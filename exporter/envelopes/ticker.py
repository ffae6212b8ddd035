"""What nearly all stamps of a stream share with the one before: everything but the seconds.

The last stamp is kept and compared, and where it differs, only the seconds are read: this is the hot path of all
that follows. To read a stamp anew costs ten times as much.
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

    The next line has the same one if it starts with `_head`.
    """

    def __init__(self, wall: Wall) -> None:
        self.wall = wall
        self.stamp: int | None = wall.last
        self.zoned = False
        self.forget()

    def forget(self) -> None:
        """Read the next stamp anew: what is known of the stream has changed."""
        self._head: Part = NEVER
        self._minute: Part = NEVER
        self._minute_start = 0
        self._digits = slice(0, 0)

    def _learn(self, line: bytes, found: Stamp) -> None:
        """Keep the parts of the stamp that was `found` in `line`."""
        self.stamp = found.instant
        self.zoned = found.zoned
        self._digits = slice(found.seconds - 2, found.seconds)
        second = SECONDS.get(line[self._digits])
        # In a doubled hour the order of lines decides, at every line.
        is_kept = found.steady and second is not None
        self._head = line[: found.seconds] if is_kept else NEVER
        self._minute = line[: found.seconds - 2] if is_kept else NEVER
        self._minute_start = found.instant - (second or 0)

    def _ticks(self, line: bytes) -> bool:
        """Whether the begin of `line` differs from the last stamp in nothing but seconds; then it is the last."""
        second = SECONDS.get(line[self._digits])
        if second is None or not line.startswith(self._minute):
            return False
        self._head = line[: self._digits.stop]
        self.stamp = self._minute_start + second
        return True


class Moments(Ticker):
    """Stamps that stand alone in a field."""

    def forget(self) -> None:
        super().forget()
        self._zone = b""
        self._length = 0

    def tell(self, moment: bytes) -> int | None:
        """The instant of `moment` (UNIX seconds); None: it is no stamp, or more than one."""
        # With a zone, fractions of any length are told from it; without one, only those of the same.
        is_alike = moment.endswith(self._zone) if self._zone else len(moment) == self._length
        if is_alike and (moment.startswith(self._head) or self._ticks(moment)):
            return self.stamp
        self.wall.last = self.stamp
        found = stamps.find(moment, self.wall)
        if found is None or found.end != len(moment):
            return None
        self._learn(moment, found)
        self._zone = moment[found.fraction :]
        self._length = len(moment)
        return self.stamp
