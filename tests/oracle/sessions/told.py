"""Lines without an id of their connection that are told a second time: by another file, or by another source."""

from exporter.model import Fact, Kind
from tests.oracle.sessions.joins import TURNED_SECONDS

# So many lines are remembered, twice.
LINES_KEPT = 16_384


class Told:
    """The logins and ends without a key that were taken.

    Two connections may have equal lines in one second. So one that equals another is told again if it names a process,
    which serves one connection at a time, or if it is clearly older than what was read before: of another file.
    """

    def __init__(self) -> None:
        self._lines: set[int] = set()
        self._older: set[int] = set()
        self._newest: dict[str, int] = {}

    def has(self, server: str, stamp: int, fact: Fact) -> bool:
        """Whether the line was taken before, and is the same one."""
        late = stamp + TURNED_SECONDS < self._newest.get(server, 0)
        return (late or fact.process is not None) and self.has_equal(server, stamp, fact)

    def has_equal(self, server: str, stamp: int, fact: Fact) -> bool:
        """Whether an equal line was taken before."""
        number = hash((server, stamp, fact))
        return number in self._lines or number in self._older

    def note(self, server: str, stamp: int, fact: Fact) -> None:
        """The line is taken."""
        if len(self._lines) >= LINES_KEPT:
            self._older, self._lines = self._lines, set()
        self._lines.add(hash((server, stamp, fact)))

    def see(self, server: str, stamp: int) -> None:
        """A line of the server was read."""
        if stamp > self._newest.get(server, 0):
            self._newest[server] = stamp


def is_nameless(fact: Fact) -> bool:
    """Whether only its own text tells a line from another one of its kind."""
    return not fact.key and (fact.by_user or fact.process is not None) and fact.kind in (Kind.LOGIN, Kind.END)
