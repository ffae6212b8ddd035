"""Which connection a line belongs to, where its key does not say so alone."""

from exporter.model import Fact, Kind
from exporter.sessions.charging import Charging, Resolve
from exporter.sessions.session import Session


class Keyed(Charging):
    """Finds keys by address and by user; `seen` counts the connections seen so far."""

    def __init__(self, resolve: Resolve, idle_seconds: int) -> None:
        super().__init__(resolve, idle_seconds)
        self.seen = 0

    def _key(self, server: str, stamp: int, fact: Fact) -> bytes | None:
        if fact.by_address and fact.kind is not Kind.CONNECT:
            return self._key_by_address(server, fact)
        if fact.by_user or (fact.kind is Kind.LOGIN and self._users.orphans):
            return self._key_by_user(server, stamp, fact)
        return fact.key

    def _key_by_address(self, server: str, fact: Fact) -> bytes | None:
        """The key of a line that may have to be found by its address."""
        key = fact.key
        if key is not None and ((server, key) in self._memory.open or (server, key) in self._memory.lingering):
            return key
        session = self._addresses.find(server, fact.address, before_login=key is not None)
        return key if session is None else session.key

    def _key_by_user(self, server: str, stamp: int, fact: Fact) -> bytes | None:
        """The key of a line that names its user only; a new one where it begins, or ends what nobody began."""
        users = self._users
        if not users.is_used:
            users.is_used = True
            users.keep(self._memory.living())
        session = users.orphan(server, fact.user, stamp) if fact.kind is Kind.LOGIN else users.find(server, fact)
        if session is not None:
            return session.key
        if fact.key is not None:
            return fact.key
        # No server's own key begins with NUL; `seen` grows with every new connection.
        return None if fact.user is None or fact.tentative else b"\0%b\0%d" % (fact.user, self.seen)


def nameless(user: bytes) -> bytes:
    """What is charged alike where no user has series: the domain."""
    at = user.rfind(b"@")
    return user[at:] if at >= 0 else b"?"


def is_another(session: Session, fact: Fact) -> bool:
    """Whether the key now means a new connection: a process id or number used again."""
    if session.final:
        return fact.kind is not Kind.TRAFFIC
    if fact.kind is Kind.CONNECT:
        return session.logged_in or session.ended
    return fact.kind is Kind.LOGIN and session.logged_in and session.refused is None
