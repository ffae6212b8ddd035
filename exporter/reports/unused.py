"""Accounts without a login for a while."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from exporter.catalogue import OTHER, Scope
from exporter.ledger.reading import Reading
from exporter.reports.books import Book

DAY = 86_400
NOBODY = ("no users: nobody has logged in yet, or users.series is off",)
BEYOND = ("users beyond the limits are counted together and not listed",)


@dataclass(frozen=True, slots=True)
class UnusedAccount:
    """A user, its last login on any server (UNIX seconds), and how many whole days ago; None: never seen to log in."""

    user: str
    last_login: int | None
    days: int | None


@dataclass(frozen=True, slots=True)
class Unused:
    """Accounts unused for `days` or longer, longest first, out of `known`; `notes`: about the list."""

    days: int
    accounts: tuple[UnusedAccount, ...]
    known: int
    notes: tuple[str, ...] = ()


def unused(
    ledgers: Sequence[Reading],
    *,
    days: int,
    clock: float,
    domain: str | None = None,
    servers: Iterable[str] | None = None,
) -> Unused:
    """The known users whose last login was `days` times 24 hours ago at `clock`, or longer.

    A ledger knows only users that have logged in since its log begins, and listed ones.
    """
    chosen = None if servers is None else frozenset(servers)
    last: dict[str, int] = {}
    with ExitStack() as stack:
        books = [Book(stack.enter_context(ledger.unmoving())) for ledger in ledgers]
        for book in books:
            for key in book.reading.keys(Scope.USER, domain=domain):
                if chosen is None or key.labels[0] in chosen:
                    user = key.labels[-1]
                    last[user] = max(last.get(user, 0), book.last_logins.get(key.id, 0))
        beyond = last.pop(OTHER, None) is not None
        births = [
            key.first_seen for book in books for name, key in book.servers.items() if chosen is None or name in chosen
        ]
        zone = books[0].calendar.zone(int(clock)) if books else UTC
    told = _notes(min(births, default=clock), days, clock, zone) if last else NOBODY
    limit = int(clock) - days * DAY
    found = sorted((stamp, user) for user, stamp in last.items() if stamp <= limit)
    accounts = tuple(
        UnusedAccount(user, stamp or None, (int(clock) - stamp) // DAY if stamp else None) for stamp, user in found
    )
    return Unused(days, accounts, len(last), (*told, *(BEYOND if beyond else ())))


def _notes(begin: float, days: int, clock: float, zone: tzinfo) -> tuple[str, ...]:
    """Notes about what the list cannot contain."""
    day, length = f"{datetime.fromtimestamp(begin, zone):%Y-%m-%d}", int(clock - begin) // DAY
    missing = (
        f"accounts that have not logged in since the log begins ({day}) are not listed: compare with the mail server"
    )
    return (f"the log covers only {length} days: no login in it can be {days} days old", missing)[length >= days :]
