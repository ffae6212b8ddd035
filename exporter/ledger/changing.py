"""Changing a ledger from the command line, while it is not in use."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from exporter.ledger import connection as files
from exporter.ledger import journal, schema, zones
from exporter.ledger.lock import Lock
from exporter.ledger.replaying import replayed


@contextmanager
def changing(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that changes an existing ledger, with an empty journal; properly closed afterwards."""
    files.refuse_unreadable(path)
    with (
        Lock(path) as lock,
        closing(files.open_for_writing(path, had=lock.commits)) as connection,
        files.explained(path),
    ):
        _bring_up(connection, path)
        yield connection


def _bring_up(connection: sqlite3.Connection, path: Path) -> None:
    """Move to the tables what a killed daemon has left in the journal."""
    state = replayed(connection, zones.calendar_of(zones.load(connection)), str(path), sessions=True)
    if state is not None:
        connection.execute("BEGIN IMMEDIATE")
        state.write(connection)
        schema.set_meta(connection, "commits", str(schema.commits(connection)))
        journal.clear(connection)
        connection.execute("COMMIT")
