"""Finds the connection of a line after the login without a known key: by process, else by user and order.

How servers name a connection depends on their settings: Dovecot's login line may have a session id and the end line
none, or the reverse; both have the process id (`mpid=` and the prefix); the mail process of 2.2 logs only its user.
"""

from collections.abc import Iterable, Iterator

from exporter.model import Fact, Kind
from exporter.sessions.session import Session

# Two processes write the two lines of a very short session, so the login may be logged after the end.
TURNED_SECONDS = 2
# How many logins of one user or process are searched, newest first; nobody has more open at once.
LOOKED_AT = 1_000

Owner = tuple[str, bytes]


class Joins:
    """Logged-in sessions by process and by user, and ends that came before the login.

    Only sessions whose login had no key are held, until a line after a login has no key: then all of them are
    (`holds_all`).
    """

    def __init__(self) -> None:
        self.holds_all = False
        self.early: dict[Owner, Session] = {}
        self._sessions: dict[tuple[str, str, bytes], list[Session]] = {}
        # The sessions without a process, which a line with a process may belong to as well.
        self._without_process: dict[tuple[str, str, bytes], list[Session]] = {}

    def __bool__(self) -> bool:
        return self.holds_all or bool(self._sessions or self.early)

    def add(self, session: Session) -> None:
        """Hold a session that has just logged in, if later lines may need it."""
        if self.holds_all or is_made(session.key):
            for name in _names(session.server, session.process, session.user):
                self._sessions.setdefault(name, []).append(session)
                if session.process is None:
                    self._without_process.setdefault(name, []).append(session)

    def find(self, server: str, fact: Fact) -> Session | None:
        """The session that a line after the login belongs to: the best match, of equal ones the oldest."""
        best: Session | None = None
        rank: tuple[int, ...] = ()
        for name in _names(server, fact.process, fact.user):
            held = self._without_process if fact.process is not None and name[1] == "user" else self._sessions
            for session in held.get(name, ())[-LOOKED_AT:]:
                found = _likeness(session, fact)
                if found > rank:
                    best, rank = session, found
        return best

    def may_have(self, server: str, stamp: int, process: bytes, user: bytes) -> bool:
        """Whether a login of the process, whose line has no key, may be one that is known already."""
        if self._without_process or any(
            stamp <= one.last for one in self._sessions.get((server, "process", process), ())
        ):
            return True
        early = map(self.early.get, _owners(server, process, user)) if self.early else ()
        return any(one is not None and abs(stamp - one.last) <= TURNED_SECONDS for one in early)

    def served(self, server: str, process: bytes, key: bytes) -> Session | None:
        """The only session that the process serves; None: `find` has to choose, or there is none."""
        if self._without_process:
            return None
        held = self._sessions.get((server, "process", process), ())[-LOOKED_AT:]
        living = [one for one in held if not one.ended]
        if len(living) != 1 or not is_made(living[0].key) or living[0].alias not in {b"", key}:
            return None
        return living[0]

    def add_early(self, session: Session) -> None:
        """Hold a session whose end came first: the line of its login may follow."""
        for owner in _owners(session.server, session.process, session.user):
            self.early[owner] = session

    def find_early(self, server: str, fact: Fact, stamp: int) -> Session | None:
        """The session that has just ended without the login that `fact` at `stamp` shows, if there is one."""
        for owner in _owners(server, fact.process, fact.user):
            session = self.early.get(owner)
            if session is not None and abs(stamp - session.last) <= TURNED_SECONDS and _may_be_one(session, fact):
                self._forget_early(session)
                return session
        return None

    def _forget_early(self, session: Session) -> None:
        for owner in _owners(session.server, session.process, session.user):
            self.early.pop(owner, None)

    def keep(self, sessions: Iterable[Session]) -> None:
        """Forget all except these."""
        self._sessions.clear()
        self._without_process.clear()
        self.early.clear()
        for session in sessions:
            if session.early:
                self.add_early(session)
            elif session.logged_in and not session.tentative:
                self.add(session)


def made_key(owner: bytes, number: int) -> bytes:
    """A key for a connection whose lines have none; no key of a server begins with NUL."""
    return b"\0%b\0%d" % (owner, number)


def is_made(key: bytes) -> bool:
    """Whether the key is one of ours."""
    return key.startswith(b"\0")


def _names(server: str, process: bytes | None, user: bytes | None) -> Iterator[tuple[str, str, bytes]]:
    if process is not None:
        yield server, "process", process
    if user is not None:
        # The user database may add or remove the domain of a name, and change its case.
        yield server, "user", user.partition(b"@")[0].lower()


def _owners(server: str, process: bytes | None, user: bytes | None) -> Iterator[Owner]:
    for _, kind, name in _names(server, process, user):
        yield server, kind.encode() + b" " + name


def _may_be_one(session: Session, fact: Fact) -> bool:
    """Whether the two differ in nothing that both have."""
    key = b"" if is_made(session.key) else session.key
    key = key or session.alias
    if fact.key and key and fact.key != key:
        return False
    return fact.process is None or session.process is None or fact.process == session.process


def _likeness(session: Session, fact: Fact) -> tuple[int, ...]:
    """How well the session matches the line, for comparison; empty: it does not."""
    if not _may_be_one(session, fact):
        return ()
    same_process = fact.process is not None and fact.process == session.process
    name = _same_name(session.user, fact.user)
    known = same_process or (fact.key is not None and fact.key == session.alias)
    if not known and (not name or (session.ended and fact.kind is Kind.END)):
        return ()
    near = fact.address is not None and fact.address == session.address
    return (1 + known, near, not session.ended, name)


def _same_name(one: bytes | None, other: bytes | None) -> int:
    """2: the same name; 1: the same but for case or a domain that only one of them has; 0: another name."""
    if one is None or other is None:
        return 0
    if one == other:
        return 2
    local, _, domain = one.lower().partition(b"@")
    other_local, _, other_domain = other.lower().partition(b"@")
    if domain == other_domain:
        return int(local == other_local)
    return int(local == other_local and not (domain and other_domain))
