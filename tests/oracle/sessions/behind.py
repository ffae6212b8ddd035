"""A source that stands behind another one: a proxy's back end, whose connections the proxy's log has told already.

It adds bytes and ends to the sessions of its front, never connections or logins (design section 0). Where both are
of one format they have the same session ids (Dovecot forwards them); elsewhere only the user is the same, and bytes
go to the account, unless the front tells bytes itself. So they do where the front's session ended long ago.
"""

from collections.abc import Callable, Sequence

from exporter.model import Charge, Fact, Kind
from tests.oracle.sessions.engine import Sessions
from tests.oracle.sessions.keys import is_after_login

_ADDS = frozenset((Kind.END, Kind.TRAFFIC))


class Behind:
    """Hands a back end's lines to the sessions of `front`; `tells_bytes(server)`: its own lines tell bytes."""

    def __init__(self, front: Sessions, tells_bytes: Callable[[str], bool]) -> None:
        self._front = front
        self._tells_bytes = tells_bytes

    def take(self, form: str, stamp: int, fact: Fact) -> Sequence[Charge]:
        """What a line of the back end, whose format is `form`, adds to a connection that the front has told of."""
        front = self._front
        if fact.kind not in _ADDS or not is_after_login(fact) or not front.servers:
            return ()
        if fact.key and form == front.form and not any(front.has_ended(one, fact.key) for one in front.servers):
            # The process is the back end's own, and the front's is another one.
            fact = fact._replace(process=None, by_user=False, ok=True)
            server = next((one for one in front.servers if front.knows(one, fact)), front.servers[0])
            return front.take(server, stamp, fact)
        for server in front.servers:
            if not self._tells_bytes(server) and (charges := front.add_bytes(server, stamp, fact)):
                return charges
        return ()
