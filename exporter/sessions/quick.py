"""The two commonest lines of all, with what the general way would come to.

They are the login of a connection that nobody has heard of, and the end by QUIT of one that is logged in.
Dense, because nearly every line of a busy log is one of them: tests/bench/lines.py.
"""

from typing import Any, Final

from exporter.catalogue import RECEIVED_BYTES, SENT_BYTES, Reason
from exporter.model import Account, Charge
from exporter.sessions.charging import ENDING, LOGIN_AMOUNTS, Resolve
from exporter.sessions.keys import Keyed
from exporter.sessions.session import Session

ACCOUNTS_KEPT: Final = 50_000

# Without the named tuple's own constructor, which is Python code.
_new: Any = tuple.__new__


class Quick(Keyed):
    """Takes them without a Fact; `max_open`: beyond so many open connections the oldest is given up."""

    def __init__(self, resolve: Resolve, idle_seconds: int, max_open: int) -> None:
        super().__init__(resolve, idle_seconds)
        self._max_open = max_open
        # Whom a name that logged in is charged to: known names are forgotten by commits only.
        self._accounts: dict[tuple[str, bytes], Account] = {}

    def login(self, server: str, stamp: int, key: bytes, user: bytes, address: bytes) -> Charge | None:
        """The login of `user` from `address`; None: not so simple, and nothing was done."""
        memory = self._memory
        open_sessions, ghosts, waiting, place = memory.open, memory.ghosts, memory.waiting, (server, key)
        if (
            place in open_sessions
            or place in memory.lingering
            or (ghosts and place in ghosts)
            or (waiting and place in waiting)
            or self._users.is_used
            or len(open_sessions) >= self._max_open
        ):
            return None
        account = self._accounts.get((server, user)) or self._account(server, user)
        session = open_sessions[place] = Session(server, key, stamp, stamp + self.idle_seconds)
        memory.touched.add(place)
        session.logged_in = True
        session.user = user
        session.address = address
        session.account = account
        self.seen += 1
        self.charged += 1
        charge: Charge = _new(Charge, (account, stamp, LOGIN_AMOUNTS, None, address, None))
        return charge

    def quit(self, server: str, stamp: int, key: bytes, received: int, sent: int) -> Charge | None:
        """The end by QUIT, with the connection's bytes; None: not so simple, and nothing was done."""
        memory = self._memory
        place = (server, key)
        session = memory.open.get(place)
        if (
            session is None
            or session.account is None
            or session.refused is not None
            or session.closing is not None
            or stamp > session.deadline
        ):
            return None
        amounts = ENDING[Reason.LOGOUT]
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
        charge: Charge = _new(Charge, (session.account, stamp, amounts, Reason.LOGOUT, None, None))
        return charge

    def _account(self, server: str, user: bytes) -> Account:
        account = self._resolve(server, user, True)
        if len(self._accounts) >= ACCOUNTS_KEPT:
            self._accounts.clear()
        self._accounts[server, user] = account
        return account
