"""Finds duplicates among lines without a connection id: from another file, or from another source."""

from exporter.model import Fact, Kind
from exporter.sessions.joins import TURNED_SECONDS

# How many lines are remembered, twice.
LINES_KEPT = 16_384


class Told:
    """The logins and ends without a key that were taken.

    Two connections may have equal lines in one second. So an equal line is a duplicate only if it names a process,
    which serves one connection at a time, or if it is clearly older than what was read before, and so from another
    file.
    """

    def __init__(self) -> None:
        self._lines: set[int] = set()
        self._older: set[int] = set()
        self._newest: dict[str, int] = {}

    def has(self, server: str, stamp: int, fact: Fact) -> bool:
        """Whether the line is a duplicate of one taken before."""
        late = stamp + TURNED_SECONDS < self._newest.get(server, 0)
        return (late or fact.process is not None) and self.has_equal(server, stamp, fact)

    def has_equal(self, server: str, stamp: int, fact: Fact) -> bool:
        """Whether an equal line was taken before."""
        return self.has_number(number_of(server, stamp, fact))

    def has_number(self, number: int) -> bool:
        """Whether a line with this number was taken before."""
        return number in self._lines or number in self._older

    def note(self, number: int) -> None:
        """Remember the number of a line that was taken."""
        if len(self._lines) >= LINES_KEPT:
            self._older, self._lines = self._lines, set()
        self._lines.add(number)

    def see(self, server: str, stamp: int) -> None:
        """Remember the newest stamp of the server."""
        if stamp > self._newest.get(server, 0):
            self._newest[server] = stamp


def number_of(server: str, stamp: int, fact: Fact) -> int:
    """A number that equal lines have in common."""
    if fact.kind is Kind.LOGIN and not fact.trait and fact.reason is None:
        return number_of_login(server, stamp, fact.user, fact.address, fact.process)
    return hash((server, stamp, fact))


def number_of_login(server: str, stamp: int, user: bytes | None, address: bytes | None, process: bytes | None) -> int:
    """The same of a login, which says nothing else."""
    return hash((server, stamp, user, address, process))


def is_nameless(fact: Fact) -> bool:
    """Whether nothing but its text distinguishes a line from another one of its kind."""
    return not fact.key and (fact.by_user or fact.process is not None) and fact.kind in (Kind.LOGIN, Kind.END)
