"""A source `behind` another one: the back end of a proxy whose log already has the connections.

It adds bytes and ends to the front's sessions, but never connections or logins. If both are of one format, they share
session ids (Dovecot forwards them). Otherwise, or if the front does not log the ids, only the user is the same: bytes
are then added to the account, unless the front logs bytes itself. The same applies if the front's session ended long
ago.
"""

from collections.abc import Callable, Sequence

from exporter.model import Charge, Fact, Kind
from exporter.sessions.engine import Sessions
from exporter.sessions.keys import is_after_login

_ADDS = frozenset((Kind.END, Kind.TRAFFIC))
# After so many lines that cannot be joined, while the front logs the bytes, it is not by accident.
_MANY = 3


class Behind:
    """Passes a back end's lines to the sessions of `front`; `tells_bytes(server)`: the front logs bytes itself."""

    def __init__(self, front: Sessions, tells_bytes: Callable[[str], bool]) -> None:
        self._front = front
        self._tells_bytes = tells_bytes
        self._left_out = 0

    @property
    def problem(self) -> str:
        """A problem and its remedy if nothing of this source can be counted, else empty."""
        if self._left_out < _MANY:
            return ""
        return (
            "none of its lines can be counted: the proxy's log already has the bytes, but not the session ids. Make the"
            " proxy log them (Dovecot: session=<%{session}> in login_log_format_elements), or remove this source. See"
            " docs/behind-a-proxy.md"
        )

    def take(self, form: str, stamp: int, fact: Fact) -> Sequence[Charge]:
        """What a line of the back end, whose format is `form`, adds to a connection of the front."""
        front, servers = self._front, self._front.servers
        if fact.kind not in _ADDS or not is_after_login(fact) or not servers:
            return ()
        ended = False
        key = fact.key
        if key and form == front.form:
            # The process is the back end's; the front has another one.
            fact = fact._replace(process=None, by_user=False, ok=True)
            ended = any(front.has_ended(one, key) for one in servers)
            if not ended and (server := self._place(fact)) is not None:
                self._left_out = 0
                return front.take(server, stamp, fact)
        for server in servers:
            if self._tells_bytes(server):
                self._left_out += not ended
            elif charges := front.add_bytes(server, stamp, fact):
                self._left_out = 0
                return charges
        return ()

    def _place(self, fact: Fact) -> str | None:
        """The server that has the line's session, or where the line waits for it; None: no session has such an id."""
        front, servers = self._front, self._front.servers
        if front.without_ids:
            return next((one for one in servers if front.has_key(one, fact.key or b"")), None)
        return next((one for one in servers if front.knows(one, fact)), servers[0])
