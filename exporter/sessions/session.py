"""What is known of one connection between its lines, and how it survives a restart."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from exporter.catalogue import Reason
from exporter.model import Account, SavedSession

# A connection may try any number of names; beyond this number, failures go to `unknown`. Names are stored again with
# each commit that adds one, so their bytes are bounded, too.
MAX_NAMES = 64
MAX_NAMES_BYTES = 2_048
# Dovecot answers a refused attempt after 2 s (auth_failure_delay).
ATTEMPT_SECONDS = 2


class Session:
    """One connection: mutable, owned by `Sessions`.

    `account`: None until it is charged. `attempts`: lines of refused attempts seen so far; `summed`: the server's own
    count at the end. `failed`: refused attempts not charged yet, by name; `doubtful`: those that a login of the same
    name takes back. `received`, `sent`, `bad_commands`: totals of the connection so far. `deadline`: log time at which
    it is given up. `tentative`: no line has shown yet that this is a connection. `closing`: the end that a tentative
    one will have. `final`: its key is used by others now. `by_address`: lines may name it by its address. `verb`,
    `mechanism`, `quitting`: of the dialogue. `process`: the server process since the login. `alias`: the key that later
    lines use, if the login had none. `early`: it has ended, and no line of its login was seen yet. `likely`: why it
    ended, unless a line of its own says so. `tried`: when a database last refused an attempt.
    """

    # Most sessions need few of these. Defaults are class attributes, because setting them on each session costs more.
    account: Account | None = None
    user: bytes | None = None
    address: bytes | None = None
    attempts = 0
    summed = 0
    tried = 0
    failed: dict[bytes | None, int] | None = None
    doubtful: dict[bytes, int] | None = None
    refused: Reason | None = None
    bad_commands = 0
    received = 0
    sent = 0
    logged_in = False
    ended = False
    tentative = False
    quitting = False
    closing: Reason | None = None
    likely: Reason | None = None
    final = False
    by_address = False
    early = False
    process: bytes | None = None
    alias = b""
    verb = b""
    mechanism = b""

    def __init__(self, server: str, key: bytes, stamp: int, deadline: int) -> None:
        self.server = server
        self.key = key
        self.last = stamp
        self.deadline = deadline

    def touch(self, stamp: int, idle_seconds: int) -> None:
        """A line was seen: restart the idle time at the newest one."""
        if stamp > self.last:  # noqa: PLR1730 - the hot path: max() takes three times as long
            self.last = stamp
        self.deadline = self.last + idle_seconds

    def fail(self, user: bytes | None, count: int = 1) -> None:
        """Remember refused attempts of `user` until the connection is charged."""
        failed = self.failed
        if not failed:
            self.failed = {user: count}
            return
        if user is not None and user not in failed and _is_full(failed, user):
            user = None
        failed[user] = failed.get(user, 0) + count

    def doubt(self, user: bytes) -> None:
        """Remember that a failure of `user` may be that of one database, and others are still to be asked."""
        doubtful = self.doubtful
        if not doubtful:
            self.doubtful = {user: 1}
        elif user in doubtful or not _is_full(doubtful, user):
            doubtful[user] = doubtful.get(user, 0) + 1

    def is_same_attempt(self, stamp: int, user: bytes | None) -> bool:
        """Whether one more database refused the same attempt: a client must wait longer before it tries again."""
        return self.tried > 0 and self.user == user and 0 <= stamp - self.tried < ATTEMPT_SECONDS

    def refuse_finally(self, user: bytes | None) -> None:
        """The last attempt of `user`, unknown to one database, was refused by another."""
        if self.doubtful and user is not None and self.doubtful.get(user):
            self.doubtful[user] -= 1

    def accept(self, user: bytes | None, stamp: int) -> None:
        """The credentials of `user` were right: what one database refused, another accepted."""
        if not self.failed or user is None:
            return
        count = self.doubtful.pop(user, 0) if self.doubtful else 0
        if self.is_same_attempt(stamp, user):
            count = max(count, 1)
        self.failed[user] = self.failed.get(user, 0) - count
        if self.failed[user] <= 0:
            del self.failed[user]

    def save(self) -> SavedSession:
        """The session as values for JSON; only those that differ from a new one."""
        data: dict[str, Any] = {"last": self.last, "deadline": self.deadline}
        for field, value in vars(self).items():
            if value:
                stored = _STORED.get(type(value))
                data[field] = value if stored is None else stored(value)
        del data["server"], data["key"]  # the columns have them
        return SavedSession(self.server, self.key, data)


def _is_full(names: Iterable[bytes | None], name: bytes) -> bool:
    """Whether there is no room for another name."""
    known = [len(one or b"") for one in names]
    return len(known) >= MAX_NAMES or (bool(known) and sum(known) + len(name) > MAX_NAMES_BYTES)


Intern = Callable[[str, str, str | None], Account]
_REASONS = ("refused", "closing", "likely")
_RENAMED = {"presumed": "likely"}  # of older versions
_BYTES = ("user", "address", "verb", "mechanism", "process", "alias")
_PLAIN = (
    "attempts",
    "summed",
    "tried",
    "bad_commands",
    "received",
    "sent",
    "logged_in",
    "ended",
    "tentative",
    "quitting",
    "final",
    "by_address",
    "early",
)


def load(saved: SavedSession, intern: Intern) -> Session:
    """The session that `Session.save` wrote; `intern` returns the one Account of (server, domain, user)."""
    data = {_RENAMED.get(field, field): value for field, value in saved.data.items()}
    session = Session(saved.server, saved.key, data["last"], data["deadline"])
    if "account" in data:
        domain, user = data["account"]
        session.account = intern(saved.server, domain, user)
    if "failed" in data:
        session.failed = {_name(name): count for name, count in data["failed"]}
    if "doubtful" in data:
        session.doubtful = {_name(name) or b"": count for name, count in data["doubtful"]}
    for field in _REASONS:
        if field in data:
            setattr(session, field, Reason(data[field]))
    for field in _BYTES:
        if field in data:
            setattr(session, field, _name(data[field]))
    for field in _PLAIN:
        if field in data:
            setattr(session, field, data[field])
    return session


def _text(name: bytes | None) -> str | None:
    return None if name is None else name.decode("utf-8", "surrogateescape")


def _counted(names: Mapping[bytes | None, int]) -> list[list[Any]]:
    return [[_text(name), count] for name, count in names.items()]


# How values of each type are stored, if not as they are.
_STORED: Final[Mapping[type, Callable[[Any], Any]]] = {
    bytes: _text,
    dict: _counted,
    Account: lambda account: [account.domain, account.user],
    Reason: lambda reason: reason.value,
}


def _name(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogateescape")
