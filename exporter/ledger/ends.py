"""How often connections ended for each reason; only for reasons that occurred."""

import sqlite3
from collections.abc import Mapping

from exporter.catalogue import Reason

_ADD = "INSERT INTO ends VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count"


def load(connection: sqlite3.Connection) -> dict[tuple[str, Reason], int]:
    """Counts by server and reason."""
    query = "SELECT server, reason, count FROM ends"
    return {(server, Reason(reason)): count for server, reason, count in connection.execute(query)}


def write(connection: sqlite3.Connection, ends: Mapping[tuple[str, str], int]) -> None:
    """Add ends."""
    connection.executemany(_ADD, [(server, str(reason), count) for (server, reason), count in ends.items()])
