"""Lines per CPU second over the log of a Dovecot with default settings that is under attack; as tests/bench/lines.py.

    .venv/bin/python -m tests.bench.attack [LINES] [ROUNDS]

A quarter of the lines are other services'; 10 % are refusals of an `auth-worker`, each with the end of its connection;
ends tell no bytes; half of the addresses are new. 4,300 users in 400 domains.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

from exporter.demo.traffic import HOST, iso
from tests.bench.lines import DAY, compare

USERS, DOMAINS = 4_300, 400
REFUSED, OTHERS = 0.27, 0.25  # of the connections, of the lines
_WORKER = "auth-worker(%d): Info: conn unix:auth-worker (pid=%d,uid=97): auth-worker<%d>: sql(%s,%s,<%s>): %s"


def write_log(path: Path, count: int) -> None:
    """A day of the host, ending now: `count` lines."""
    dice = Random(2)
    end = int(time.time())
    found: list[tuple[float, str]] = []
    while len(found) < count * (1 - OTHERS):
        start = end - dice.random() * DAY
        found += _attempt(dice, start) if dice.random() < REFUSED else _session(dice, start)
    while len(found) < count:
        found.append((end - dice.random() * DAY, _other(dice)))
    lines = (f"{iso(stamp)} {HOST} {text}\n" for stamp, text in sorted(found)[:count])
    path.write_text("".join(lines), encoding="utf-8")


def _session(dice: Random, start: float) -> Iterator[tuple[float, str]]:
    """A login and its end, without bytes."""
    user, address, key, pid = _user(dice), _address(dice), _key(dice), dice.randint(1_000, 99_999)
    peer = f"user=<{user}>, method=PLAIN, rip={address}, lip=192.0.2.1, mpid={pid}, TLS, session=<{key}>"
    yield start, f"dovecot: pop3-login: Login: {peer}"
    fetched = dice.choice((0, 0, 0, 1, 2))
    reason = dice.choice(("Logged out", "Logged out", "Logged out", "Connection closed"))
    text = f"top=0/0, retr={fetched}/{fetched * 9_000}, del=0/{dice.randint(1, 900)}, size={dice.randint(1, 9_999_999)}"
    yield start + 0.3, f"dovecot: pop3({user})<{pid}><{key}>: Disconnected: {reason} {text}"


def _attempt(dice: Random, start: float) -> Iterator[tuple[float, str]]:
    """A password tried, and the end of its connection."""
    known = dice.random() < 0.4
    user = _user(dice) if known else f"{dice.choice(('admin', 'info', 'test'))}{dice.randrange(5_000)}@{_domain(dice)}"
    address, key, worker = _address(dice), _key(dice), dice.randint(1_000, 9_999)
    told = "Password mismatch" if known else "unknown user"
    yield start, "dovecot: " + _WORKER % (worker, worker - 9, dice.randint(1, 99), user, address, key, told)
    text = "Disconnected: Connection closed (auth failed, 1 attempts in 2 secs)"
    yield (
        start + 2,
        f"dovecot: pop3-login: {text}: user=<{user}>, method=PLAIN, rip={address}, lip=192.0.2.1, TLS, session=<{key}>",
    )


def _other(dice: Random) -> str:
    kind, address = dice.randrange(4), _address(dice)
    if kind == 0:
        return f"dovecot: imap-login: Login: user=<{_user(dice)}>, method=PLAIN, rip={address}, session=<{_key(dice)}>"
    if kind == 1:
        return f"dovecot: lmtp({_user(dice)})<{dice.randint(1_000, 99_999)}><{_key(dice)}>: saved mail to INBOX"
    if kind == 2:
        return f"postfix/smtpd[{dice.randint(1_000, 9_999)}]: connect from unknown[{address}]"
    return f"postfix/qmgr[812]: {dice.randbytes(5).hex().upper()}: removed"


def _user(dice: Random) -> str:
    number = dice.randrange(USERS)
    return f"user{number}@domain{number % DOMAINS}.example"


def _domain(dice: Random) -> str:
    return f"domain{dice.randrange(DOMAINS)}.example"


def _address(dice: Random) -> str:
    """Of a customer, or one that nobody has seen."""
    if dice.random() < 0.5:
        number = dice.randrange(USERS)
        return f"198.18.{number // 250}.{number % 250 + 1}"
    return ".".join(str(dice.randint(1, 250)) for _ in range(4))


def _key(dice: Random) -> str:
    return dice.randbytes(9).hex()[:16]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500_000
    compare(write_log, count, int(sys.argv[2]) if len(sys.argv) > 2 else 5)


if __name__ == "__main__":
    main()
