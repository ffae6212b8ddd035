"""Lines that may belong to no connection, or to one not known yet.

Three kinds wait, bounded: a line that does not name the service (Dovecot's `auth:`), the end of a process that serves
one connection after the other (Cyrus), and an end without a login. The login may follow; if it does not, the connection
began before we read, and its bytes and its end go to an account that is known.
"""

from exporter.catalogue import RECEIVED_BYTES, SENT_BYTES, UNKNOWN, Reason
from exporter.model import Charge, Fact, Kind
from exporter.sessions.charging import ENDING
from exporter.sessions.dialogue import is_of_transaction
from exporter.sessions.keys import is_after_login, is_another
from exporter.sessions.memory import MAX_WAITING, Place
from exporter.sessions.plain import Plain
from exporter.sessions.session import Session
from exporter.sessions.signs import Sign

# A process that serves one connection after the other ends for these reasons also when it serves none.
_LEAVING = frozenset((Reason.SHUTDOWN, Reason.KILLED))
# These may be the first line that we see of a connection whose login was before.
_LATE = frozenset((Kind.END, Kind.TRAFFIC, Kind.REFUSAL, Kind.COMMAND))
_OF_A_DIALOGUE = frozenset((Kind.COMMAND, Kind.REPLY))
# These may be the first line of a connection even if its server logs how each begins.
_BEGINS = frozenset((Kind.CONNECT, Kind.LOGIN))


class Uncertain(Plain):
    """Finds the session of a line that belongs to no open one. Without `keeps_names`, no user is ever known."""

    _keeps_names = True

    def _find(self, place: Place, stamp: int, fact: Fact, charges: list[Charge]) -> Session | None:
        """The session of a line that belongs to no open one: waiting, just ended, or new; None: no connection."""
        memory = self._memory
        session = memory.waiting.get(place)
        if session is not None and not self._is_over(place, session, fact, charges):
            return session
        for ended in (memory.lingering, memory.given_up):
            session = ended.get(place)
            if session is not None:
                # A dialogue goes on without a pause that is longer than what the server waits.
                is_over = ended is memory.given_up and fact.kind in _OF_A_DIALOGUE
                if stamp <= session.deadline and not is_over and not is_another(session, fact):
                    return session
                ended.pop(place)
        return self._new(place, stamp, fact, charges)

    def _new(self, place: Place, stamp: int, fact: Fact, charges: list[Charge]) -> Session | None:
        server, key = place
        if self._is_of_the_past(place, stamp, fact):
            return None
        session = Session(server, key, stamp, stamp + self.idle_seconds)
        session.process = fact.process
        session.early = (is_after_login(fact) or is_of_transaction(fact)) and fact.kind in _LATE and not fact.tentative
        if fact.tentative or fact.reuses_key or session.early:
            session.tentative = True
            if fact.kind is Kind.TRAFFIC:  # of an unknown connection: no use later
                if session.early:
                    session.user, session.received, session.sent = fact.user, fact.received or 0, fact.sent or 0
                    self._book_unjoined(session, charges)
                return None if session.early else session
            self._wait(place, session, charges)
        else:
            if fact.kind is Kind.LOGIN:
                self._look_elsewhere(place)
            self._begin(place, session, charges)
        return session

    def _is_of_the_past(self, place: Place, stamp: int, fact: Fact) -> bool:
        """Whether the line belongs to a connection that ended before, or was given up and forgotten; counts it."""
        if self._memory.has_told(place, stamp):
            if fact.kind in (Kind.LOGIN, Kind.END):
                self.signs.count(place[0], Sign.DUPLICATES)
            return True
        is_later = fact.kind not in _BEGINS and not fact.tentative
        if is_later and stamp <= self._memory.forgotten_until and place[0] in self._tells_begin:
            self.signs.count_unjoined(place[0], stamp)
            return True
        return False

    def _wait(self, place: Place, session: Session, charges: list[Charge]) -> None:
        waiting = self._memory.waiting
        waiting[place] = session
        if len(waiting) > MAX_WAITING:
            oldest = next(iter(waiting))
            self._memory.touched.add(oldest)
            self._run_out(oldest, waiting[oldest], charges)

    def _is_over(self, place: Place, session: Session, fact: Fact, charges: list[Charge]) -> bool:
        """Whether the tentative `session` is over, so that the line belongs to another; otherwise it may begin here."""
        if session.early and not session.final:
            if fact.kind is Kind.LOGIN and not fact.tentative:
                del self._memory.waiting[place]
                self._begin(place, session, charges)
            return False
        if session.closing is None or not session.final:
            # A process that was told to exit, and logs nothing else, served nobody.
            idle = session.closing in _LEAVING and not (session.logged_in or session.attempts or session.user)
            # Who logs that a process was killed knows its service.
            certain = not fact.tentative or (fact.reason is Reason.KILLED and session.logged_in)
            if certain and not (fact.reuses_key and idle):
                del self._memory.waiting[place]
                self._begin(place, session, charges)
            return False
        if fact.kind is Kind.TRAFFIC:
            return False
        self._run_out(place, session, charges)
        return True

    def _is_second_login(self, place: Place, session: Session, charges: list[Charge]) -> bool:
        """Whether a dialogue tells its login again; after commands of a login not seen it is another connection's."""
        if session.logged_in:
            self.signs.count(place[0], Sign.DUPLICATES)
        elif session.early:
            del self._memory.waiting[place]
            session.early = False
            self._begin(place, session, charges)
        return session.logged_in

    def _run_out(self, place: Place, session: Session, charges: list[Charge]) -> None:
        """Nothing more will be logged of a tentative session: if it has an end of its own, it was a connection."""
        del self._memory.waiting[place]
        if session.early:
            self._book_unjoined(session, charges)
        elif session.final and session.closing not in _LEAVING:
            self._was_connection(place, session, charges)

    def _book_unjoined(self, session: Session, charges: list[Charge]) -> None:
        """Charge lines after a login that was not seen: to an account that is known, else to nobody."""
        self.signs.count_unjoined(session.server, session.last)
        account, end = self._resolve(session.server, session.user, False), session.closing
        if session.user is None or (account.user is None and (self._keeps_names or account.domain == UNKNOWN)):
            return
        pairs = ((RECEIVED_BYTES, session.received), (SENT_BYTES, session.sent))
        amounts = (*(ENDING[end] if end else ()), *(pair for pair in pairs if pair[1]))
        if amounts or end:
            charges.append(Charge(account, session.last, amounts, end))

    def _was_connection(self, place: Place, session: Session, charges: list[Charge]) -> None:
        """The tentative session, which has ended, was a connection."""
        self._begin(place, session, charges)
        self._close(session, session.last, session.closing or Reason.UNSPECIFIED, charges)

    def _confirm(self, place: Place, session: Session, fact: Fact, charges: list[Charge]) -> None:
        """The bytes of a tentative session that has ended: if there are any, it was a connection."""
        del self._memory.waiting[place]
        if fact.received or fact.sent:
            self._was_connection(place, session, charges)

    def _begin(self, place: Place, session: Session, charges: list[Charge]) -> None:
        """The connection is certain: count it as seen, and open it."""
        session.tentative = False
        self.seen += 1
        if len(self._memory.open) >= self._max_open:
            oldest = next(iter(self._memory.open))
            self.signs.count(oldest[0], Sign.GIVEN_UP)
            self._memory.touched.add(oldest)
            self._give_up(self._memory.open.pop(oldest), charges)
        self._memory.open[place] = session
        if session.logged_in:  # while it was tentative
            refused = session.refused  # after that login
            self._login(session, session.last, Fact(Kind.LOGIN, session.key, session.user), charges)
            session.refused = refused

    def _give_up(self, session: Session, charges: list[Charge]) -> None:
        """The end of `session` (no longer open) was not logged: charge it with the stamp of its last line."""
        self._close(session, session.last, session.likely or Reason.EXPIRED, charges)
        self._memory.give_up((session.server, session.key), session)
