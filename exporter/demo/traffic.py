"""What a mail host of a few dozen users logs, as a pure function of time: the same window gives the same lines.

The wording is Dovecot 2.3.19's with `auth_verbose` and bytes in `pop3_logout_format`, in rsyslog's ISO envelope
(Debian 12), as real servers of that version wrote it.
"""

from base64 import b64encode
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import blake2b
from random import Random

HOUR = 3600
HOST = "mx1"
DOMAINS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "example.com",
        ("alice", "bob", "claire", "dmitri", "elena", "farid", "gina", "henrik", "ines", "jonas", "kira", "liam"),
    ),
    ("example.org", ("mara", "nils", "olga", "pavel", "quinn", "rosa", "stefan", "tove", "umar", "vera")),
    ("shop.example", ("orders", "returns", "ivan", "invoices", "warehouse", "marketing")),
    ("school.example", ("office", "library", "head", "sports", "music", "it")),
    ("club.example", ("board", "treasurer", "news")),
)
WILD = "ivan@shop.example"
STRANGERS = ("admin", "root", "test", "info@example.com", "sales@example.org", "postmaster@nowhere.example")
RUSH_SECONDS = 600
# One connection in so many ends otherwise than by QUIT.
FAILURE, ABORT, LIMIT, INACTIVE = 40, 60, 150, 200


@dataclass(frozen=True, slots=True)
class Habit:
    """How one account polls: every `interval` seconds while awake, from `address`."""

    user: str
    interval: int
    wakes: int
    sleeps: int
    address: str
    mailbox: int


@cache
def habits() -> tuple[Habit, ...]:
    """All accounts, each with a habit of its own that never changes."""
    found = []
    for number, (domain, names) in enumerate(DOMAINS):
        for place, name in enumerate(names):
            dice = _dice("habit", domain, name)
            address = f"198.51.{100 + number}.{10 + place}"
            interval = dice.choice((600, 900, 1200, 1800, 3600))
            night = dice.random() < 0.25  # noqa: PLR2004 - every fourth mailbox is polled by a machine
            wakes, sleeps = (0, 24) if night else (dice.randint(5, 8), dice.randint(17, 22))
            found.append(Habit(f"{name}@{domain}", interval, wakes, sleeps, address, dice.randint(20, 900)))
    return tuple(found)


def lines(begin: int, end: int, wild_since: int | None = None) -> list[str]:
    """What is logged from `begin` to before `end` (UNIX seconds), in order; `wild_since`: when WILD goes wild."""
    found: list[tuple[float, str]] = []
    for hour in range(begin // HOUR - 1, (end - 1) // HOUR + 1):
        for stamp, message in _hour(hour, wild_since):
            if begin <= int(stamp) < end:
                found.append((stamp, message))
    return [f"{iso(stamp)} {HOST} dovecot: {message}" for stamp, message in sorted(found)]


def _hour(hour: int, wild_since: int | None) -> Iterator[tuple[float, str]]:
    """Everything that begins in one hour; its last lines may reach into the next."""
    for habit in habits():
        yield from _polls(habit, hour)
    yield from _strangers(hour)
    if wild_since is not None and (hour + 1) * HOUR > wild_since:
        yield from _wild(hour, wild_since)


def _polls(habit: Habit, hour: int) -> Iterator[tuple[float, str]]:
    clock = hour % 24
    weekend = (hour // 24 + 3) % 7 > 4  # noqa: PLR2004 - 1 January 1970 was a Thursday
    if not habit.wakes <= clock < habit.sleeps or (weekend and habit.sleeps < 24):  # noqa: PLR2004
        return
    dice = _dice("polls", habit.user, str(hour))
    for number in range(HOUR // habit.interval):
        start = hour * HOUR + number * habit.interval + dice.random() * habit.interval
        yield from session(dice, start, habit.user, habit.address, habit.mailbox)


def _wild(hour: int, since: int) -> Iterator[tuple[float, str]]:
    """A stolen account: logins from all over the world, sixty a minute at first, then twenty, each fetching much."""
    parts = [(_dice("wild", str(hour)), 1200, hour * HOUR, HOUR)]
    if since // HOUR <= hour <= (since + RUSH_SECONDS) // HOUR:
        parts.append((_dice("rush", str(since)), 400, since, RUSH_SECONDS))
    for dice, number, begin, seconds in parts:
        for _ in range(number):
            start = begin + dice.random() * seconds
            address = f"203.0.{dice.randint(1, 250)}.{dice.randint(1, 250)}"
            found = session(dice, start, WILD, address, 400)
            if start >= since and start // HOUR == hour:
                yield from found
            else:
                _passed_over(found)


def _passed_over(session: Iterator[object]) -> None:
    """Throw the session's dice all the same: what follows does not depend on which part is asked for."""
    deque(session, maxlen=0)


def session(dice: Random, start: float, user: str, address: str, mailbox: int) -> Iterator[tuple[float, str]]:
    """The lines of one connection of `user` that begins at `start`."""
    token = b64encode(dice.randbytes(12)).decode()
    pid, port = dice.randint(1000, 99_999), dice.randint(20_000, 60_000)
    peer = f"rip={address}, rport={port}, lip=192.0.2.1, lport=995"
    if dice.randrange(FAILURE) == 0:
        yield from _failure(start, user, peer, token)
        return
    if dice.randrange(LIMIT) == 0:
        text = "Disconnected: Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)"
        yield start, f"pop3-login: {text}: user=<{user}>, method=PLAIN, {peer}, TLS, session=<{token}>"
        return
    yield start, f"pop3-login: Login: user=<{user}>, method=PLAIN, {peer}, mpid={pid}, TLS, session=<{token}>"
    fetched = dice.choice((0, 0, 0, 1, 1, 2, 5))
    size = sum(dice.randint(900, 60_000) for _ in range(fetched))
    received, sent = 30 + 8 * fetched, 90 + size + 30 * fetched
    reason = "Logged out"
    if dice.randrange(ABORT) == 0:
        reason = "Connection closed"
    elif dice.randrange(INACTIVE) == 0:
        reason = "Inactivity - no input for 600 secs"
    seconds = 600 if reason.startswith("Inactivity") else 0.2 + fetched * dice.random()
    traffic = f"top=0/0, retr={fetched}/{size}, del=0/{mailbox}, size={mailbox * 23_456}, deleted_bytes=0"
    tail = f"{traffic}, in={received}, out={sent}, rip={address}, session=<{token}>"
    yield start + seconds, f"pop3({user})<{pid}><{token}>: Disconnected: {reason} {tail}"


def _failure(start: float, user: str, peer: str, token: str) -> Iterator[tuple[float, str]]:
    address = peer.partition(",")[0].removeprefix("rip=")
    yield start, f"auth: passwd-file({user},{address},<{token}>): Password mismatch"
    text = "Disconnected: Connection closed (auth failed, 1 attempts in 2 secs)"
    yield start + 2, f"pop3-login: {text}: user=<{user}>, method=PLAIN, {peer}, TLS, session=<{token}>"


def _strangers(hour: int) -> Iterator[tuple[float, str]]:
    dice = _dice("strangers", str(hour))
    for _ in range(dice.randint(2, 9)):
        yield from strangers(dice, hour * HOUR + dice.random() * HOUR)


def strangers(dice: Random, start: float) -> Iterator[tuple[float, str]]:
    """A scanner: a name that nobody has, a connection without a word, or junk for a command; IMAP beside it."""
    token = b64encode(dice.randbytes(12)).decode()
    peer = f"rip=192.0.2.{dice.randint(20, 250)}, rport={dice.randint(1024, 65_000)}, lip=192.0.2.1, lport=110"
    kind = dice.randrange(4)
    if kind == 0:
        text = "Disconnected: Disconnected: Too many bad commands (no auth attempts in 0 secs)"
        yield start, f"pop3-login: {text}: user=<>, {peer}, session=<{token}>"
    elif kind == 1:
        text = "Disconnected: Connection closed (no auth attempts in 0 secs)"
        yield start, f"pop3-login: {text}: user=<>, {peer}, session=<{token}>"
    else:
        yield from _failure(start, dice.choice(STRANGERS), peer, token)
    yield start + 1, f"imap-login: Login: user=<alice@example.com>, method=PLAIN, {peer}, mpid=1, session=<i{token}>"


def _dice(*words: str) -> Random:
    return Random(int.from_bytes(blake2b(":".join(words).encode(), digest_size=8).digest()))  # noqa: S311 - a demo


def iso(stamp: float) -> str:
    """The stamp as rsyslog writes it."""
    return datetime.fromtimestamp(stamp, UTC).isoformat(timespec="microseconds")
