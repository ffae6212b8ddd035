"""Applies facts to sessions, and turns them into charges."""

from collections.abc import Callable

from exporter.catalogue import (
    BAD_COMMAND_CONNECTIONS,
    BAD_COMMANDS,
    BLOCKED_CONNECTIONS,
    CONNECTIONS,
    LOGIN_FAILURES,
    LOGINS,
    RECEIVED_BYTES,
    SENT_BYTES,
    TERMINATIONS,
    End,
    Reason,
)
from exporter.model import Account, Charge, Fact, Kind
from exporter.sessions.addresses import Addresses
from exporter.sessions.joins import Joins
from exporter.sessions.memory import LINGER_SECONDS, Memory
from exporter.sessions.session import Session
from exporter.sessions.signs import Sign, Signs

Resolve = Callable[[str, bytes | None, bool], Account]
Amounts = tuple[tuple[int, int], ...]

LOGIN_AMOUNTS: Amounts = ((CONNECTIONS, 1), (LOGINS, 1))
_LATE_LOGIN: Amounts = ((LOGINS, 1),)
# These reasons, without a logged failure, mean that the credentials were right.
_ACCEPTED = frozenset((Reason.INTERNAL_ERROR, Reason.BACKEND_DOWN, Reason.CONNECTION_LIMIT, Reason.ACCOUNT_DISABLED))
_MEASURES_OF = {End.BLOCKED: BLOCKED_CONNECTIONS, End.TERMINATED: TERMINATIONS}
# What each reason adds to the charge for the end.
ENDING: dict[Reason, Amounts] = {
    reason: ((_MEASURES_OF[reason.end], 1),) if reason.end in _MEASURES_OF else () for reason in Reason
}
_QUIETLY = frozenset(reason for reason in Reason if reason.end in (End.ABORTED, End.UNKNOWN))


class Charging:
    """Applies facts to sessions; `seen` and `charged` count connections."""

    def __init__(self, resolve: Resolve, idle_seconds: int) -> None:
        self.seen = 0
        self.charged = 0
        self.idle_seconds = idle_seconds
        self._probes: Callable[[bytes], bool] | None = None
        self._resolve = resolve
        self._memory = Memory()
        self._addresses = Addresses()
        self._joins = Joins()
        self.signs = Signs()
        # Servers that log the begin of each connection.
        self._tells_begin: set[str] = set()
        self._handlers = {
            Kind.CONNECT: self._connect,
            Kind.LOGIN: self._login,
            Kind.FAILURE: self._failure,
            Kind.REFUSAL: self._refusal,
            Kind.BAD_COMMAND: self._bad_command,
            Kind.TRAFFIC: self._traffic,
            Kind.END: self._end,
        }

    def _connect(self, session: Session, stamp: int, fact: Fact, charges: list[Charge]) -> None:
        self._tells_begin.add(session.server)
        if fact.sent is not None:  # bytes of the greeting
            self._exchange(session, stamp, fact, charges)
        if fact.user is not None and not session.logged_in:
            session.user = fact.user
        if fact.by_address and not session.by_address:
            session.by_address = True
            self._addresses.add(session)

    def _login(self, session: Session, stamp: int, fact: Fact, charges: list[Charge]) -> None:
        was_left_out = session.ended and session.account is None  # taken for a probe, wrongly
        self.seen += was_left_out
        session.logged_in = True
        session.refused = fact.reason  # refusals before this login no longer count
        session.process = fact.process or session.process
        if session.tentative:
            session.user = fact.user
            return
        account = session.account
        if account is not None:  # the end came first, or the session was given up: already charged
            self._resolve(session.server, fact.user, True)
            charges.append(Charge(account, stamp, _LATE_LOGIN, None, session.address or b""))
            return
        if session.failed:
            session.accept(fact.user, stamp)
            self._charge_failures(session, stamp, charges)
        session.user = fact.user
        session.account = account = self._resolve(session.server, fact.user, True)
        self.charged += 1
        amounts: Amounts = LOGIN_AMOUNTS
        if session.bad_commands or session.received or session.sent:
            amounts += _pending(session)
        self.signs.logins[session.server] += 1
        charges.append(Charge(account, stamp, amounts, None, session.address or b""))
        self._joins.add(session)
        if session.early or was_left_out:
            session.early = False
            self._close(session, session.last, session.closing or Reason.UNSPECIFIED, charges)

    def _failure(self, session: Session, stamp: int, fact: Fact, charges: list[Charge]) -> None:
        if fact.tentative:  # from one of several password databases
            same, session.tried = session.is_same_attempt(stamp, fact.user), stamp
            if same:
                if fact.ok is None:
                    session.refuse_finally(fact.user)
                return
        count = max(fact.failures, 1)
        session.attempts += count
        if session.account is None:
            if fact.user is not None:
                session.user = fact.user
            session.fail(fact.user, count)
            if fact.ok is False and fact.user is not None:
                session.doubt(fact.user)
            self._count_after_all(session, charges)
        elif session.attempts > session.summed:  # else the end has counted it
            account = self._resolve(session.server, fact.user, False)
            failures = min(count, session.attempts - session.summed)
            charges.append(Charge(account, stamp, ((LOGIN_FAILURES, failures),), name=fact.user))

    def _refusal(self, session: Session, _stamp: int, fact: Fact, charges: list[Charge]) -> None:
        session.attempts += 1
        session.refused = fact.reason
        if fact.user is not None and session.account is None:
            session.user = fact.user
        self._count_after_all(session, charges)

    def _bad_command(self, session: Session, stamp: int, fact: Fact, charges: list[Charge]) -> None:
        amounts = _increase(session, max(fact.bad_commands, 1), fact.received, fact.sent)
        if session.account is not None:
            charges.append(Charge(session.account, stamp, amounts))

    def _exchange(self, session: Session, stamp: int, fact: Fact, charges: list[Charge]) -> None:
        """The bytes of commands and replies are their own, not the connection's total so far."""
        received = None if fact.received is None else session.received + fact.received
        sent = None if fact.sent is None else session.sent + fact.sent
        amounts = _increase(session, 0, received, sent)
        if amounts and session.account is not None:
            charges.append(Charge(session.account, stamp, amounts))

    def _traffic(self, session: Session, stamp: int, fact: Fact, charges: list[Charge]) -> None:
        amounts = _increase(session, 0, fact.received, fact.sent)
        if amounts and session.account is not None:
            charges.append(Charge(session.account, stamp, amounts))

    def _end(self, session: Session, stamp: int, fact: Fact, charges: list[Charge]) -> None:
        if fact.likely and session.key:
            session.likely = session.likely or fact.reason
            return
        if fact.verb:
            self._exchange(session, stamp, fact, charges)
        session.final = session.final or fact.reuses_key
        if session.tentative:
            session.closing = session.closing or fact.reason or Reason.UNSPECIFIED
            if fact.user is not None:
                session.user = fact.user
            session.deadline = stamp + LINGER_SECONDS
            _increase(session, fact.bad_commands - session.bad_commands, fact.received, fact.sent)
            return
        if session.ended:  # a second end line adds only its bytes
            self._traffic(session, stamp, fact, charges)
            return
        amounts = _increase(session, fact.bad_commands - session.bad_commands, fact.received, fact.sent)
        if session.account is None:
            amounts = ()
            _sum_up(session, stamp, fact)
        reason = session.closing or fact.reason or Reason.UNSPECIFIED
        self._close(session, stamp, reason, charges, amounts, known=fact.ok is True)

    def _close(
        self,
        session: Session,
        stamp: int,
        reason: Reason,
        charges: list[Charge],
        amounts: Amounts = (),
        *,
        known: bool = False,
    ) -> None:
        """Close the connection: charge what is not charged yet, and the end once."""
        if session.refused is not None and not known:
            reason = session.refused
        elif session.quitting and reason in _QUIETLY:
            reason = Reason.LOGOUT
        amounts = ENDING[reason] + amounts
        account = session.account
        if account is None and reason is not Reason.TLS_REQUIRED and self._is_probe(session):
            self._leave_out(session, reason)
            return
        if account is None:
            if session.failed:
                self._charge_failures(session, stamp, charges)
            session.account = account = self._resolve(session.server, session.user, False)
            self.charged += 1
            amounts = ((CONNECTIONS, 1), *amounts, *_pending(session))
        session.ended = True
        if reason is Reason.EXPIRED and session.logged_in:
            self.signs.count(session.server, Sign.EXPIRED)
        charges.append(Charge(account, stamp, amounts, reason))
        place = (session.server, session.key)
        if self._memory.open.pop(place, None) is not None:
            self._memory.linger(place, session)

    def _is_probe(self, session: Session) -> bool:
        """Whether connections from the address count only if they try to log in."""
        if self._probes is None or session.address is None or session.attempts or session.failed or session.user:
            return False
        return self._probes(session.address)

    def _leave_out(self, session: Session, reason: Reason) -> None:
        """A check by a load balancer or monitor: counted separately, and not charged."""
        self.seen -= 1
        session.closing = reason
        self.signs.count(session.server, Sign.PROBES)
        session.ended = True
        place = (session.server, session.key)
        if self._memory.open.pop(place, None) is not None:
            self._memory.linger(place, session)

    def _count_after_all(self, session: Session, charges: list[Charge]) -> None:
        """What was left out as a probe has tried to log in, as a line behind its end tells: it was none."""
        if session.ended and session.account is None:
            self.seen += 1
            self._close(session, session.last, session.closing or Reason.UNSPECIFIED, charges)

    def _charge_failures(self, session: Session, stamp: int, charges: list[Charge]) -> None:
        for name, count in (session.failed or {}).items():
            account = self._resolve(session.server, name, False)
            charges.append(Charge(account, stamp, ((LOGIN_FAILURES, count),), name=name))
        session.failed = None


def _sum_up(session: Session, stamp: int, fact: Fact) -> None:
    """The failed attempts that the end of an uncharged connection shows."""
    if fact.user is not None:
        session.user = fact.user
    if fact.failures > session.attempts:
        session.fail(session.user, fact.failures - session.attempts)
    elif fact.failures == 0 and fact.reason in _ACCEPTED:
        session.accept(session.user, stamp)
    session.summed = fact.failures


def _increase(session: Session, bad: int, received: int | None, sent: int | None) -> Amounts:
    """The increase in bad commands and bytes over what is known of the connection."""
    amounts: Amounts = ()
    if received is not None and received > session.received:
        amounts = ((RECEIVED_BYTES, received - session.received),)
        session.received = received
    if sent is not None and sent > session.sent:
        amounts += ((SENT_BYTES, sent - session.sent),)
        session.sent = sent
    if bad > 0:
        if not session.bad_commands:
            amounts += ((BAD_COMMAND_CONNECTIONS, 1),)
        amounts += ((BAD_COMMANDS, bad),)
        session.bad_commands += bad
    return amounts


def _pending(session: Session) -> Amounts:
    """The amounts collected before the connection was charged."""
    bad = session.bad_commands
    if not (bad or session.received or session.sent):
        return ()
    amounts = (
        (RECEIVED_BYTES, session.received),
        (SENT_BYTES, session.sent),
        (BAD_COMMAND_CONNECTIONS, 1 if bad else 0),
        (BAD_COMMANDS, bad),
    )
    return tuple(pair for pair in amounts if pair[1])
