"""Finds lines that are logged twice: by the logger, in another file, or in another source.

If ids of connections are never used again, the sessions find them (keys.py). Elsewhere, the second of two equal lines
of one second is a duplicate if their connection can have only one such line, or if clearly newer lines were read
between the two: it is in another file, or was sent again. Other equal lines may be two events. They are counted, and
how many come in pairs is a sign for the truth monitor: if a logger writes each line twice, all do.
"""

from exporter.keys import ANY
from exporter.model import Fact, Kind
from exporter.sessions.joins import TURNED_SECONDS
from exporter.sessions.signs import Sign, Signs

# So many lines are remembered, twice.
LINES_KEPT = 32_768
# How often the time of a log may go back until what was before the first time is forgotten.
TURNS_KEPT = 100
# A connection has one line of these kinds, at most.
_ONCE = frozenset((Kind.CONNECT, Kind.LOGIN, Kind.END))


class Told:
    """The lines that were taken, by server, stamp and all that they say."""

    def __init__(self, signs: Signs) -> None:
        self._signs = signs
        # When each line was taken, as a number of lines.
        self._lines: dict[int, int] = {}
        self._older: dict[int, int] = {}
        self._read = 0
        # By server: when a line was read that is newer than all behind it, and its stamp. One pair, if time never goes
        # back; no clock that was once ahead makes all later lines seem old.
        self._newest: dict[str, list[tuple[int, int]]] = {}
        # By server and stamp: how often each line was logged that looks the same as its copy.
        self._pairs: dict[str, dict[int, dict[int, int]]] = {}
        self._paired = 0

    def is_read_again(self, server: str, stamp: int, fact: Fact) -> bool:
        """Whether an equal line was taken before, and clearly newer ones were read since."""
        number = number_of(server, stamp, fact)
        taken = self._lines.get(number, self._older.get(number))
        if taken is None:
            return False
        since = (newest for read, newest in self._newest.get(server, ()) if read > taken)
        return next(since, stamp) > stamp + TURNED_SECONDS

    def has_equal(self, server: str, stamp: int, fact: Fact) -> bool:
        """Whether an equal line was taken before."""
        return self.has_number(number_of(server, stamp, fact))

    def has_number(self, number: int) -> bool:
        """Whether a line with this number was taken before."""
        return number in self._lines or number in self._older

    def note(self, server: str, stamp: int, fact: Fact) -> None:
        """Remember a line that was taken."""
        number = number_of(server, stamp, fact)
        self.note_number(number)
        if not names_itself(fact):
            self._pair(server, stamp, number)

    def note_number(self, number: int) -> None:
        """Remember the number of a line that was taken, and which names itself."""
        if len(self._lines) >= LINES_KEPT:
            self._older, self._lines = self._lines, {}
        self._lines[number] = self._read

    def see(self, server: str, stamp: int) -> None:
        """A line of the server was read."""
        self._read += 1
        newest = self._newest.get(server)
        if newest is None:
            newest = self._newest[server] = []
        turned = bool(newest) and newest[-1][1] != stamp
        while newest and newest[-1][1] <= stamp:
            newest.pop()
        newest.append((self._read, stamp))
        if len(newest) > TURNS_KEPT:
            del newest[0]
        if turned and server in self._pairs:
            self._judge(server, stamp)

    def _pair(self, server: str, stamp: int, number: int) -> None:
        if self._paired >= LINES_KEPT:  # in one second: they are judged before it is over
            for one in tuple(self._pairs):
                self._judge(one, None)
        times = self._pairs.setdefault(server, {}).setdefault(stamp, {})
        self._paired += number not in times
        times[number] = times.get(number, 0) + 1

    def _judge(self, server: str, now: int | None) -> None:
        """Count the lines of which no more are expected at `now`; None: all."""
        pairs = self._pairs[server]
        for stamp in [one for one in pairs if now is None or abs(now - one) > TURNED_SECONDS]:
            times = pairs.pop(stamp).values()
            self._paired -= len(times)
            alike = sum(number % 2 == 0 for number in times)
            self._signs.count(server, Sign.ALIKE, alike)
            self._signs.count(server, Sign.SINGLE, len(times) - alike)
        if not pairs:
            del self._pairs[server]


def names_itself(fact: Fact) -> bool:
    """Whether no other line of the same second can say the same."""
    if fact.mark:
        return True
    return fact.kind in _ONCE and not fact.reuses_key and bool(fact.key or fact.process) and fact.key != ANY


def number_of(server: str, stamp: int, fact: Fact) -> int:
    """A number that equal lines have in common."""
    user, address, process = fact.user, fact.address, fact.process
    if process and fact == Fact(Kind.LOGIN, None, user, address, by_user=True, process=process):
        return number_of_login(server, stamp, user, address, process)
    return hash((server, stamp, fact))


def number_of_login(server: str, stamp: int, user: bytes | None, address: bytes | None, process: bytes) -> int:
    """The same of a login line without a session id, which says nothing else."""
    return hash((server, stamp, user, address, process))
