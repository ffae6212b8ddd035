"""Joins the lines of one connection and charges it once (design section 3, "Charging").

At every moment connections seen = charged + pending. A connection is charged at its login, else at its end,
else when it is given up; what comes later goes to the same account.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from exporter.addresses import Addresses
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
from exporter.dialogue import translate
from exporter.model import Account, Charge, Fact, Kind, SavedSession
from exporter.session import Intern, Session, load
from exporter.users import Users

Resolve = Callable[[str, bytes | None, bool], Account]
Place = tuple[str, bytes]
Amounts = tuple[tuple[int, int], ...]

# Lines of other processes may come after the end (Cyrus' audit line, Dovecot's `Logged in:` of a very short session).
LINGER_SECONDS = 30
# A session given up without an end may still write it: a download of hours has no line in between.
GHOST_SECONDS = 86_400
# After a server's start its old sessions have this long to write their ends (Dovecot: up to 30 s were seen).
RESTART_SECONDS = 90
MAX_OPEN = 100_000
MAX_WAITING = 10_000
MAX_LINGERING = 4_096
MAX_GHOSTS = 10_000
# Sessions are searched for expired ones this often, in log time.
SCAN_SECONDS = 30

_LOGIN: Amounts = ((CONNECTIONS, 1), (LOGINS, 1))
_LATE_LOGIN: Amounts = ((LOGINS, 1),)
# A process that serves one connection after the other ends for these also when it serves none.
_LEAVING = frozenset((Reason.SHUTDOWN, Reason.KILLED))
# With these, and no failure told, the credentials were right.
_ACCEPTED = frozenset((Reason.INTERNAL_ERROR, Reason.BACKEND_DOWN, Reason.CONNECTION_LIMIT, Reason.ACCOUNT_DISABLED))
_ENDS = {End.BLOCKED: BLOCKED_CONNECTIONS, End.TERMINATED: TERMINATIONS}


class Sessions:
    """The open connections of one source, with bounded memory; keys are scoped by server.

    `resolve(server, name as logged, whether it just logged in)` gives the account to be charged.
    """

    def __init__(self, resolve: Resolve, idle_seconds: int, *, max_open: int = MAX_OPEN) -> None:
        self.seen = 0
        self.charged = 0
        self.overflowed = 0
        self._resolve = resolve
        self._idle = idle_seconds
        self._max_open = max_open
        self._open: dict[Place, Session] = {}
        self._waiting: dict[Place, Session] = {}
        self._lingering: dict[Place, Session] = {}
        self._ghosts: dict[Place, Session] = {}
        self._addresses = Addresses()
        self._users = Users()
        self._touched: set[Place] = set()
        self._stored: set[Place] = set()
        self._next_scan = 0
        self._handlers = {
            Kind.CONNECT: self._connect,
            Kind.LOGIN: self._login,
            Kind.FAILURE: self._failure,
            Kind.REFUSAL: self._refusal,
            Kind.BAD_COMMAND: self._bad_command,
            Kind.TRAFFIC: self._traffic,
            Kind.END: self._end,
        }

    # ── lines ───────────────────────────────────────────────────────────────────────────────────────────────

    def take(self, server: str, stamp: int, fact: Fact) -> Sequence[Charge]:
        """What one line's fact comes to; `stamp` in UNIX seconds of the log."""
        key = fact.key
        if fact.by_address and fact.kind is not Kind.CONNECT:
            key = self._key_by_address(server, fact)
        elif fact.by_user or (fact.kind is Kind.LOGIN and self._users.orphans):
            key = self._key_by_user(server, stamp, fact)
        if not key:
            return self._without_key(server, stamp, fact)
        place = (server, key)
        charges: list[Charge] = []
        session = self._open.get(place)
        if session is not None and (stamp > session.deadline or _is_another(session, fact)):
            del self._open[place]
            self._give_up(session, charges)
            session = None
        if session is None:
            session = self._find(place, stamp, fact, charges)
        session.touch(stamp, LINGER_SECONDS if session.ended else self._idle)
        self._touched.add(place)
        if fact.address is not None:
            session.address = fact.address
        if fact.kind in (Kind.COMMAND, Kind.REPLY):
            self._exchange(session, stamp, fact, charges)
            translated = None if session.ended else translate(session, fact)
            if translated is None:
                return charges
            fact = translated
        self._handlers[fact.kind](session, stamp, fact, charges)
        return charges

    def _key_by_address(self, server: str, fact: Fact) -> bytes | None:
        """The key of a line that may have to be found by its address."""
        key = fact.key
        if key is not None and ((server, key) in self._open or (server, key) in self._lingering):
            return key
        session = self._addresses.find(server, fact.address, before_login=key is not None)
        return key if session is None else session.key

    def _key_by_user(self, server: str, stamp: int, fact: Fact) -> bytes | None:
        """The key of a line that names its user only; a new one where it begins, or ends what nobody began."""
        users = self._users
        if not users.is_used:
            users.is_used = True
            users.keep((*self._open.values(), *self._lingering.values()))
        session = users.orphan(server, fact.user, stamp) if fact.kind is Kind.LOGIN else users.find(server, fact)
        if session is not None:
            return session.key
        if fact.key is not None:
            return fact.key
        # No server's own key begins with NUL; `seen` grows with every new connection.
        return None if fact.user is None or fact.tentative else b"\0%b\0%d" % (fact.user, self.seen)

    def _find(self, place: Place, stamp: int, fact: Fact, charges: list[Charge]) -> Session:
        """The session of a line that belongs to no open one: waiting, ended lately, or new."""
        session = self._waiting.get(place)
        if session is not None and not self._settle(place, session, fact, charges):
            return session
        for ended in (self._lingering, self._ghosts):
            session = ended.get(place)
            if session is not None:
                if stamp <= session.deadline and not _is_another(session, fact):
                    return session
                del ended[place]
        server, key = place
        session = Session(server, key, stamp, stamp + self._idle)
        if fact.tentative or fact.reuses_key:
            session.tentative = True
            if fact.kind is Kind.TRAFFIC:  # of a connection that we know nothing about: of no use later
                return session
            self._waiting[place] = session
            if len(self._waiting) > MAX_WAITING:
                oldest = next(iter(self._waiting))
                self._touched.add(oldest)
                self._presume(oldest, self._waiting[oldest], charges)
        else:
            self._begin(place, session, charges)
        return session

    def _settle(self, place: Place, session: Session, fact: Fact, charges: list[Charge]) -> bool:
        """Whether the tentative `session` is over, so that the line belongs to another; else it may begin here."""
        if session.closing is None or not session.final:
            # A process that was told to go, and says no more than that it goes, served nobody.
            idle = session.closing in _LEAVING and not (session.logged_in or session.attempts or session.user)
            # Who tells that a process was killed knows which service it was of.
            certain = not fact.tentative or (fact.reason is Reason.KILLED and session.logged_in)
            if certain and not (fact.reuses_key and idle):
                del self._waiting[place]
                self._begin(place, session, charges)
            return False
        if fact.kind is Kind.TRAFFIC:
            return False
        self._presume(place, session, charges)
        return True

    def _presume(self, place: Place, session: Session, charges: list[Charge]) -> None:
        """Nothing more will be told of a tentative session: what has an end of its own was a connection."""
        del self._waiting[place]
        if session.final and session.closing not in _LEAVING:
            self._prove(place, session, charges)

    def _prove(self, place: Place, session: Session, charges: list[Charge]) -> None:
        """The tentative session, which has ended, was a connection."""
        self._begin(place, session, charges)
        self._close(session, session.last, session.closing or Reason.UNSPECIFIED, charges)

    def _begin(self, place: Place, session: Session, charges: list[Charge]) -> None:
        """The connection is certain: it is seen, and open."""
        session.tentative = False
        self.seen += 1
        if len(self._open) >= self._max_open:
            oldest = next(iter(self._open))
            self.overflowed += 1
            self._touched.add(oldest)
            self._give_up(self._open.pop(oldest), charges)
        self._open[place] = session
        if session.logged_in:  # while it was not certain
            refused = session.refused  # after that login
            self._login(session, session.last, Fact(Kind.LOGIN, session.key, session.user), charges)
            session.refused = refused

    def _without_key(self, server: str, stamp: int, fact: Fact) -> Sequence[Charge]:
        """A line that is its whole connection, or tells of the server."""
        if fact.kind is Kind.RESTART:
            self._restart(server, stamp)
            return ()
        if fact.kind not in self._handlers or fact.tentative:
            return ()
        self.seen += 1
        session = Session(server, b"", stamp, stamp)
        session.address = fact.address
        charges: list[Charge] = []
        self._handlers[fact.kind](session, stamp, fact, charges)
        if not session.ended:
            self._close(session, stamp, session.refused or Reason.UNSPECIFIED, charges)
        return charges

    def _restart(self, server: str, stamp: int) -> None:
        """The server started: what was open before has a grace to write its end."""
        for place, session in self._open.items():
            if place[0] == server and stamp + RESTART_SECONDS < session.deadline:
                session.deadline = stamp + RESTART_SECONDS
                self._touched.add(place)
        self._next_scan = 0

    # ── what a line says ────────────────────────────────────────────────────────────────────────────────────

    def _connect(self, session: Session, _stamp: int, fact: Fact, _charges: list[Charge]) -> None:
        if fact.user is not None and not session.logged_in:
            session.user = fact.user
        if fact.by_address and not session.by_address:
            session.by_address = True
            self._addresses.add(session)

    def _login(self, session: Session, stamp: int, fact: Fact, charges: list[Charge]) -> None:
        session.logged_in = True
        session.refused = None  # only what is refused after it still counts
        if session.tentative:
            session.user = fact.user
            return
        account = session.account
        if account is not None:  # its end came first, or it was given up: the connection is charged already
            self._resolve(session.server, fact.user, True)
            charges.append(Charge(account, stamp, _LATE_LOGIN, None, session.address))
            return
        if session.failed:
            session.accept(fact.user)
            self._charge_failures(session, stamp, charges)
        session.user = fact.user
        session.account = account = self._resolve(session.server, fact.user, True)
        self.charged += 1
        amounts: Amounts = _LOGIN
        if session.bad_commands or session.received or session.sent:
            amounts += _pending(session)
        charges.append(Charge(account, stamp, amounts, None, session.address))
        if self._users.is_used:
            self._users.add(session)

    def _failure(self, session: Session, stamp: int, fact: Fact, charges: list[Charge]) -> None:
        session.attempts += 1
        if session.account is None:
            if fact.user is not None:
                session.user = fact.user
            session.fail(fact.user)
            if fact.ok is False and fact.user is not None:
                session.doubt(fact.user)
        elif session.attempts > session.summed:  # else the end has counted it
            account = self._resolve(session.server, fact.user, False)
            charges.append(Charge(account, stamp, ((LOGIN_FAILURES, 1),), name=fact.user))

    def _refusal(self, session: Session, _stamp: int, fact: Fact, _charges: list[Charge]) -> None:
        session.attempts += 1
        session.refused = fact.reason
        if fact.user is not None and session.account is None:
            session.user = fact.user

    def _bad_command(self, session: Session, stamp: int, fact: Fact, charges: list[Charge]) -> None:
        amounts = _increase(session, max(fact.bad_commands, 1), fact.received, fact.sent)
        if session.account is not None:
            charges.append(Charge(session.account, stamp, amounts))

    def _exchange(self, session: Session, stamp: int, fact: Fact, charges: list[Charge]) -> None:
        """Commands and replies carry their own bytes, not the connection's so far."""
        received = None if fact.received is None else session.received + fact.received
        sent = None if fact.sent is None else session.sent + fact.sent
        amounts = _increase(session, 0, received, sent)
        if amounts and session.account is not None:
            charges.append(Charge(session.account, stamp, amounts))

    def _traffic(self, session: Session, stamp: int, fact: Fact, charges: list[Charge]) -> None:
        if session.tentative and session.closing is not None:
            place = (session.server, session.key)
            del self._waiting[place]
            if not (fact.received or fact.sent):
                return
            self._prove(place, session, charges)
        amounts = _increase(session, 0, fact.received, fact.sent)
        if amounts and session.account is not None:
            charges.append(Charge(session.account, stamp, amounts))

    def _end(self, session: Session, stamp: int, fact: Fact, charges: list[Charge]) -> None:
        session.final = session.final or fact.reuses_key
        if session.tentative:
            session.closing = session.closing or fact.reason or Reason.UNSPECIFIED
            if fact.user is not None:
                session.user = fact.user
            session.deadline = stamp + LINGER_SECONDS
            return
        if session.ended:  # a second end line tells no more than its bytes
            self._traffic(session, stamp, fact, charges)
            return
        amounts = _increase(session, fact.bad_commands - session.bad_commands, fact.received, fact.sent)
        if session.account is None:
            amounts = ()
            if fact.user is not None:
                session.user = fact.user
            if fact.failures > session.attempts:
                session.fail(session.user, fact.failures - session.attempts)
            elif fact.failures == 0 and fact.reason in _ACCEPTED:
                session.accept(session.user)
            session.summed = fact.failures
        reason = session.closing or fact.reason or Reason.UNSPECIFIED
        self._close(session, stamp, reason, charges, amounts, known=fact.ok is True)
        if fact.by_user and not session.logged_in and session.user is not None:
            self._users.orphans[session.server, session.user] = session

    # ── charges ─────────────────────────────────────────────────────────────────────────────────────────────

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
        """The connection's end: charge what is not charged yet, and the end itself, once."""
        if session.refused is not None and not known:
            reason = session.refused
        elif session.quitting and reason.end in (End.ABORTED, End.UNKNOWN):
            reason = Reason.LOGOUT
        measure = _ENDS.get(reason.end)
        if measure is not None:
            amounts = ((measure, 1), *amounts)
        account = session.account
        if account is None:
            if session.failed:
                self._charge_failures(session, stamp, charges)
            session.account = account = self._resolve(session.server, session.user, known)
            self.charged += 1
            amounts = ((CONNECTIONS, 1), *amounts, *_pending(session))
        session.ended = True
        charges.append(Charge(account, stamp, amounts, reason))
        place = (session.server, session.key)
        if self._open.pop(place, None) is not None:
            session.deadline = stamp + LINGER_SECONDS
            self._lingering[place] = session
            self._bound(self._lingering, MAX_LINGERING)

    def _charge_failures(self, session: Session, stamp: int, charges: list[Charge]) -> None:
        for name, count in (session.failed or {}).items():
            account = self._resolve(session.server, name, False)
            charges.append(Charge(account, stamp, ((LOGIN_FAILURES, count),), name=name))
        session.failed = None

    def _give_up(self, session: Session, charges: list[Charge]) -> None:
        """Nobody told the end of `session` (no longer in the open ones): charged with its last line's stamp."""
        self._close(session, session.last, Reason.EXPIRED, charges)
        session.deadline = session.last + GHOST_SECONDS
        self._ghosts[session.server, session.key] = session
        self._bound(self._ghosts, MAX_GHOSTS)

    def _bound(self, places: dict[Place, Session], limit: int) -> None:
        if len(places) > limit:
            oldest = next(iter(places))
            del places[oldest]
            self._touched.add(oldest)

    # ── time ────────────────────────────────────────────────────────────────────────────────────────────────

    def expire(self, now: int) -> Sequence[Charge]:
        """Give up what has had no line for too long; `now` is the source's log time."""
        if now < self._next_scan:
            return ()
        self._next_scan = now + SCAN_SECONDS
        charges: list[Charge] = []
        for place in [place for place, session in self._open.items() if now > session.deadline]:
            self._touched.add(place)
            self._give_up(self._open.pop(place), charges)
        for place, session in [one for one in self._waiting.items() if now > one[1].deadline]:
            self._touched.add(place)
            self._presume(place, session, charges)
        for places in (self._lingering, self._ghosts):
            for place in [place for place, session in places.items() if now > session.deadline]:
                self._touched.add(place)
                del places[place]
        self._addresses.keep((*self._open.values(), *self._lingering.values()))
        if self._users.is_used:
            self._users.keep((*self._open.values(), *self._lingering.values()))
        return charges

    def finish(self) -> Sequence[Charge]:
        """Give up everything: the end of a replay."""
        charges: list[Charge] = []
        self._touched.update(self._open, self._waiting)
        for place, waiting in list(self._waiting.items()):
            self._presume(place, waiting, charges)
        for session in [self._open.pop(place) for place in list(self._open)]:
            self._give_up(session, charges)
        return charges

    # ── what is kept ────────────────────────────────────────────────────────────────────────────────────────

    def open_sessions(self) -> dict[tuple[str, str], int]:
        """(server, `pending` or `charged`) to the number of open connections."""
        return dict(
            Counter(
                (session.server, "pending" if session.account is None else "charged") for session in self._open.values()
            )
        )

    def changes(self) -> tuple[tuple[SavedSession, ...], tuple[Place, ...]]:
        """What to store and what to remove since the last call (or `restore`)."""
        opened = []
        closed = []
        for place in self._touched:
            session = self._kept(place)
            if session is not None:
                opened.append(session.save())
                self._stored.add(place)
            elif place in self._stored:
                closed.append(place)
                self._stored.discard(place)
        self._touched.clear()
        return tuple(opened), tuple(closed)

    def _kept(self, place: Place) -> Session | None:
        return (
            self._open.get(place) or self._waiting.get(place) or self._lingering.get(place) or self._ghosts.get(place)
        )

    def restore(self, saved: Iterable[SavedSession], seen: int, charged: int, intern: Intern) -> None:
        """Go on from what `changes` gave, and the two counts; `intern(server, domain, user)` gives the Account."""
        self.seen = seen
        self.charged = charged
        for session in sorted((load(one, intern) for one in saved), key=lambda session: session.last):
            place = (session.server, session.key)
            self._stored.add(place)
            if session.ended:
                ghost = session.deadline - session.last > LINGER_SECONDS
                (self._ghosts if ghost else self._lingering)[place] = session
            elif session.tentative:
                self._waiting[place] = session
            else:
                self._open[place] = session
        self._addresses.keep((*self._open.values(), *self._lingering.values()))
        if any(key.startswith(b"\0") for _, key in self._stored):
            self._users.is_used = True
            self._users.keep((*self._open.values(), *self._lingering.values()))


def _is_another(session: Session, fact: Fact) -> bool:
    """Whether the key now means a new connection: a process id or number used again."""
    if session.final:
        return fact.kind is not Kind.TRAFFIC
    if fact.kind is Kind.CONNECT:
        return session.logged_in or session.ended
    return fact.kind is Kind.LOGIN and session.logged_in and session.refused is None


def _increase(session: Session, bad: int, received: int | None, sent: int | None) -> Amounts:
    """What more bad commands, and the connection's bytes so far, add to what is known of it."""
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
    """What is known of a connection that is charged only now, beside the connection itself."""
    bad = session.bad_commands
    amounts = (
        (RECEIVED_BYTES, session.received),
        (SENT_BYTES, session.sent),
        (BAD_COMMAND_CONNECTIONS, 1 if bad else 0),
        (BAD_COMMANDS, bad),
    )
    return tuple(pair for pair in amounts if pair[1])
