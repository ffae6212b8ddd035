"""A source that stands behind another one: a proxy's back end, whose connections the proxy's log has told already.

It adds bytes and ends to the sessions of its front, never connections or logins (design section 0). Where both are
of one format they have the same session ids (Dovecot forwards them). Elsewhere, or where the front's log leaves the
ids out, only the user is the same, and bytes go to the account, unless the front tells bytes itself. So they do where
the front's session ended long ago.
"""

from collections.abc import Callable, Sequence

from exporter.model import Charge, Fact, Kind
from exporter.sessions.engine import Sessions
from exporter.sessions.keys import is_after_login

_ADDS = frozenset((Kind.END, Kind.TRAFFIC))
# So many lines that could be joined to nothing, and whose bytes the front tells, are no accident.
_MANY = 3


class Behind:
    """Hands a back end's lines to the sessions of `front`; `tells_bytes(server)`: its own lines tell bytes."""

    def __init__(self, front: Sessions, tells_bytes: Callable[[str], bool]) -> None:
        self._front = front
        self._tells_bytes = tells_bytes
        self._left_out = 0

    @property
    def problem(self) -> str:
        """What to settle where nothing of this source can be counted; empty: nothing."""
        if self._left_out < _MANY:
            return ""
        return (
            "adds nothing to the source that it stands behind, whose log has the bytes, and no session id that this log"
            " has too. Let the proxy log it (Dovecot: session=<%{session}> in login_log_format_elements), or remove"
            " this source. See docs/behind-a-proxy.md"
        )

    def take(self, form: str, stamp: int, fact: Fact) -> Sequence[Charge]:
        """What a line of the back end, whose format is `form`, adds to a connection that the front has told of."""
        front, servers = self._front, self._front.servers
        if fact.kind not in _ADDS or not is_after_login(fact) or not servers:
            return ()
        ended = False
        key = fact.key
        if key and form == front.form:
            # The process is the back end's own, and the front's is another one.
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
        """The server of the line's session, or where it is to wait for it; None: no session has such an id."""
        front, servers = self._front, self._front.servers
        if front.without_ids:
            return next((one for one in servers if front.has_key(one, fact.key or b"")), None)
        return next((one for one in servers if front.knows(one, fact)), servers[0])
