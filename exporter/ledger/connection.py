"""Opens the file, as the only writer or for reading."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exporter.ledger import place, schema
from exporter.ledger.errors import LedgerError
from exporter.ledger.lock import UNTOLD, commits_beside

# Rows of some users out of many are written with every commit, each to a page of its own, and over and over: small
# pages and a long write-ahead file (16 MiB) mean fewer bytes to the disk, 2.4 times fewer than SQLite's defaults at
# 20,000 users (tests/bench/ledger.py).
PAGE_BYTES = 1_024
CHECKPOINT_PAGES = 16_000
READ_TIMEOUT_SECONDS = 10.0


def open_for_writing(path: Path, *, had: int | None = None) -> sqlite3.Connection:
    """A connection that writes durably; creates the ledger if there is none. LedgerError if it cannot be used.

    `had`: how many commits it had when it was last open, if it was not closed since (see lock.py).
    """
    if had == UNTOLD and path.stat().st_size and not place.beside(path, "-wal").exists():
        raise LedgerError(_torn(path))
    with explained(path):
        connection = sqlite3.connect(path, isolation_level=None, timeout=READ_TIMEOUT_SECONDS)
        try:
            _refuse_torn(connection, path, had)
            schema.prepare(_settled(connection), str(path), create=True)
        except BaseException:
            connection.close()
            raise
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing, also while a daemon writes; LedgerError if it cannot be used."""
    refuse_unreadable(path)
    place.refuse_stale_name(path)
    had = commits_beside(path)  # before the connection: a daemon goes on
    with explained(path):
        connection = _connect_readonly(path)
        try:
            _refuse_torn(connection, path, had)
            schema.prepare(connection, str(path), create=False)
        except BaseException:
            connection.close()
            raise
    return connection


def _refuse_torn(connection: sqlite3.Connection, path: Path, had: int | None) -> None:
    """LedgerError if the ledger has fewer commits than before, even if the write-ahead file was created again."""
    if had is None or had <= 0:
        return
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'meta'").fetchone()
    if (schema.commits(connection) if tables else 0) < had:
        raise LedgerError(_torn(path))


def _torn(path: Path) -> str:
    return (
        f"{path}: was not closed, and its write-ahead file {path.name}-wal with the newest commits is missing; put it"
        f" back, restore a backup, or remove {place.beside(path, '.lock')} to accept the loss"
    )


def exists(path: Path) -> bool:
    """Whether the file exists; LedgerError if this user cannot see that."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise LedgerError(f"{path}: {error.strerror}") from error
    return True


def refuse_unreadable(path: Path) -> None:
    """LedgerError if there is no file, or none that this user may read; it is not opened (that would end locks)."""
    closed = f"{path}: this user cannot read it; run the command as root (sudo) or as the exporter's user"
    try:
        mode = path.stat().st_mode
    except PermissionError as error:
        raise LedgerError(closed) from error
    except (OSError, ValueError) as error:
        raise LedgerError(f"{path}: no such ledger") from error
    if stat.S_ISDIR(mode):
        raise LedgerError(f"{path}: is a directory; name the ledger in it")
    if not stat.S_ISREG(mode):
        raise LedgerError(f"{path}: no such ledger")
    if not os.access(path, os.R_OK, effective_ids=os.access in os.supports_effective_ids):
        raise LedgerError(closed)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns SQLite's errors about the file at `path` into a LedgerError that says what to do.

    Errors about data or statements pass: they are bugs, and trying again does not help.
    """
    try:
        yield
    except (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError):
        raise
    except sqlite3.Error as error:
        raise LedgerError(f"{path}: {explanation(error)}{_whose(path, error)}") from error


def _whose(path: Path, error: sqlite3.Error) -> str:
    denied = getattr(error, "sqlite_errorname", "").startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN"))
    return place.ownership(path) if denied else ""


def explanation(error: sqlite3.Error) -> str:  # noqa: PLR0911 - a table
    """The error in words for people."""
    match getattr(error, "sqlite_errorname", "").removeprefix("SQLITE_").split("_")[0]:
        case "NOTADB":
            return "not a ledger of pop3-exporter; name another file"
        case "CORRUPT":
            return "damaged; restore a backup, or rebuild the totals with `pop3-exporter ledger restore`"
        case "FULL":
            return "the disk is full"
        case "READONLY":
            return "cannot be written (read-only file or file system)"
        case "CANTOPEN":
            return "cannot be opened; check that its directory exists and that this user can write to it"
        case "BUSY" | "LOCKED":
            return "locked by another program; close it and try again"
        case _:
            return f"cannot be used: {error}"


def _settled(connection: sqlite3.Connection) -> sqlite3.Connection:
    # Detect a foreign file before setting the journal mode would change it.
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application == schema.APPLICATION_ID or not tables:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")  # of a new file
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # names that were in the journal do not stay in free pages
    return connection


def _connect_readonly(path: Path) -> sqlite3.Connection:
    uri = path.absolute().as_uri() + "?mode=ro"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=READ_TIMEOUT_SECONDS)
    try:
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.Error as error:
        connection.close()
        if not isinstance(error, sqlite3.OperationalError):
            raise
        # A read-only directory has no room for the index of a write-ahead file; if there is no
        # such file, nothing is missed by reading without it.
        wal = place.beside(path, "-wal")
        if wal.exists() and wal.stat().st_size:
            raise
        connection = sqlite3.connect(uri + "&immutable=1", uri=True, isolation_level=None)
        connection.execute("PRAGMA temp_store = MEMORY")
    return connection
