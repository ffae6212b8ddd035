"""Open connections by client address, for servers that log some lines with an address and nothing else."""

from collections.abc import Iterable

from exporter.sessions.session import Session

Place = tuple[str, bytes]


class Addresses:
    """Sessions that later lines may name by address only (`Fact.by_address`), newest last."""

    def __init__(self) -> None:
        self._sessions: dict[Place, list[Session]] = {}

    def add(self, session: Session) -> None:
        """Add a session, if its address is known."""
        if session.address is not None:
            self._sessions.setdefault((session.server, session.address), []).append(session)

    def find(self, server: str, address: bytes | None, *, before_login: bool) -> Session | None:
        """The session from `address` that a line without a known key belongs to.

        The newest open session that has not logged in. If there is none and not `before_login`: the newest open one,
        else the newest that has just ended.
        """
        sessions = self._sessions.get((server, address or b""), ())
        best = None
        rank = 0
        for session in sessions:
            found = 1 if session.ended else 2 if session.logged_in else 3
            if found >= rank:
                best, rank = session, found
        return None if before_login and rank < 3 else best  # noqa: PLR2004 - the ranks above

    def open(self, server: str, address: bytes | None, *, before_login: bool) -> Session | None:
        """Like `find`, but only open sessions."""
        found = self.find(server, address, before_login=before_login)
        return None if found is None or found.ended else found

    def keep(self, sessions: Iterable[Session]) -> None:
        """Forget all sessions except these."""
        self._sessions.clear()
        for session in sessions:
            if session.by_address:
                self.add(session)
