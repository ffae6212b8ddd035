"""The two transactions of an open ledger: a commit (a row of the journal), and an update of the tables."""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from exporter.ledger import journal, schema, upkeep
from exporter.ledger.entries import Horizon
from exporter.ledger.guard import Guard
from exporter.ledger.journal import Commit
from exporter.ledger.state import State
from exporter.ledger.upkeep import Progress

# The tables are brought up when the journal has so many rows or bytes: both bound what a start and a reader have to
# take in, and the fewer sessions reach a table the longer it waits (they are kept for half a minute after their end).
ROWS = 60
BYTES = 8 << 20

Labels = tuple[str, ...]


class Limits(NamedTuple):
    """What to keep: days and hours, and users seen since (UNIX seconds)."""

    horizon: Horizon
    unseen_since: int


class Writer:
    """Knows how much the journal has, and how many commits there were; `rows`: after how many it is full."""

    def __init__(self, path: Path, connection: sqlite3.Connection, rows: int) -> None:
        self.commits = schema.commits(connection)
        self._rows, self._bytes = 0, 0
        self._full = rows
        self._guard = Guard(path, connection)
        self._progress = Progress()

    @property
    def is_full(self) -> bool:
        """Whether the tables must be updated before another commit."""
        return self._rows >= self._full or self._bytes >= BYTES

    @property
    def is_empty(self) -> bool:
        """Whether the journal is empty."""
        return not self._rows

    def found(self, lines: Sequence[journal.Line]) -> None:
        """Set the size of the existing journal."""
        self._rows, self._bytes = len(lines), sum(line.size for line in lines)

    def append(self, connection: sqlite3.Connection, commit: Commit, end: str = "COMMIT") -> None:
        """Make a commit durable; with `end` ROLLBACK nothing is written, and raised is what would be."""
        line = journal.line_of(self.commits + 1, commit)
        self.guarded(connection, lambda: journal.append(connection, line), end)
        if end == "COMMIT":
            self.commits += 1
            self._rows, self._bytes = self._rows + 1, self._bytes + line.size

    def fold(
        self, connection: sqlite3.Connection, state: State, limits: Limits
    ) -> tuple[dict[Labels, int], list[Labels]]:
        """Update the tables from the state and clear the journal, in one transaction. For `State.written`."""
        born: dict[Labels, int] = {}
        forgotten: list[Labels] = []
        progress = self._progress

        def work() -> None:
            nonlocal progress
            born.update(state.write(connection))
            progress, users = upkeep.tend(connection, self._progress, *limits)
            forgotten.extend(users)
            journal.clear(connection)
            schema.set_meta(connection, "commits", str(self.commits))

        self.guarded(connection, work)
        self._progress = progress
        self._rows, self._bytes = 0, 0
        return born, forgotten

    def guarded(self, connection: sqlite3.Connection, work: Callable[[], None], end: str = "COMMIT") -> None:
        """Do the work in one transaction, after checking that no other program has changed the ledger."""
        self._guard.files()
        connection.execute("BEGIN IMMEDIATE")
        try:
            self._guard.writers()
            work()
            connection.execute(end)
        except BaseException:
            # An error of COMMIT means that this connection does not see it as done, so that it may be repeated.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
