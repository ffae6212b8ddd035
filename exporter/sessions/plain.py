"""A fast path for plain lines: new logins, ends of logged-in sessions, and attempts and ends before a login.

Nearly every line of a busy log is one of these and needs no search, so the code is dense: tests/bench/lines.py,
tests/bench/attack.py.
"""

from collections.abc import Sequence
from typing import Any, Final

from exporter.catalogue import RECEIVED_BYTES, SENT_BYTES, Reason
from exporter.model import Account, Charge, Fact, Kind
from exporter.sessions.charging import ENDING, LOGIN_AMOUNTS, Resolve
from exporter.sessions.joins import TURNED_SECONDS
from exporter.sessions.keys import Keyed
from exporter.sessions.memory import MAX_WAITING, Place
from exporter.sessions.neighbours import Neighbours
from exporter.sessions.session import Session
from exporter.sessions.signs import Sign
from exporter.sessions.told import Told, names_itself, number_of_login

ACCOUNTS_KEPT: Final = 50_000

# Avoids the named tuple's own constructor, which is Python code.
_new: Any = tuple.__new__


class Plain(Keyed):
    """Takes plain lines without a Fact; with more than `max_open` open connections, the oldest is given up."""

    def __init__(
        self, resolve: Resolve, idle_seconds: int, max_open: int, neighbours: Neighbours[Any] | None = None
    ) -> None:
        super().__init__(resolve, idle_seconds)
        self._max_open = max_open
        self._neighbours: Neighbours[Any] = Neighbours() if neighbours is None else neighbours
        # Servers that another source logs for, too.
        self._shared: set[str] = set()
        self.form = ""
        # Servers whose login lines have no session id.
        self.without_ids: set[str] = set()
        self._told = Told(self.signs)
        # Whether the line at hand equals one that was taken before.
        self._is_alike = False
        # Whom a name that logged in is charged to: known names are forgotten by commits only.
        self._accounts: dict[tuple[str, bytes], Account] = {}

    def _plain(self, server: str, stamp: int, fact: Fact) -> Sequence[Charge] | None:
        """The charges for a plain line; None: the line is not plain, and nothing was changed."""
        kind, key = fact.kind, fact.key
        if (
            not key
            or not self._memory.keys.are_unique
            or fact.by_address
            or fact.reuses_key
            or fact.verb
            or fact.likely
        ):
            return None  # or it may be told again, which is to be seen from the line
        place = (server, key)
        if kind is Kind.FAILURE and fact.tentative:
            return self._try(place, stamp, fact)
        if kind is Kind.END and place not in self._memory.open:
            is_after = fact.tentative or fact.process or fact.ok is not None  # may come after a login
            return None if is_after else self._break_off(place, stamp, fact)
        charge = None
        if kind is Kind.END and not fact.bad_commands:
            reason = fact.reason or Reason.UNSPECIFIED
            charge = self.end(server, stamp, key, fact.process, reason, fact.received or 0, fact.sent or 0)
        elif kind is Kind.LOGIN and fact.user is not None and not fact.tentative and fact.reason is None:
            goes_on = fact.former is not None and (server, fact.former) in self._memory.open
            charge = None if goes_on else self.login(server, stamp, key, fact.user, fact.address, fact.process)
        return None if charge is None else (charge,)

    def login(  # noqa: PLR0917 - the hot path: keywords cost
        self, server: str, stamp: int, key: bytes, user: bytes, address: bytes | None, process: bytes | None
    ) -> Charge | None:
        """The charge for the login of `user` from `address`, served by `process`; None: not plain, nothing changed."""
        memory = self._memory
        is_made = not key
        if is_made:
            key = self._key_of_process(server, stamp, user, address, process)
        place = (server, key)
        if not key or not (is_made or self._is_new(place, stamp)):
            return None
        account = self._accounts.get((server, user)) or self._account(server, user)
        session = memory.open[place] = Session(server, key, stamp, stamp + self.idle_seconds)
        memory.touched.add(place)
        session.logged_in = True
        session.user = user
        session.address = address
        session.process = process
        session.account = account
        self.seen += 1
        self.charged += 1
        self.signs.logins[server] += 1
        if is_made:
            self._joins.add(session)
        charge: Charge = _new(Charge, (account, stamp, LOGIN_AMOUNTS, None, address or b"", None, 1))
        return charge

    def end(  # noqa: PLR0917 - the hot path
        self, server: str, stamp: int, key: bytes, process: bytes | None, reason: Reason, received: int, sent: int
    ) -> Charge | None:
        """The charge for the end of a charged session, with its bytes; None: not plain, nothing changed."""
        memory = self._memory
        place = (server, key)
        session = memory.open.get(place)
        if session is None and process and self._joins:
            session = self._served(place, stamp, process)
        if (
            session is None
            or session.account is None
            or session.refused is not None
            or session.quitting
            or session.closing is not None
            or (session.process != process and session.process and process)
            or stamp > session.deadline
            or self._has_double_keys
        ):
            return None
        if session.key != key:
            session.alias = key
            place = (server, session.key)
        amounts = ENDING[reason]
        if received > session.received:
            amounts += ((RECEIVED_BYTES, received - session.received),)
            session.received = received
        if sent > session.sent:
            amounts += ((SENT_BYTES, sent - session.sent),)
            session.sent = sent
        session.ended = True
        if stamp > session.last:  # noqa: PLR1730 - the hot path: max() takes three times as long
            session.last = stamp
        del memory.open[place]
        memory.touched.add(place)
        memory.linger(place, session)
        charge: Charge = _new(Charge, (session.account, stamp, amounts, reason, None, None, 1))
        return charge

    def _try(self, place: Place, stamp: int, fact: Fact) -> Sequence[Charge] | None:
        """A refused attempt of a connection that may be none yet; it charges nothing."""
        memory = self._memory
        session = memory.waiting.get(place)
        if self._is_elsewhere(place) or (session is not None and session.closing is not None):
            return None
        if session is None:
            if memory.has_told(place, stamp) or len(memory.waiting) >= MAX_WAITING:
                return None
            session = memory.waiting[place] = Session(*place, stamp, stamp)
            session.tentative = True
        self._hear(place, session, stamp, fact)
        self._failure(session, stamp, fact, [])
        return ()

    def _break_off(self, place: Place, stamp: int, fact: Fact) -> Sequence[Charge] | None:
        """The end of a connection that has not logged in."""
        memory = self._memory
        session = memory.waiting.get(place)
        if (
            self._is_elsewhere(place)
            or (session is not None and (session.closing is not None or session.logged_in))
            or (session is None and (stamp <= memory.forgotten_until or memory.has_told(place, stamp)))
        ):
            return None
        if session is None:
            session = Session(*place, stamp, stamp)
        else:
            del memory.waiting[place]
        session.tentative = False
        self._hear(place, session, stamp, fact)
        self.seen += 1
        memory.open[place] = session
        charges: list[Charge] = []
        self._end(session, stamp, fact, charges)
        return charges

    def _hear(self, place: Place, session: Session, stamp: int, fact: Fact) -> None:
        """A line of a connection that has not logged in."""
        self._told.see(place[0], stamp)
        session.touch(stamp, self.idle_seconds)
        self._memory.touched.add(place)
        if fact.address is not None:
            session.address = fact.address

    def _is_elsewhere(self, place: Place) -> bool:
        """Whether a connection with this key logged in, has ended, or may be another source's; or too many are open."""
        memory = self._memory
        return (
            place in memory.open
            or place in memory.lingering
            or (memory.given_up and place in memory.given_up)
            or (self._shared and place[0] in self._shared)
            or len(memory.open) >= self._max_open
        )

    def _is_new(self, place: Place, stamp: int) -> bool:
        """Whether this key is new, and no other line can belong to its connection."""
        memory, joins = self._memory, self._joins
        if (
            self._is_elsewhere(place)
            or (memory.waiting and place in memory.waiting)
            or joins.holds_all
            or joins.early
            or (stamp <= memory.newest_told + TURNED_SECONDS and memory.has_told(place, stamp))
        ):
            return False
        if self._neighbours.has_several_servers:
            self._look_elsewhere(place)
        return True

    def _key_of_process(
        self, server: str, stamp: int, user: bytes, address: bytes | None, process: bytes | None
    ) -> bytes:
        """A key of ours for a login whose line has no session id; empty: not plain, nothing changed."""
        if process is None:
            return b""
        joins, number = self._joins, number_of_login(server, stamp, user, address, process)
        if (
            joins.may_have(server, stamp, process, user)
            or self._told.has_number(number)
            or (self._shared and server in self._shared)
            or len(self._memory.open) >= self._max_open
        ):
            return b""
        self.without_ids.add(server)
        self._told.note_number(number)
        self._told.see(server, stamp)
        key = self._new_key(server, process)
        self._look_elsewhere((server, key))
        return key

    def _served(self, place: Place, stamp: int, process: bytes) -> Session | None:
        """The session that the process serves, and whose login had no session id; None: not plain, nothing changed."""
        server, key = place
        if self._memory.knows(place) or (self._shared and server in self._shared):
            return None
        self._told.see(server, stamp)
        return self._joins.served(server, process, key)

    def _look_elsewhere(self, place: Place) -> None:
        """A session id that another server has logged, too: a proxy and its back end, and both are counted."""
        if not (self._memory.keys.are_unique and self._neighbours.has_several_servers):
            return
        other = self._neighbours.elsewhere(*place)
        if other is not None:
            self.signs.count(place[0], Sign.TWICE)
            self.signs.twice_with[place[0]] = other

    def has_key(self, server: str, key: bytes) -> bool:
        """Whether a connection with this key is known."""
        return self._memory.knows((server, key))

    def has_told(self, server: str, stamp: int, fact: Fact) -> bool:
        """Whether this source has taken an equal line."""
        return self._told.has_equal(server, stamp, fact)

    def _is_told(self, server: str, stamp: int, fact: Fact) -> bool:
        """Whether the line is told again, here or by another source; else it is remembered.

        Lines with an id that is never used again are not: their sessions know.
        """
        self._is_alike = False
        if (fact.key and self._memory.keys.are_unique and not fact.mark) or (fact.tentative and not fact.key):
            return False
        others = self._neighbours.others(self, self.form, server) if server in self._shared else ()
        if any(other.has_told(server, stamp, fact) for other in others):
            return True
        if self._told.has_equal(server, stamp, fact):
            is_certain = fact.mark or (names_itself(fact) and not self._memory.keys.are_passed_on)
            if is_certain or self._told.is_read_again(server, stamp, fact):
                return True
            self._is_alike = True
        self._told.note(server, stamp, fact)
        return False

    def _account(self, server: str, user: bytes) -> Account:
        account = self._resolve(server, user, True)
        if len(self._accounts) >= ACCOUNTS_KEPT:
            self._accounts.clear()
        self._accounts[server, user] = account
        return account
