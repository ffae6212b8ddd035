"""Which open connections came from an address, for servers whose lines name some by their address only."""

from collections.abc import Iterable

from tests.oracle.sessions.session import Session

Place = tuple[str, bytes]


class Addresses:
    """Sessions whose first line said that later ones may give no key (`Fact.by_address`), newest last."""

    def __init__(self) -> None:
        self._sessions: dict[Place, list[Session]] = {}

    def add(self, session: Session) -> None:
        """Remember a session that has its address."""
        if session.address is not None:
            self._sessions.setdefault((session.server, session.address), []).append(session)

    def find(self, server: str, address: bytes | None, *, before_login: bool) -> Session | None:
        """The session from `address` that a line without a known key is about.

        The newest open one that is not logged in; unless `before_login`, else the newest open one, else the newest
        that has ended lately.
        """
        sessions = self._sessions.get((server, address or b""), ())
        best = None
        rank = 0
        for session in sessions:
            found = 1 if session.ended else 2 if session.logged_in else 3
            if found >= rank:
                best, rank = session, found
        return None if before_login and rank < 3 else best

    def open(self, server: str, address: bytes | None, *, before_login: bool) -> Session | None:
        """The newest open session from `address`, one that is not logged in first; `before_login`: only such a one."""
        found = self.find(server, address, before_login=before_login)
        return None if found is None or found.ended else found

    def keep(self, sessions: Iterable[Session]) -> None:
        """Forget all but these."""
        self._sessions.clear()
        for session in sessions:
            if session.by_address:
                self.add(session)
