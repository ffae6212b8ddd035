"""Which connection a line belongs to, and which lines are duplicates."""

from exporter.keys import ANY, Keys
from exporter.model import Fact, Kind
from exporter.sessions.charging import Charging, Resolve
from exporter.sessions.dialogue import is_accepted_again, is_before_login
from exporter.sessions.joins import TURNED_SECONDS, made_key
from exporter.sessions.memory import Place
from exporter.sessions.session import Session
from exporter.sessions.signs import Sign

_AFTER_LOGIN = frozenset((Kind.END, Kind.TRAFFIC, Kind.REFUSAL))
_OF_AN_ATTEMPT = frozenset((Kind.FAILURE, Kind.REFUSAL))
_BEFORE_THE_END = frozenset((Kind.FAILURE, Kind.REFUSAL, Kind.BAD_COMMAND))


class Keyed(Charging):
    """Finds keys by address, process and user."""

    def __init__(self, resolve: Resolve, idle_seconds: int) -> None:
        super().__init__(resolve, idle_seconds)
        # Whether two connections with one key were seen: a proxy and its back end on one host.
        self._has_double_keys = False
        # The number in the newest key that we made.
        self._newest_made = 0

    def _key(self, server: str, stamp: int, fact: Fact) -> bytes | None:
        """The key of the line's connection, a new one if it begins without; None: no connection, or no key."""
        if fact.likely and fact.kind is Kind.END:
            session = self._addresses.open(server, fact.address, before_login=fact.ok is False)
            return None if session is None else session.key
        if fact.by_address and fact.kind is not Kind.CONNECT:
            return self._key_by_address(server, fact)
        if fact.kind is Kind.LOGIN:
            return self._key_of_login(server, stamp, fact)
        if is_after_login(fact):
            return self._key_after_login(server, fact)
        return fact.key

    def _key_by_address(self, server: str, fact: Fact) -> bytes | None:
        """The key of a line whose connection may have to be found by its address."""
        key = fact.key
        if key is not None and ((server, key) in self._memory.open or (server, key) in self._memory.lingering):
            return key
        session = self._addresses.find(server, fact.address, before_login=key is not None)
        return key if session is None else session.key

    def _key_of_login(self, server: str, stamp: int, fact: Fact) -> bytes | None:
        joins = self._joins
        if fact.former is not None and fact.key is not None:
            self._memory.rename((server, fact.former), fact.key)
        early = joins.find_early(server, fact, stamp) if joins.early else None
        if early is not None:
            early.alias = fact.key or early.alias
            return early.key
        if fact.key or not (fact.by_user or fact.process):
            return fact.key
        told = joins.find(server, fact) if fact.process else None
        if told is not None and stamp <= told.last and is_same_login(told, fact):
            return told.key  # a process serves one login at a time: the line is a duplicate
        return self._new_key(server, fact.process or fact.user or b"")

    def _new_key(self, server: str, owner: bytes) -> bytes:
        """A key for a connection whose lines have none, not used by any connection that we know of."""
        while True:
            self._newest_made = max(self._newest_made + 1, self.seen)
            key = made_key(owner, self._newest_made)
            if not self._memory.knows((server, key)):
                return key

    def _keep_joins(self) -> None:
        """Lines are joined only to sessions that are known."""
        self._joins.keep((*self._memory.living(), *self._memory.waiting.values()))

    def _key_after_login(self, server: str, fact: Fact) -> bytes | None:
        """The line's own key if it is known, else by process or user; else its own, or for an end a new one."""
        key = fact.key
        if key and self._memory.knows(self._place(server, key, fact)):
            return key
        if not key and not self._joins.holds_all:
            self._joins.holds_all = True
            self._keep_joins()
        session = self._joins.find(server, fact)
        if session is not None:
            session.alias = key or session.alias
            return session.key
        if key or fact.kind is not Kind.END or fact.tentative:
            return key
        owner = fact.process or fact.user
        return self._new_key(server, owner) if owner else None

    def _place(self, server: str, key: bytes, fact: Fact) -> Place:
        """Where the connection with this key is; if two have it, the one with the line's process."""
        place = (server, key)
        process = fact.process
        if process is None:
            return place
        other = (server, b"%b\0%b" % (key, process))
        if self._has_double_keys and self._memory.knows(other):
            return other
        session = self._memory.get(place)
        if session is None or not self._is_another_process(session, process, fact):
            return place
        self._has_double_keys = True
        if fact.kind is Kind.LOGIN:
            self.signs.count(server, Sign.TWICE)
            self.signs.twice_with[server] = server
        return other

    def _is_another_process(self, session: Session, process: bytes, fact: Fact) -> bool:
        """Whether the line is of another connection than the session, which has the same key."""
        if session.process == process or fact.tentative:
            return False
        # A connection that has not logged in may still be passed on.
        return session.process is not None or (process == self._memory.keys.front and session.logged_in)


def is_after_login(fact: Fact) -> bool:
    """Whether only a connection that has logged in logs such a line, or its key may have to be found."""
    return (fact.ok is True and fact.kind in _AFTER_LOGIN) or fact.by_user


def nameless(user: bytes) -> bytes:
    """The part of a name that is charged if users get no series: the domain."""
    at = user.rfind(b"@")
    return user[at:] if at >= 0 else b"?"


def is_same_login(session: Session, fact: Fact) -> bool:
    """Whether a login line has nothing that the session's own login had not."""
    return (
        session.logged_in
        and session.refused is None
        and (fact.user is None or fact.user == session.user)
        and (fact.address is None or session.address is None or fact.address == session.address)
    )


def is_told_again(session: Session, stamp: int, fact: Fact, keys: Keys, *, is_alike: bool) -> bool:
    """Whether a line with the session's key is a duplicate of one that is known; `is_alike`: it equals one."""
    passed_on = keys.are_passed_on or fact.key == ANY
    if is_alike and (_is_copy(session, fact) if not passed_on else _is_copied_command(session, fact)):
        return True
    was_left_out = session.ended and session.account is None
    if fact.kind in _BEFORE_THE_END and session.ended and keys.are_unique and not was_left_out:
        return stamp < session.last
    if fact.kind is not Kind.LOGIN or session.early or not is_same_login(session, fact):
        return False
    return not session.ended or (keys.are_unique and stamp <= session.last + TURNED_SECONDS)


def _is_copy(session: Session, fact: Fact) -> bool:
    """Whether a line that equals an earlier one is no second event, because the connection is beyond it."""
    return session.ended or (session.logged_in and (fact.kind in _OF_AN_ATTEMPT or is_before_login(fact)))


def _is_copied_command(session: Session, fact: Fact) -> bool:
    """The same, if the next connection may have the same key at once: it begins after the end of this one."""
    return session.logged_in and not session.ended and is_before_login(fact)


def is_another(session: Session, fact: Fact) -> bool:
    """Whether the key now means a new connection, because a process id or number is used again."""
    if session.final:
        return fact.kind is not Kind.TRAFFIC
    if fact.kind is Kind.CONNECT:
        return session.logged_in or session.ended
    if is_before_login(fact):
        return session.ended or (session.logged_in and fact.ok is True)
    if is_accepted_again(session, fact):
        return True
    return fact.kind is Kind.LOGIN and session.logged_in and session.refused is None
