"""Joins the lines of one connection and charges it once.

At every moment connections seen = charged + pending. A connection is charged at its login, else at its end,
else when it is given up; what comes later goes to the same account.
"""

from collections import Counter
from collections.abc import Sequence

from exporter.catalogue import Reason
from exporter.model import Charge, Fact, Kind, SavedSession
from exporter.sessions.charging import Resolve
from exporter.sessions.dialogue import translate
from exporter.sessions.keys import is_another, nameless
from exporter.sessions.memory import LINGER_SECONDS, MAX_WAITING, Place
from exporter.sessions.quick import Quick
from exporter.sessions.session import Intern, Session

# After a server's start its old sessions have this long to write their ends (Dovecot: up to 30 s were seen).
RESTART_SECONDS = 90
MAX_OPEN = 100_000
# Sessions are searched for expired ones this often, in log time.
SCAN_SECONDS = 30

# What is about no connection.
_OF_THE_SERVER = frozenset((Kind.RESTART, Kind.NOTE))
# A process that serves one connection after the other ends for these also when it serves none.
_LEAVING = frozenset((Reason.SHUTDOWN, Reason.KILLED))


class Sessions(Quick):
    """The open connections of one source, with bounded memory; keys are scoped by server.

    `resolve(server, name as logged, whether it just logged in)` gives the account to be charged. Without
    `keeps_names` nothing of a name but its domain is remembered, so none is stored either.
    """

    def __init__(
        self, resolve: Resolve, idle_seconds: int, *, max_open: int = MAX_OPEN, keeps_names: bool = True
    ) -> None:
        super().__init__(resolve, idle_seconds, max_open)
        self.overflowed = 0
        self._keeps_names = keeps_names
        self._next_scan = 0

    # ── lines ───────────────────────────────────────────────────────────────────────────────────────────────

    def take(self, server: str, stamp: int, fact: Fact) -> Sequence[Charge]:
        """What one line's fact comes to; `stamp` in UNIX seconds of the log."""
        if not self._keeps_names and fact.user is not None:
            fact = fact._replace(user=nameless(fact.user))
        if fact.key:
            quick = self._take_quickly((server, fact.key), stamp, fact)
            if quick is not None:
                return quick
        return self._take(server, stamp, fact)

    def _take(self, server: str, stamp: int, fact: Fact) -> Sequence[Charge]:
        if fact.kind in _OF_THE_SERVER:
            if fact.kind is Kind.RESTART:
                self._restart(server, stamp)
            return ()
        key = self._key(server, stamp, fact)
        if not key:
            return self._without_key(server, stamp, fact)
        place = (server, key)
        charges: list[Charge] = []
        session = self._memory.open.get(place)
        if session is not None and (stamp > session.deadline or is_another(session, fact)):
            del self._memory.open[place]
            self._give_up(session, charges)
            session = None
        if session is None:
            session = self._find(place, stamp, fact, charges)
        session.touch(stamp, LINGER_SECONDS if session.ended else self.idle_seconds)
        self._memory.touched.add(place)
        if fact.address is not None:
            session.address = fact.address
        if fact.kind in (Kind.COMMAND, Kind.REPLY):
            self._exchange(session, stamp, fact, charges)
            translated = self._translated(session, fact)
            if translated is None:
                return charges
            fact = translated
        if session.tentative and session.closing is not None and fact.kind is Kind.TRAFFIC:
            self._confirm(place, session, fact, charges)
        self._handlers[fact.kind](session, stamp, fact, charges)
        return charges

    def _translated(self, session: Session, fact: Fact) -> Fact | None:
        if session.ended:
            return None
        translated = translate(session, fact)
        if not self._keeps_names and session.user is not None:
            session.user = nameless(session.user)
            translated = None if translated is None else translated._replace(user=session.user)
        return translated

    def _take_quickly(self, place: Place, stamp: int, fact: Fact) -> Sequence[Charge] | None:
        """The two commonest lines, with what the general way would come to; None: another line.

        They are the login of a connection that nobody has heard of, and the end of one that is logged in.
        """
        memory = self._memory
        session = memory.open.get(place)
        if fact.kind is Kind.LOGIN:
            if (
                session is not None
                or fact.tentative
                or fact.by_address
                or place in memory.waiting
                or place in memory.lingering
                or place in memory.ghosts
                or self._users.is_used
                or len(memory.open) >= self._max_open
            ):
                return None
            self.seen += 1
            return (self._new_login(place, stamp, fact),)
        if (
            fact.kind is not Kind.END
            or session is None
            or session.account is None
            or session.refused is not None
            or session.quitting
            or session.closing is not None
            or fact.reuses_key
            or stamp > session.deadline
        ):
            return None
        return (self._plain_end(place, session, stamp, fact),)

    def _find(self, place: Place, stamp: int, fact: Fact, charges: list[Charge]) -> Session:
        """The session of a line that belongs to no open one: waiting, ended lately, or new."""
        session = self._memory.waiting.get(place)
        if session is not None and not self._settle(place, session, fact, charges):
            return session
        for ended in (self._memory.lingering, self._memory.ghosts):
            session = ended.get(place)
            if session is not None:
                if stamp <= session.deadline and not is_another(session, fact):
                    return session
                del ended[place]
        server, key = place
        session = Session(server, key, stamp, stamp + self.idle_seconds)
        if fact.tentative or fact.reuses_key:
            session.tentative = True
            if fact.kind is Kind.TRAFFIC:  # of a connection that we know nothing about: of no use later
                return session
            self._memory.waiting[place] = session
            if len(self._memory.waiting) > MAX_WAITING:
                oldest = next(iter(self._memory.waiting))
                self._memory.touched.add(oldest)
                self._presume(oldest, self._memory.waiting[oldest], charges)
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
                del self._memory.waiting[place]
                self._begin(place, session, charges)
            return False
        if fact.kind is Kind.TRAFFIC:
            return False
        self._presume(place, session, charges)
        return True

    def _presume(self, place: Place, session: Session, charges: list[Charge]) -> None:
        """Nothing more will be told of a tentative session: what has an end of its own was a connection."""
        del self._memory.waiting[place]
        if session.final and session.closing not in _LEAVING:
            self._prove(place, session, charges)

    def _prove(self, place: Place, session: Session, charges: list[Charge]) -> None:
        """The tentative session, which has ended, was a connection."""
        self._begin(place, session, charges)
        self._close(session, session.last, session.closing or Reason.UNSPECIFIED, charges)

    def _confirm(self, place: Place, session: Session, fact: Fact, charges: list[Charge]) -> None:
        """The bytes of a tentative session that has ended: there were some, or it was none."""
        del self._memory.waiting[place]
        if fact.received or fact.sent:
            self._prove(place, session, charges)

    def _begin(self, place: Place, session: Session, charges: list[Charge]) -> None:
        """The connection is certain: it is seen, and open."""
        session.tentative = False
        self.seen += 1
        if len(self._memory.open) >= self._max_open:
            oldest = next(iter(self._memory.open))
            self.overflowed += 1
            self._memory.touched.add(oldest)
            self._give_up(self._memory.open.pop(oldest), charges)
        self._memory.open[place] = session
        if session.logged_in:  # while it was not certain
            refused = session.refused  # after that login
            self._login(session, session.last, Fact(Kind.LOGIN, session.key, session.user), charges)
            session.refused = refused

    def _without_key(self, server: str, stamp: int, fact: Fact) -> Sequence[Charge]:
        """A line that is its whole connection."""
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
        for place, session in self._memory.open.items():
            if place[0] == server and stamp + RESTART_SECONDS < session.deadline:
                session.deadline = stamp + RESTART_SECONDS
                self._memory.touched.add(place)
        self._next_scan = 0

    def _give_up(self, session: Session, charges: list[Charge]) -> None:
        """Nobody told the end of `session` (no longer in the open ones): charged with its last line's stamp."""
        self._close(session, session.last, Reason.EXPIRED, charges)
        self._memory.haunt((session.server, session.key), session)

    # ── time ────────────────────────────────────────────────────────────────────────────────────────────────

    def expire(self, now: int) -> Sequence[Charge]:
        """Give up what has had no line for too long; `now` is the source's log time."""
        if now < self._next_scan:
            return ()
        self._next_scan = now + SCAN_SECONDS
        charges: list[Charge] = []
        for place in [place for place, session in self._memory.open.items() if now > session.deadline]:
            self._memory.touched.add(place)
            self._give_up(self._memory.open.pop(place), charges)
        for place, session in [one for one in self._memory.waiting.items() if now > one[1].deadline]:
            self._memory.touched.add(place)
            self._presume(place, session, charges)
        self._memory.forget_ended(now)
        self._addresses.keep(self._memory.living())
        if self._users.is_used:
            self._users.keep(self._memory.living())
        return charges

    def finish(self) -> Sequence[Charge]:
        """Give up everything: the end of a replay."""
        charges: list[Charge] = []
        self._memory.touched.update(self._memory.open, self._memory.waiting)
        for place, waiting in list(self._memory.waiting.items()):
            self._presume(place, waiting, charges)
        for session in [self._memory.open.pop(place) for place in list(self._memory.open)]:
            self._give_up(session, charges)
        return charges

    # ── what is kept ────────────────────────────────────────────────────────────────────────────────────────

    def open_sessions(self) -> dict[tuple[str, str], int]:
        """(server, `pending` or `charged`) to the number of open connections."""
        return dict(
            Counter(
                (session.server, "pending" if session.account is None else "charged")
                for session in self._memory.open.values()
            )
        )

    def changes(self) -> tuple[tuple[SavedSession, ...], tuple[Place, ...]]:
        """What to store and what to remove since the last call (or `restore`)."""
        self._accounts.clear()
        return self._memory.changes()

    def restore(self, saved: Sequence[SavedSession], seen: int, charged: int, intern: Intern) -> None:
        """Go on from what `changes` gave, and the two counts; `intern(server, domain, user)` gives the Account."""
        self.seen = seen
        self.charged = charged
        self._memory.restore(saved, intern)
        self._addresses.keep(self._memory.living())
        if any(one.key.startswith(b"\0") for one in saved):
            self._users.is_used = True
            self._users.keep(self._memory.living())
