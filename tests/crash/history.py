"""A small log that makes every kind of statement, and how it is read into a ledger, commit by commit."""

from collections.abc import Callable
from pathlib import Path

from exporter.catalogue import CONNECTIONS, LOGIN_FAILURES, LOGINS, SENT_BYTES, Quality, Reason
from exporter.ledger import Keep, Ledger
from exporter.model import Charge, Position, SavedSession, SourceCheckpoint, SourceCount
from tests.ledger.books import contents

DAY = 86_400
NOW = 1_780_000_000 // DAY * DAY + 43_200
KEEP = Keep(days=3, hours_days=1, unseen_days=4)
CHUNK = 3
# Of five commits the tables are brought up before the third and the fifth, and when the ledger is closed.
JOURNAL_ROWS = 2

# Stamp (relative to NOW), user, whether it logged in: births, late lines, lines older than what is kept, hours of
# one day, a user to be forgotten (last seen long ago).
LOG: tuple[tuple[int, bytes | None, bool], ...] = (
    (-9 * DAY, b"gone@a", True),
    (-2 * DAY, b"alice@a", True),
    (-2 * DAY, b"eve@nowhere", False),
    (-DAY, b"alice@a", True),
    (-DAY, b"bob@b", True),
    (-3 * 3600, b"alice@a", True),
    (0, b"alice@a", True),
    (-DAY, b"alice@a", True),
    (-7 * DAY, b"bob@b", True),
    (1, None, False),
    (2, b"bob@b", True),
    (-5 * 3600, b"alice@a", True),
    (3, b"eve@a", False),
    (4, b"alice@a", True),
    (5, b"bob@b", True),
)


def open_ledger(path: Path) -> Ledger:
    """The ledger at `path`, as the reader of the log has it."""
    return Ledger.open(path, zone="Europe/Berlin", keep=KEEP, journal_rows=JOURNAL_ROWS, now=NOW)


def charge_of(ledger: Ledger, number: int) -> Charge:
    """What line `number` of the log charges."""
    offset, user, login = LOG[number]
    account = ledger.names.account("mx", user, login=login)
    result = LOGINS if login else LOGIN_FAILURES
    amounts = ((CONNECTIONS, 1), (SENT_BYTES, 1 << number), (result, 1))
    address = b"192.0.%d.1" % number if login else None
    return Charge(account, NOW + offset, amounts, Reason.LOGOUT, address, None if login else user)


def checkpoint_at(line: int) -> SourceCheckpoint:
    """What belongs to having read `line` lines: each has a session that is open until the next commit."""
    return SourceCheckpoint(
        positions=(Position(f"stream {line // 6}", "/var/log/mail.log", offset=line),),
        envelopes={f"stream {line // 6}": str(line)},
        opened=tuple(SavedSession("mx", b"%d" % n, {}) for n in range(line - CHUNK, line)),
        closed=tuple(("mx", b"%d" % n) for n in range(line - 2 * CHUNK, line - CHUNK)),
        counts=SourceCount(events=line, lines=line),
        last_events={"mx": NOW + LOG[line - 1][0]},
        open_sessions={("mx", "charged"): CHUNK, ("mx", "pending"): line % 2},
        quality={("mx", "sent_bytes"): Quality.EXACT if line > 6 else Quality.NONE},
        seen=line + line % 2,
        charged=line,
    )


def committed_lines(ledger: Ledger) -> int:
    """How much of the log was read at the last commit before the ledger was opened."""
    saved = ledger.restored("mail")
    return saved.positions[0].offset if saved else 0


def read_on(ledger: Ledger, shown: Callable[[int], None] = lambda _: None) -> None:
    """Read what is left of the log; `shown` hears how much of it each new view shows."""
    for start in range(committed_lines(ledger), len(LOG), CHUNK):
        ledger.book([charge_of(ledger, number) for number in range(start, start + CHUNK)])
        ledger.commit(NOW, {"mail": checkpoint_at(start + CHUNK)})
        shown(start + CHUNK)


def milestones(folder: Path) -> dict[int, dict[str, list[tuple[object, ...]]]]:
    """The contents after each commit, by lines read, without any crash; 0: a new ledger."""
    states: dict[int, dict[str, list[tuple[object, ...]]]] = {}
    for lines in range(0, len(LOG) + 1, CHUNK):
        ledger = open_ledger(folder / f"until-{lines}.sqlite")
        for start in range(0, lines, CHUNK):
            ledger.book([charge_of(ledger, number) for number in range(start, start + CHUNK)])
            ledger.commit(NOW, {"mail": checkpoint_at(start + CHUNK)})
        ledger.close()
        states[lines] = contents(ledger.path)
    return states
