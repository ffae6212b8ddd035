"""The two commonest lines of all, with what the general way would come to.

They are the login of a connection that nobody has heard of, and the end by QUIT of one that is logged in.
Dense, because nearly every line of a busy log is one of them: tests/bench/lines.py.
"""

from collections.abc import Sequence
from typing import Any, Final

from exporter.model import Account, Charge, Fact, Kind
from tests.oracle.sessions.charging import Resolve
from tests.oracle.sessions.joins import TURNED_SECONDS
from tests.oracle.sessions.keys import Keyed
from tests.oracle.sessions.memory import Place
from tests.oracle.sessions.neighbours import Neighbours
from tests.oracle.sessions.signs import Sign
from tests.oracle.sessions.told import Told

ACCOUNTS_KEPT: Final = 50_000

# Without the named tuple's own constructor, which is Python code.
_new: Any = tuple.__new__


class Quick(Keyed):
    """Takes them without a Fact; `max_open`: beyond so many open connections the oldest is given up."""

    def __init__(
        self, resolve: Resolve, idle_seconds: int, max_open: int, neighbours: Neighbours[Any] | None = None
    ) -> None:
        super().__init__(resolve, idle_seconds)
        self._max_open = max_open
        self._neighbours: Neighbours[Any] = Neighbours() if neighbours is None else neighbours
        # Servers that another source tells of, too.
        self._shared: set[str] = set()
        self.form = ""
        self._told = Told()
        # Whom a name that logged in is charged to: known names are forgotten by commits only.
        self._accounts: dict[tuple[str, bytes], Account] = {}

    def _take_quickly(self, place: Place, stamp: int, fact: Fact) -> Sequence[Charge] | None:
        """The two commonest lines, with what the general way would come to; None: another line.

        They are the login of a connection that nobody has heard of, and the end of one that is logged in.
        """
        if fact.kind is Kind.LOGIN:
            former = fact.former
            if fact.tentative or fact.by_address or fact.reason is not None or not self._is_new(place, stamp):
                return None
            if former is not None and (place[0], former) in self._memory.open:
                return None
            self.seen += 1
            return (self._new_login(place, stamp, fact),)
        session = self._memory.open.get(place)
        if (
            fact.kind is not Kind.END
            or session is None
            or session.account is None
            or session.refused is not None
            or session.quitting
            or session.closing is not None
            or (session.process != fact.process and session.process and fact.process)
            or fact.reuses_key
            or fact.verb
            or stamp > session.deadline
            or self._has_double_keys
        ):
            return None
        return (self._plain_end(place, session, stamp, fact),)

    def _is_new(self, place: Place, stamp: int) -> bool:
        """Whether nobody has heard of this key, and no other line can mean its connection."""
        memory, joins = self._memory, self._joins
        open_sessions = memory.open
        if (
            place in open_sessions
            or place in memory.lingering
            or (memory.given_up and place in memory.given_up)
            or (memory.waiting and place in memory.waiting)
            or joins.holds_all
            or joins.early
            or (self._shared and place[0] in self._shared)
            or stamp <= memory.newest_told + TURNED_SECONDS
            or len(open_sessions) >= self._max_open
        ):
            return False
        if self._neighbours.has_several_servers:
            self._look_elsewhere(place)
        return True

    def _look_elsewhere(self, place: Place) -> None:
        """A session id that another server has told, too: a proxy and its back end, both are counted."""
        if not (self._memory.keys_are_unique and self._neighbours.has_several_servers):
            return
        other = self._neighbours.elsewhere(*place)
        if other is not None:
            self.signs.count(place[0], Sign.TWICE)
            self.signs.twice_with[place[0]] = other

    def has_told(self, server: str, stamp: int, fact: Fact) -> bool:
        """Whether this source has taken a line without an id that is the same."""
        return self._told.has_equal(server, stamp, fact)

    def _is_told(self, server: str, stamp: int, fact: Fact) -> bool:
        """Whether a line without an id is told again, here or by another source; else it is remembered."""
        others = self._neighbours.others(self, self.form, server) if server in self._shared else ()
        if self._told.has(server, stamp, fact) or any(other.has_told(server, stamp, fact) for other in others):
            return True
        self._told.note(server, stamp, fact)
        return False

    def _account(self, server: str, user: bytes) -> Account:
        account = self._resolve(server, user, True)
        if len(self._accounts) >= ACCOUNTS_KEPT:
            self._accounts.clear()
        self._accounts[server, user] = account
        return account
