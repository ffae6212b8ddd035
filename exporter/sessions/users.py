"""Which open connections are a user's, for servers whose lines name some by their user only (Dovecot 2.2)."""

from collections.abc import Iterable

from exporter.model import Fact, Kind
from exporter.sessions.session import Session

Owner = tuple[str, bytes]

# Two processes write the two lines of a very short session, so its login may stand behind its end.
TURNED_SECONDS = 2


class Users:
    """Logged-in sessions by their user, oldest first; costs nothing until a line asks (`Fact.by_user`)."""

    def __init__(self) -> None:
        self.is_used = False
        # Ended by a line that named only their user, before a line of their login.
        self.orphans: dict[Owner, Session] = {}
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

    def orphan(self, server: str, user: bytes | None, stamp: int) -> Session | None:
        """The session that has just ended without the login which a line at `stamp` tells, if there is one."""
        session = self.orphans.pop((server, user or b""), None)
        return session if session is not None and abs(stamp - session.last) <= TURNED_SECONDS else None

    def keep(self, sessions: Iterable[Session]) -> None:
        """Forget all but these."""
        self._sessions.clear()
        self.orphans.clear()
        for session in sessions:
            if session.logged_in:
                self.add(session)
            elif session.ended and session.key[:1] == b"\0" and session.user is not None:
                self.orphans[session.server, session.user] = session
