"""What the sessions stage remembers, all of it bounded, and what of it is stored."""

from collections.abc import Iterable, Sequence
from itertools import islice

from exporter.keys import Keys
from exporter.model import SavedSession
from exporter.sessions.joins import TURNED_SECONDS
from exporter.sessions.session import Intern, Session, load

Place = tuple[str, bytes]

# Lines of other processes may follow the end (Cyrus' audit line, Dovecot's `Logged in:` of a very short session).
LINGER_SECONDS = 30
# A session that was given up may still log its end: a download of hours has no line in between.
GIVEN_UP_SECONDS = 86_400
MAX_WAITING = 10_000
MAX_LINGERING = 4_096
MAX_GIVEN_UP = 10_000
MAX_RENAMED = 4_096

# How long keys of ended connections are remembered, twice, to recognise duplicates.
TOLD_KEPT = 16_384


class Memory:
    """All sessions by (server, key).

    `open` sessions, `waiting` ones that may be no connections, `lingering` ones that have just ended, and `given_up`
    ones that never logged an end. `touched`: changed since the last `changes`.
    """

    def __init__(self) -> None:
        self.open: dict[Place, Session] = {}
        self.waiting: dict[Place, Session] = {}
        self.lingering: dict[Place, Session] = {}
        self.given_up: dict[Place, Session] = {}
        # By the key under which they began, those that have got another one; until a restart.
        self.renamed: dict[Place, Session] = {}
        self.touched: set[Place] = set()
        self._stored: set[Place] = set()
        # Set with the format; if ids are never used again: the hashes of those that have ended, and when.
        self.keys = Keys()
        self._told: dict[int, int] = {}
        self._told_before: dict[int, int] = {}
        # A line with a newer stamp cannot be a duplicate, so it is not searched for.
        self.newest_told = 0
        # Given-up connections were forgotten: a line before this log time may still belong to one of them.
        self.forgotten_until = 0

    def knows(self, place: Place) -> bool:
        """Whether a connection with this key is open, waiting, or has just ended."""
        return place in self.open or place in self.waiting or place in self.lingering or place in self.given_up

    def get(self, place: Place) -> Session | None:
        """The session with this key, in any state."""
        open_sessions, waiting = self.open, self.waiting
        return open_sessions.get(place) or waiting.get(place) or self.lingering.get(place) or self.given_up.get(place)

    def told_until(self, place: Place) -> int | None:
        """When the connection with this key ended, if keys are seldom reused; None: unknown."""
        number = hash(place)
        return self._told.get(number, self._told_before.get(number))

    def has_told(self, place: Place, stamp: int) -> bool:
        """Whether the line at `stamp` is one of a connection with this key that has ended, told a second time."""
        if stamp > self.newest_told + TURNED_SECONDS:
            return False
        ended = self.told_until(place)
        return ended is not None and stamp <= ended + TURNED_SECONDS

    def linger(self, place: Place, session: Session) -> None:
        """Move an ended session to where late lines find it."""
        session.deadline = session.last + LINGER_SECONDS
        self.lingering[place] = session
        if len(self.lingering) > MAX_LINGERING:
            self._drop_oldest(self.lingering, MAX_LINGERING)

    def give_up(self, place: Place, session: Session) -> None:
        """Move a session that was given up to where its end finds it."""
        session.deadline = session.last + GIVEN_UP_SECONDS
        self.given_up[place] = session
        if len(self.given_up) > MAX_GIVEN_UP:
            self.forgotten_until = max(self.forgotten_until, session.deadline)
            self._drop_oldest(self.given_up, MAX_GIVEN_UP)

    def hasten(self, server: str, deadline: int) -> None:
        """Give up the open sessions of the server at `deadline`, if not before."""
        for place, session in self.open.items():
            if place[0] == server and deadline < session.deadline:
                session.deadline = deadline
                self.touched.add(place)

    def rename(self, place: Place, key: bytes) -> None:
        """Move the open session at `place` to `key`, which is not in use, if it has not logged in."""
        session = self.open.get(place)
        renamed = (place[0], key)
        if session is None or session.logged_in or renamed in self.open:
            return
        self.touched.update((place, renamed))
        session.key = key
        self.open[renamed] = self.open.pop(place)
        if len(self.renamed) >= MAX_RENAMED:
            self.renamed.clear()
        self.renamed[place] = session

    def forget_ended(self, now: int) -> None:
        """Drop ended sessions whose time is over."""
        for places in (self.lingering, self.given_up):
            self._drop(places, [place for place, session in places.items() if now > session.deadline])

    def _drop_oldest(self, places: dict[Place, Session], limit: int) -> None:
        """Drop a quarter at once: finding the oldest entry of a dict costs as much as was dropped from its front."""
        self._drop(places, list(islice(places, limit // 4)))

    def _drop(self, places: dict[Place, Session], old: Sequence[Place]) -> None:
        gone = list(map(places.pop, old))
        if self.keys.are_unique and places is self.lingering and gone:
            ended = dict(zip(map(hash, old), [session.last for session in gone], strict=True))
            ended.update((hash((one.server, one.alias)), one.last) for one in gone if one.alias)
            self._remember_told(ended)
        # A session that was never stored need not be removed: most connections begin and end between two commits.
        stored = self._stored.intersection(old)
        self.touched.difference_update(old)
        self.touched |= stored

    def _remember_told(self, ended: dict[int, int]) -> None:
        if len(self._told) >= TOLD_KEPT:
            self._told_before, self._told = self._told, {}
        self._told.update(ended)
        self.newest_told = max(self.newest_told, *ended.values())

    def living(self) -> Iterable[Session]:
        """The sessions that a line without a key of its own may belong to."""
        yield from self.open.values()
        yield from self.lingering.values()

    def changes(self) -> tuple[tuple[SavedSession, ...], tuple[Place, ...]]:
        """What to store and what to remove since the last call (or `restore`)."""
        opened = []
        closed = []
        opened_by, waiting, lingering, given_up = self.open.get, self.waiting.get, self.lingering.get, self.given_up.get
        for place in self.touched:
            session = opened_by(place) or waiting(place) or lingering(place) or given_up(place)
            if session is not None:
                opened.append(session.save())
                self._stored.add(place)
            elif place in self._stored:
                closed.append(place)
                self._stored.discard(place)
        self.touched.clear()
        return tuple(opened), tuple(closed)

    def restore(self, saved: Iterable[SavedSession], intern: Intern) -> None:
        """Continue from what `changes` returned; `intern(server, domain, user)` returns the Account."""
        for session in sorted((load(one, intern) for one in saved), key=lambda session: session.last):
            place = (session.server, session.key)
            self._stored.add(place)
            if session.ended:
                was_given_up = session.deadline - session.last > LINGER_SECONDS
                (self.given_up if was_given_up else self.lingering)[place] = session
            elif session.tentative:
                self.waiting[place] = session
            else:
                self.open[place] = session
