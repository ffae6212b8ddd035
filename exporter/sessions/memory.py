"""What the sessions stage remembers, all of it bounded, and what of it is stored."""

from collections.abc import Iterable
from itertools import islice

from exporter.model import SavedSession
from exporter.sessions.session import Intern, Session, load

Place = tuple[str, bytes]

# Lines of other processes may come after the end (Cyrus' audit line, Dovecot's `Logged in:` of a very short session).
LINGER_SECONDS = 30
# A session given up without an end may still write it: a download of hours has no line in between.
GHOST_SECONDS = 86_400
MAX_WAITING = 10_000
MAX_LINGERING = 4_096
MAX_GHOSTS = 10_000


class Memory:
    """All sessions by (server, key).

    `open` ones, `waiting` ones of which it is not certain that they are connections, `lingering` ones that have
    ended lately, `ghosts` that were given up. `touched`: changed since the last `changes`.
    """

    def __init__(self) -> None:
        self.open: dict[Place, Session] = {}
        self.waiting: dict[Place, Session] = {}
        self.lingering: dict[Place, Session] = {}
        self.ghosts: dict[Place, Session] = {}
        self.touched: set[Place] = set()
        self._stored: set[Place] = set()

    def linger(self, place: Place, session: Session) -> None:
        """The session has ended; late lines still find it."""
        session.deadline = session.last + LINGER_SECONDS
        self.lingering[place] = session
        if len(self.lingering) > MAX_LINGERING:
            self._drop_oldest(self.lingering, MAX_LINGERING)

    def haunt(self, place: Place, session: Session) -> None:
        """The session was given up; its end may still come."""
        session.deadline = session.last + GHOST_SECONDS
        self.ghosts[place] = session
        if len(self.ghosts) > MAX_GHOSTS:
            self._drop_oldest(self.ghosts, MAX_GHOSTS)

    def forget_ended(self, now: int) -> None:
        """Drop ended sessions whose time is over."""
        for places in (self.lingering, self.ghosts):
            for place in [place for place, session in places.items() if now > session.deadline]:
                del places[place]
                self._gone(place)

    def _drop_oldest(self, places: dict[Place, Session], limit: int) -> None:
        """A quarter at once: to find the oldest entry of a dict costs as much as was dropped from its front."""
        for place in list(islice(places, limit // 4)):
            del places[place]
            self._gone(place)

    def _gone(self, place: Place) -> None:
        """Nothing is to be removed where nothing was stored: most connections begin and end between two commits."""
        if place in self._stored:
            self.touched.add(place)
        else:
            self.touched.discard(place)

    def living(self) -> Iterable[Session]:
        """The sessions that a line without a key of its own can mean."""
        yield from self.open.values()
        yield from self.lingering.values()

    def changes(self) -> tuple[tuple[SavedSession, ...], tuple[Place, ...]]:
        """What to store and what to remove since the last call (or `restore`)."""
        opened = []
        closed = []
        opened_by, waiting, lingering, ghosts = self.open.get, self.waiting.get, self.lingering.get, self.ghosts.get
        for place in self.touched:
            session = opened_by(place) or waiting(place) or lingering(place) or ghosts(place)
            if session is not None:
                opened.append(session.save())
                self._stored.add(place)
            elif place in self._stored:
                closed.append(place)
                self._stored.discard(place)
        self.touched.clear()
        return tuple(opened), tuple(closed)

    def restore(self, saved: Iterable[SavedSession], intern: Intern) -> None:
        """Go on from what `changes` gave; `intern(server, domain, user)` gives the Account."""
        for session in sorted((load(one, intern) for one in saved), key=lambda session: session.last):
            place = (session.server, session.key)
            self._stored.add(place)
            if session.ended:
                is_ghost = session.deadline - session.last > LINGER_SECONDS
                (self.ghosts if is_ghost else self.lingering)[place] = session
            elif session.tentative:
                self.waiting[place] = session
            else:
                self.open[place] = session
