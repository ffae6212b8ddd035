"""Joins the lines of one connection and charges it once.

At any time, connections seen = charged + pending. A connection is charged at its login, else at its end, else when it
is given up; later amounts are charged to the same account.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from exporter.catalogue import RECEIVED_BYTES, SENT_BYTES, Reason
from exporter.keys import Keys
from exporter.model import Charge, Fact, Kind, SavedSession
from exporter.sessions.charging import Resolve
from exporter.sessions.dialogue import hand_over, translate
from exporter.sessions.joins import is_made
from exporter.sessions.keys import is_after_login, is_another, is_told_again, nameless
from exporter.sessions.memory import LINGER_SECONDS, Place
from exporter.sessions.neighbours import Neighbours
from exporter.sessions.repeats import AMOUNTS_OF_ONE, TAKEN_SINGLY, multiplied, scaled
from exporter.sessions.session import Intern, Session
from exporter.sessions.signs import Sign
from exporter.sessions.uncertain import Uncertain

# After a restart of the server, its old sessions have this long to log their ends (Dovecot took up to 30 s).
RESTART_SECONDS = 90
MAX_OPEN = 100_000
# How often expired sessions are searched for, in log time.
SCAN_SECONDS = 30

# Facts that belong to no connection.
_OF_THE_SERVER = frozenset((Kind.RESTART, Kind.NOTE))


class Sessions(Uncertain):
    """The open connections of one source, with bounded memory; keys are per server.

    `resolve(server, name as logged, whether it just logged in)` returns the account to charge. Without `keeps_names`,
    only the domain of a name is remembered, so no name is stored. `neighbours`: the other sources of the installation.
    `probes`: whether connections from an address are charged only if they try to log in.
    """

    def __init__(
        self,
        resolve: Resolve,
        idle_seconds: int,
        *,
        max_open: int = MAX_OPEN,
        keeps_names: bool = True,
        neighbours: "Neighbours[Sessions] | None" = None,
        probes: Callable[[bytes], bool] | None = None,
    ) -> None:
        super().__init__(resolve, idle_seconds, max_open, neighbours)
        self._keeps_names = keeps_names
        self._probes = probes
        self._next_scan = 0
        self._met: dict[str, None] = {}

    def use(self, form: str, idle_seconds: int, keys: Keys) -> None:
        """Set the format, once it is known: its name, its idle time, and what its keys are."""
        self.form = form
        self.idle_seconds = idle_seconds
        self._memory.keys = keys

    def meet(self, server: str) -> None:
        """Note that the source logs for this server."""
        self._met[server] = None
        for source in self._neighbours.meet(self, self.form, server):
            source.share(server)

    @property
    def servers(self) -> Sequence[str]:
        """The servers that the source logs for, oldest first."""
        return tuple(self._met)

    def share(self, server: str) -> None:
        """Note that another source logs for this server, too."""
        self._shared.add(server)

    def has_ended(self, server: str, key: bytes) -> bool:
        """Whether a connection with this key ended so long ago that only its key is remembered."""
        return not self._memory.knows((server, key)) and self._memory.told_until((server, key)) is not None

    def add_bytes(self, server: str, stamp: int, fact: Fact) -> Sequence[Charge]:
        """Charge bytes of a connection of which only the user is known, if the user has an account."""
        account = self._resolve(server, fact.user, False)
        pairs = ((RECEIVED_BYTES, fact.received or 0), (SENT_BYTES, fact.sent or 0))
        amounts = tuple(pair for pair in pairs if pair[1])
        return (Charge(account, stamp, amounts),) if amounts and account.user is not None else ()

    # ── lines ───────────────────────────────────────────────────────────────────────────────────────────────

    def take(self, server: str, stamp: int, fact: Fact, times: int = 1) -> Sequence[Charge]:
        """The charges for one line; `stamp` in UNIX seconds of the log, `times`: how often a folded line repeats."""
        if not self._keeps_names and fact.user is not None:
            fact = fact._replace(user=nameless(fact.user))
        if times != 1:
            return self._take_repeated(server, stamp, fact, times)
        charges = self._plain(server, stamp, fact)
        return self.take_any(server, stamp, fact) if charges is None else charges

    def knows(self, server: str, fact: Fact) -> bool:
        """Whether the line belongs to a connection of this source."""
        place = (server, fact.key or b"")
        if self._memory.knows(place) or self._memory.told_until(place) is not None:
            return True
        return is_after_login(fact) and self._joins.find(server, fact) is not None

    def _take_repeated(self, server: str, stamp: int, fact: Fact, times: int) -> Sequence[Charge]:
        """A line that the logger has folded: charged as one amount, however large the number."""
        if (fact.key and fact.kind not in AMOUNTS_OF_ONE) or (fact.process and fact.kind is Kind.LOGIN):
            charges = [*self.take_any(server, stamp, fact)]
            if fact.kind is Kind.LOGIN:
                self.signs.count(server, Sign.DUPLICATES, times - 1)
            return charges
        if fact.key:
            return self.take_any(server, stamp, scaled(fact, times))
        if self._is_told(server, stamp, fact):
            self.signs.count(server, Sign.DUPLICATES, times)
            return ()
        self._told.see(server, stamp)
        charges = [charge for _ in range(min(times, TAKEN_SINGLY)) for charge in self._join(server, stamp, fact)]
        if times > TAKEN_SINGLY:
            charges += self._without_key(server, stamp, fact, times - TAKEN_SINGLY)
        return charges

    def take_any(self, server: str, stamp: int, fact: Fact) -> Sequence[Charge]:
        """Like `take`, for all lines."""
        if fact.kind in _OF_THE_SERVER:
            if fact.kind is Kind.RESTART:  # connections from before have some time to log their ends
                self._memory.hasten(server, stamp + RESTART_SECONDS)
                self._next_scan = 0
            return ()
        if fact.kind is Kind.LOGIN and not fact.key:
            self.without_ids.add(server)
        if self._is_told(server, stamp, fact):
            # Two lines of a server may say the same of an end.
            if fact.kind is not Kind.END or fact.process or self._told.is_read_again(server, stamp, fact):
                self.signs.count(server, Sign.DUPLICATES)
            return ()
        self._told.see(server, stamp)
        return self._join(server, stamp, fact)

    def _join(self, server: str, stamp: int, fact: Fact) -> Sequence[Charge]:
        """A line that is no duplicate: it goes to its connection, whichever source has that."""
        if server in self._shared and not self.knows(server, fact):
            for other in self._neighbours.others(self, self.form, server):
                if other.knows(server, fact):
                    charges: Sequence[Charge] = other.take_told(server, stamp, fact)
                    return charges
        key = self._key(server, stamp, fact)
        if not key:
            return self._without_key(server, stamp, fact)
        return self._take_at(self._place(server, key, fact), stamp, fact)

    def take_told(self, server: str, stamp: int, fact: Fact) -> Sequence[Charge]:
        """A line that another source has read, of a connection of this one."""
        session = self._memory.get((server, fact.key or b""))
        if fact.kind is Kind.CONNECT and session is not None and stamp <= session.last:
            self.signs.count(server, Sign.DUPLICATES)
            return ()
        self._is_alike = False  # the other source has checked that it is no duplicate
        return self._join(server, stamp, fact)

    def _take_at(self, place: Place, stamp: int, fact: Fact) -> Sequence[Charge]:
        """A line of the connection at `place`, which may begin with it."""
        charges: list[Charge] = []
        session = self._memory.open.get(place)
        if session is not None and stamp > session.deadline:
            self._leave(place, session, charges)
            session = None
        known = session or self._memory.lingering.get(place) or self._memory.given_up.get(place)
        if known is None and self._is_alike:
            known = self._memory.renamed.get(place)
        if known is not None and is_told_again(known, stamp, fact, self._memory.keys, is_alike=self._is_alike):
            self._tell_again(place, known, stamp, fact)
            return charges
        former = session
        if session is not None and is_another(session, fact):
            self._leave(place, session, charges)
            session = None
        if session is None:
            session = self._find(place, stamp, fact, charges)
            hand_over(former, session, fact)
        if session is not None:
            self._apply(place, session, stamp, fact, charges)
        return charges

    def _leave(self, place: Place, session: Session, charges: list[Charge]) -> None:
        """Remove the session at `place`, which is over."""
        del self._memory.open[place]
        self._give_up(session, charges)

    def _tell_again(self, place: Place, session: Session, stamp: int, fact: Fact) -> None:
        """A login that is known already: the logger or another file has it twice."""
        if not session.ended:
            session.touch(stamp, self.idle_seconds)
            self._memory.touched.add(place)
        if fact.ok is not True:  # else the server itself repeats it from time to time
            self.signs.count(place[0], Sign.DUPLICATES)

    def _apply(self, place: Place, session: Session, stamp: int, fact: Fact, charges: list[Charge]) -> None:
        """The charges for one line of a session."""
        session.touch(stamp, LINGER_SECONDS if session.ended else self.idle_seconds)
        self._memory.touched.add(place)
        if fact.address is not None:
            session.address = fact.address
        if fact.kind in (Kind.COMMAND, Kind.REPLY):
            self._exchange(session, stamp, fact, charges)
            translated = self._translated(session, fact)
            if translated is None:
                return
            fact = translated
            if fact.kind is Kind.LOGIN and self._is_second_login(place, session, charges):
                return
        if session.tentative and session.final and fact.kind is Kind.TRAFFIC and not session.early:
            self._confirm(place, session, fact, charges)
        self._handlers[fact.kind](session, stamp, fact, charges)
        if session.early and session.tentative:
            self._joins.add_early(session)

    def _translated(self, session: Session, fact: Fact) -> Fact | None:
        if session.ended:
            return None
        translated = translate(session, fact)
        if not self._keeps_names and session.user is not None:
            session.user = nameless(session.user)
            translated = None if translated is None else translated._replace(user=session.user)
        return translated

    def _without_key(self, server: str, stamp: int, fact: Fact, times: int = 1) -> Sequence[Charge]:
        """A line that is a whole connection, or `times` connections alike."""
        if fact.kind not in self._handlers or fact.tentative:
            return ()
        if is_after_login(fact) and fact.kind is not Kind.LOGIN:
            self.signs.count_unjoined(server, stamp, times)
            return ()
        self.seen += 1
        session = Session(server, b"", stamp, stamp)
        session.address = fact.address
        charges: list[Charge] = []
        self._handlers[fact.kind](session, stamp, fact, charges)
        if not session.ended:
            self._close(session, stamp, session.refused or Reason.UNSPECIFIED, charges)
        if times > 1:
            self.seen += times - 1
            self.charged += times - 1
            charges = [multiplied(charge, times) for charge in charges]
        return charges

    # ── time ────────────────────────────────────────────────────────────────────────────────────────────────

    def expire(self, now: int) -> Sequence[Charge]:
        """Give up sessions that had no line for too long; `now` is the source's log time."""
        if now < self._next_scan:
            return ()
        self._next_scan = now + SCAN_SECONDS
        charges: list[Charge] = []
        for place in [place for place, session in self._memory.open.items() if now > session.deadline]:
            self._memory.touched.add(place)
            self._give_up(self._memory.open.pop(place), charges)
        for place, session in [one for one in self._memory.waiting.items() if now > one[1].deadline]:
            self._memory.touched.add(place)
            self._run_out(place, session, charges)
        self._memory.forget_ended(now)
        self._addresses.keep(self._memory.living())
        if self._joins:
            self._keep_joins()
        return charges

    def finish(self) -> Sequence[Charge]:
        """Give up all sessions, at the end of a replay."""
        charges: list[Charge] = []
        self._memory.touched.update(self._memory.open, self._memory.waiting)
        for place, waiting in list(self._memory.waiting.items()):
            self._run_out(place, waiting, charges)
        for session in [self._memory.open.pop(place) for place in list(self._memory.open)]:
            self._give_up(session, charges)
        return charges

    # ── what is kept ────────────────────────────────────────────────────────────────────────────────────────

    def open_sessions(self) -> dict[tuple[str, str], int]:
        """The number of open connections by (server, `pending` or `charged`)."""
        sessions = self._memory.open.values()
        return dict(Counter((one.server, "pending" if one.account is None else "charged") for one in sessions))

    def changes(self) -> tuple[tuple[SavedSession, ...], tuple[Place, ...]]:
        """What to store and what to remove since the last call (or `restore`)."""
        self._accounts.clear()
        return self._memory.changes()

    def restore(self, saved: Sequence[SavedSession], seen: int, charged: int, intern: Intern) -> None:
        """Continue from `changes` and the two counts; `intern(server, domain, user)` returns the Account."""
        self.seen = seen
        self.charged = charged
        self._memory.restore(saved, intern)
        self._addresses.keep(self._memory.living())
        self._keep_joins()
        self.without_ids = {one.server for one in self._memory.living() if one.logged_in and is_made(one.key)}
        self._has_double_keys = any(b"\0" in one.key[1:] for one in saved if not is_made(one.key))
