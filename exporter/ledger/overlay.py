"""What the journal adds to the tables, for readers: temporary tables and views of the connection.

They have the names of the ledger's tables and so stand before them: every query sees what it would see if the tables
were brought up, and the file stays as it is. They hold for one commit, so they are made anew within the transaction
that reads it. Sessions are left out: nobody but the daemon reads them.
"""

# ruff: noqa: S608 - names of tables and columns are from the lists here
import sqlite3
from typing import Any

from exporter.ledger import schema
from exporter.ledger.replaying import replayed
from exporter.ledger.sources import KEYS
from exporter.ledger.state import State
from exporter.periods import Calendar

# Tables of which only the rows that change are made anew, and by which columns a row is known.
_PARTLY = {
    "keys": ("id",),
    "book": ("day", "key"),
    "hours": ("hour", "key"),
    "networks": ("key", "network"),
    "last_logins": ("key",),
    "failed_names": ("day", "server", "name"),
}
# Small ones are copied.
_WHOLE = ("ends", "quality", *KEYS)


class Overlay:
    """Of one connection, whose temporary tables it uses."""

    def __init__(self, connection: sqlite3.Connection, calendar: Calendar, path: str) -> None:
        self._connection = connection
        self._calendar = calendar
        self._path = path
        self._stands_for: tuple[Any, ...] = ()
        self._made: list[str] = []

    def renew(self) -> None:
        """Let queries within the open transaction see tables and journal."""
        if not schema.has_journal(self._connection):
            return
        rows = self._connection.execute("SELECT min(number), max(number) FROM main.journal").fetchone()
        if rows == self._stands_for:
            return
        self._drop()
        self._make()
        self._stands_for = rows

    def _drop(self) -> None:
        for kind_and_name in reversed(self._made):
            self._connection.execute(f"DROP {kind_and_name}")
        self._made = []

    def _make(self) -> None:
        connection = self._connection
        state = replayed(connection, self._calendar, self._path, sessions=False)
        if state is None:
            return
        for name, statements in schema.TABLES.items():
            if name in _PARTLY or name in _WHOLE:
                self._create(name, statements)
        self._copy(state)
        state.write(connection)
        for table, columns in _PARTLY.items():
            self._join(table, columns)

    def _create(self, table: str, statements: tuple[str, ...]) -> None:
        for statement in statements:
            self._connection.execute(
                statement.replace("CREATE TABLE ", "CREATE TEMP TABLE ").replace("CREATE INDEX ", "CREATE INDEX temp.")
            )
        self._made.append(f"TABLE temp.{table}")

    def _copy(self, state: State) -> None:
        """What the writing needs to find in the tables: small ones, keys that change, rows that late lines raise."""
        many = self._connection.executemany
        for table in _WHOLE:
            self._connection.execute(f"INSERT INTO temp.{table} SELECT * FROM main.{table}")
        changed = [(state.entries[labels].key, touched) for labels, touched in state.unfolded.keys.items()]
        late_days = [(key,) for key, touched in changed if touched.days.late]
        late_hours = [(key,) for key, touched in changed if touched.hours and touched.hours.late]
        many("INSERT INTO temp.keys SELECT * FROM main.keys WHERE id = ?", [(key,) for key, _ in changed])
        # New ids follow the newest.
        self._connection.execute(
            "INSERT OR IGNORE INTO temp.keys SELECT * FROM main.keys WHERE id = (SELECT max(id) FROM main.keys)"
        )
        many("INSERT INTO temp.book SELECT * FROM main.book WHERE key = ?", late_days)
        many("INSERT INTO temp.hours SELECT * FROM main.hours WHERE key = ?", late_hours)
        days = {(day,) for day, *_ in state.unfolded.failed}
        many("INSERT INTO temp.failed_names SELECT * FROM main.failed_names WHERE day = ?", days)

    def _join(self, table: str, columns: tuple[str, ...]) -> None:
        """Let the table be read as its rows that did not change, and those that did."""
        same = " AND ".join(f"new.{column} = old.{column}" for column in columns)
        self._connection.execute(f"ALTER TABLE temp.{table} RENAME TO changed_{table}")
        self._connection.execute(
            f"CREATE TEMP VIEW {table} AS SELECT * FROM main.{table} AS old"
            f" WHERE NOT EXISTS (SELECT 1 FROM temp.changed_{table} AS new WHERE {same})"
            f" UNION ALL SELECT * FROM temp.changed_{table}"
        )
        self._made[self._made.index(f"TABLE temp.{table}")] = f"TABLE temp.changed_{table}"
        self._made.append(f"VIEW temp.{table}")
