"""Which open connections are a user's, for servers whose lines name some by their user only (Dovecot 2.2)."""

from collections.abc import Iterable

from exporter.model import Fact, Kind
from exporter.session import Session

Owner = tuple[str, bytes]


class Users:
    """Logged-in sessions by their user, oldest first; costs nothing until a line asks (`Fact.by_user`)."""

    def __init__(self) -> None:
        self.is_used = False
        self._sessions: dict[Owner, list[Session]] = {}

    def add(self, session: Session) -> None:
        """Remember a session that has just logged in."""
        if session.user is not None:
            self._sessions.setdefault((session.server, session.user), []).append(session)

    def find(self, server: str, fact: Fact) -> Session | None:
        """The session that `fact` is about: one from its address before others, open ones before ended ones.

        An end belongs to an open one only.
        """
        best = None
        rank = 0
        for session in self._sessions.get((server, fact.user or b""), ()):
            if session.ended and fact.kind is Kind.END:
                continue
            near = fact.address is not None and fact.address == session.address
            found = 1 + (not session.ended) + 2 * near
            if found > rank:
                best, rank = session, found
        return best

    def keep(self, sessions: Iterable[Session]) -> None:
        """Forget all but these."""
        self._sessions.clear()
        for session in sessions:
            if session.logged_in:
                self.add(session)
