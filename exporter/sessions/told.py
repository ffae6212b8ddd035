"""Finds lines that are logged twice: by the logger, in another file, or in another source.

If ids of connections are never used again, the sessions find them (keys.py). Elsewhere, the second of two equal lines
of one second is a duplicate if their connection can have only one such line, or if it is clearly older than what was
read before, and so from another file. Other equal lines may be two events. They are counted, and how many come in pairs
is a sign for the truth monitor: if a logger writes each line twice, all do.
"""

from exporter.model import Fact, Kind
from exporter.sessions.joins import TURNED_SECONDS
from exporter.sessions.signs import Sign, Signs

# So many lines are remembered, twice.
LINES_KEPT = 32_768
# A connection has one line of these kinds, at most.
_ONCE = frozenset((Kind.CONNECT, Kind.LOGIN, Kind.END))


class Told:
    """The lines that were taken, by server, stamp and all that they say."""

    def __init__(self, signs: Signs) -> None:
        self._signs = signs
        self._lines: set[int] = set()
        self._older: set[int] = set()
        self._newest: dict[str, int] = {}
        # By server and stamp: how often each line was logged that nothing tells from a copy.
        self._pairs: dict[str, dict[int, dict[int, int]]] = {}

    def is_late(self, server: str, stamp: int) -> bool:
        """Whether newer lines of the server were read a while ago."""
        return stamp + TURNED_SECONDS < self._newest.get(server, 0)

    def has_equal(self, server: str, stamp: int, fact: Fact) -> bool:
        """Whether an equal line was taken before."""
        number = hash((server, stamp, fact))
        return number in self._lines or number in self._older

    def note(self, server: str, stamp: int, fact: Fact) -> None:
        """Remember a line that was taken."""
        number = hash((server, stamp, fact))
        if len(self._lines) >= LINES_KEPT:
            self._older, self._lines = self._lines, set()
        self._lines.add(number)
        if not names_itself(fact) and not self.is_late(server, stamp):
            pairs = self._pairs.setdefault(server, {}).setdefault(stamp, {})
            pairs[number] = pairs.get(number, 0) + 1

    def see(self, server: str, stamp: int) -> None:
        """Remember the newest stamp of the server."""
        if stamp > self._newest.get(server, 0):
            self._newest[server] = stamp
            if server in self._pairs:
                self._judge(server, stamp - TURNED_SECONDS)

    def _judge(self, server: str, until: int) -> None:
        """Count the lines of seconds before `until`, of which no more are expected."""
        pairs = self._pairs[server]
        for stamp in [one for one in pairs if one < until]:
            times = pairs.pop(stamp).values()
            alike = sum(number % 2 == 0 for number in times)
            self._signs.count(server, Sign.ALIKE, alike)
            self._signs.count(server, Sign.SINGLE, len(times) - alike)


def names_itself(fact: Fact) -> bool:
    """Whether no other line of the same second can say the same."""
    if fact.mark:
        return True
    return fact.kind in _ONCE and not fact.reuses_key and bool(fact.key or fact.process)
