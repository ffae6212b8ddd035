"""The tables of the ledger, and the migration of older ledgers.

`book` and `hours` hold running totals at the END of a period, with a row only for periods in which the key saw
something: the newest row is the counter, the newest row before today the hold, the difference of two rows the
history. Scopes are 0 server, 1 domain, 2 user. Days are ordinals of local dates, hours UNIX times of their begin.
"""

import sqlite3
from collections.abc import Callable, Mapping

from exporter.catalogue import MEASURES
from exporter.ledger import lastlogins
from exporter.ledger.errors import LedgerError

APPLICATION_ID = 0x504F5033  # "POP3" in the file's header
VERSION = 3

COLUMNS = tuple(measure.name for measure in MEASURES)
_TOTALS = ", ".join(f"{column} INTEGER NOT NULL DEFAULT 0" for column in COLUMNS)

# One row per commit, until the tables are updated from it; see journal.py.
JOURNAL = """CREATE TABLE journal (number INTEGER PRIMARY KEY, form INTEGER NOT NULL, book BLOB NOT NULL,
    sources BLOB NOT NULL, sessions BLOB NOT NULL)"""

# By table: what makes it, its indices last.
TABLES: Mapping[str, tuple[str, ...]] = {
    "keys": (
        """CREATE TABLE keys (id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, server TEXT NOT NULL,
        domain TEXT NOT NULL, user TEXT NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
        UNIQUE (scope, server, domain, user))""",
    ),
    "book": (
        f"""CREATE TABLE book (day INTEGER NOT NULL, key INTEGER NOT NULL, {_TOTALS},
        PRIMARY KEY (day, key)) WITHOUT ROWID""",
        "CREATE INDEX book_by_key ON book (key, day)",
    ),
    "hours": (
        f"""CREATE TABLE hours (hour INTEGER NOT NULL, key INTEGER NOT NULL, {_TOTALS},
        PRIMARY KEY (hour, key)) WITHOUT ROWID""",
        "CREATE INDEX hours_by_key ON hours (key, hour)",
    ),
    "ends": (
        """CREATE TABLE ends (server TEXT, reason TEXT, count INTEGER NOT NULL,
        PRIMARY KEY (server, reason)) WITHOUT ROWID""",
    ),
    "zones": ("CREATE TABLE zones (since INTEGER PRIMARY KEY, name TEXT NOT NULL)",),
    "quality": (
        """CREATE TABLE quality (source TEXT, server TEXT, measure TEXT, day INTEGER, quality TEXT NOT NULL,
        PRIMARY KEY (source, server, measure, day)) WITHOUT ROWID""",
    ),
    "failed_names": (
        """CREATE TABLE failed_names (day INTEGER, server TEXT, name TEXT, failures INTEGER NOT NULL,
        last INTEGER NOT NULL, PRIMARY KEY (day, server, name)) WITHOUT ROWID""",
    ),
    "networks": (
        """CREATE TABLE networks (key INTEGER, network BLOB, hour INTEGER NOT NULL,
        PRIMARY KEY (key, network)) WITHOUT ROWID""",
    ),
    "last_logins": (lastlogins.TABLE,),
    "positions": (
        """CREATE TABLE positions (source TEXT, stream TEXT, path TEXT, data TEXT NOT NULL,
        PRIMARY KEY (source, stream, path)) WITHOUT ROWID""",
    ),
    "envelopes": (
        """CREATE TABLE envelopes (source TEXT, stream TEXT, state TEXT NOT NULL,
        PRIMARY KEY (source, stream)) WITHOUT ROWID""",
    ),
    "sessions": (
        """CREATE TABLE sessions (source TEXT, server TEXT, key BLOB, data TEXT NOT NULL,
        PRIMARY KEY (source, server, key)) WITHOUT ROWID""",
    ),
    "open_sessions": (
        """CREATE TABLE open_sessions (source TEXT, server TEXT, state TEXT, number INTEGER NOT NULL,
        PRIMARY KEY (source, server, state)) WITHOUT ROWID""",
    ),
    "last_events": (
        """CREATE TABLE last_events (source TEXT, server TEXT, stamp INTEGER NOT NULL,
        PRIMARY KEY (source, server)) WITHOUT ROWID""",
    ),
    "sources": (
        """CREATE TABLE sources (source TEXT, counter TEXT, count INTEGER NOT NULL,
        PRIMARY KEY (source, counter)) WITHOUT ROWID""",
    ),
    "meta": ("CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",),
    "journal": (JOURNAL,),
}

# From version N to N + 1, at position N - 1: statements, all run in one transaction with the new version.
MIGRATIONS: tuple[tuple[str, ...], ...] = (lastlogins.MIGRATION, (JOURNAL,))


def prepare(connection: sqlite3.Connection, path: str, *, create: bool) -> None:
    """Make the open file a ledger of this version; LedgerError if it is not a ledger, or a newer one.

    A new or empty file becomes one when `create`; an older ledger is brought up in one transaction when `create`
    (that is: when it is opened for writing), and is read as it is otherwise.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != APPLICATION_ID and (tables or not create):
        raise LedgerError(f"{path}: not a ledger of pop3-exporter but another SQLite file; name another file")
    if application != APPLICATION_ID:
        _in_one(connection, _create)
        return
    version = version_of(connection)
    if version > VERSION:
        raise LedgerError(
            f"{path}: written by a newer pop3-exporter (schema {version}; this version knows {VERSION});"
            " upgrade pop3-exporter"
        )
    if version < VERSION and create:
        _in_one(connection, lambda open_one: _migrate(open_one, version))


def version_of(connection: sqlite3.Connection) -> int:
    """The schema version of a ledger."""
    return int(meta(connection, "schema", "0"))


def commits(connection: sqlite3.Connection) -> int:
    """How many commits the ledger has; a lost write-ahead file lowers it."""
    of_tables = int(meta(connection, "commits", "0"))
    newest = connection.execute("SELECT max(number) FROM journal").fetchone()[0] if has_journal(connection) else None
    return max(of_tables, newest or 0)


def has_journal(connection: sqlite3.Connection) -> bool:
    """Whether it has a journal: older ledgers that are only read have none."""
    return version_of(connection) > 2  # noqa: PLR2004 - the version that brought it


def storable(text: str) -> str:
    """A text that a column can store: bytes that are not Unicode (in file names) are escaped."""
    return text.encode("utf-8", "backslashreplace").decode()


def meta(connection: sqlite3.Connection, name: str, default: str) -> str:
    """A value of the table `meta`."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return str(row[0]) if row else default


def set_meta(connection: sqlite3.Connection, name: str, value: str) -> None:
    """Set a value of the table `meta`."""
    connection.execute("INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (name, value))


def _in_one(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], None]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        work(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _create(connection: sqlite3.Connection) -> None:
    for statements in TABLES.values():
        for statement in statements:
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    set_meta(connection, "schema", str(VERSION))


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    for statements in MIGRATIONS[version - 1 :]:
        for statement in statements:
            connection.execute(statement)
    set_meta(connection, "schema", str(VERSION))
