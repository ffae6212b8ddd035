"""What the tests of the ledger share: charges, crashes, and the book computed again from the charges."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from exporter.catalogue import CONNECTIONS, LOGIN_FAILURES, LOGINS, SCOPES, SENT_BYTES, ZERO, Quality, Reason
from exporter.ledger import Keep, Ledger
from exporter.ledger.reading import Reading
from exporter.ledger.writing import ROWS
from exporter.model import Account, Charge, Position, SavedSession, SourceCheckpoint, SourceCount
from exporter.names import NameRules
from exporter.periods import Calendar

Labels = tuple[str, ...]
Amounts = tuple[int, ...]
Book = dict[Labels, dict[int, Amounts]]

NOON = 1_780_000_000 // 86_400 * 86_400 + 43_200
DAY = 86_400


@contextmanager
def folder() -> Iterator[Path]:
    """A folder in memory where there is one: thousands of commits need no disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as name:
        yield Path(name)


def opened(
    path: Path,
    *,
    zone: str | None = "UTC",
    now: float = NOON,
    names: NameRules | None = None,
    keep: Keep | None = None,
    journal_rows: int = ROWS,
) -> Ledger:
    """The ledger in `path`, a folder or a file."""
    file = path / "ledger.sqlite" if path.is_dir() else path
    return Ledger.open(file, zone=zone, now=now, names=names, keep=keep, journal_rows=journal_rows)


def poll(account: Account, stamp: int, sent: int = 0) -> Charge:
    """A connection with its login, and bytes."""
    traffic = ((SENT_BYTES, sent),) if sent else ()
    return Charge(account, stamp, ((CONNECTIONS, 1), (LOGINS, 1), *traffic), Reason.LOGOUT, b"192.0.2.1")


def failure(account: Account, stamp: int, name: bytes | None = None) -> Charge:
    """A connection with a failed login."""
    return Charge(account, stamp, ((CONNECTIONS, 1), (LOGIN_FAILURES, 1)), name=name)


def amounts(**values: int) -> Amounts:
    """Totals by measure; what is not named is 0."""
    positions = {"connections": CONNECTIONS, "sent": SENT_BYTES, "logins": LOGINS, "failures": LOGIN_FAILURES}
    totals = list(ZERO)
    for name, value in values.items():
        totals[positions[name]] = value
    return tuple(totals)


def checkpoint(
    offset: int = 0,
    *,
    opened: Iterable[SavedSession] = (),
    closed: Iterable[tuple[str, bytes]] = (),
    counts: SourceCount | None = None,
    quality: Mapping[tuple[str, str], Quality] | None = None,
    last_events: Mapping[str, int] | None = None,
    open_sessions: Mapping[tuple[str, str], int] | None = None,
    seen: int = 0,
    charged: int = 0,
) -> SourceCheckpoint:
    """A source that has read to `offset`."""
    return SourceCheckpoint(
        positions=(Position("1", "/var/log/mail.log", 1, 2, 4, "ab", offset),),
        envelopes={"1": f"at {offset}"},
        opened=tuple(opened),
        closed=tuple(closed),
        counts=counts or SourceCount(events=offset, lines=offset),
        last_events=last_events or {},
        open_sessions=open_sessions or {},
        quality=quality or {},
        seen=seen,
        charged=charged,
    )


def offset_of(ledger: Ledger, source: str = "mail") -> int:
    """How far the ledger says that the source was read."""
    saved = ledger.restored(source)
    return saved.positions[0].offset if saved and saved.positions else 0


def crashed(ledger: Ledger, into: Path) -> Path:
    """What a power cut leaves of the ledger, in the new folder `into`: its files as they are now."""
    into.mkdir()
    for part in ledger.path.parent.glob(f"{ledger.path.name}*"):
        shutil.copy(part, into)
    ledger.close()
    return into / ledger.path.name


def computed(charges: Iterable[Charge], period_of: object) -> Book:
    """The book as the charges tell it: amounts by labels and period; `period_of` is a method of a Calendar."""
    assert callable(period_of)
    book: Book = {}
    for charge in charges:
        account = charge.account
        labels = (account.server, account.domain, account.user)
        period = period_of(charge.stamp)
        for scope in SCOPES:
            if scope is not SCOPES[-1] or account.user is not None:
                key = tuple(label or "" for label in labels[: len(scope.labels)])
                sums = list(book.setdefault(key, {}).get(period, ZERO))
                for measure, amount in charge.amounts:
                    sums[measure] += amount
                book[key][period] = tuple(sums)
    return book


def stored(path: Path, *, hours: bool = False) -> Book:
    """The book as the file has it: differences of rows."""
    with Reading(path) as reading:
        book: Book = {}
        for scope in SCOPES:
            for key in reading.keys(scope):
                before = ZERO
                for period, totals in reading.rows(key.id, -(1 << 62), 1 << 62, hours=hours):
                    book.setdefault(key.labels, {})[period] = tuple(map(int.__sub__, totals, before))
                    before = totals
        return book


def calendar(zone: str) -> Calendar:
    """The calendar of one zone."""
    return Calendar([(0, ZoneInfo(zone))])


def without_users(book: Book) -> Book:
    """Servers and domains only."""
    return {labels: periods for labels, periods in book.items() if len(labels) < len(SCOPES)}


def contents(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables of a closed ledger."""
    with closing(sqlite3.connect(path)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr) for table in sorted(tables)}
