"""Names that failed to log in, by day: for `report --failed`, never labels. Bounded."""

import sqlite3
from collections.abc import Mapping

from exporter.catalogue import OTHER
from exporter.names import normalised
from exporter.periods import QUARTER_HOUR, Calendar

# New names a day and server; what comes after them that day is counted as `_other`.
NAMES_PER_DAY = 1_000
NAME_CHARACTERS = 255

_ADD = """INSERT INTO failed_names VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
    SET failures = failures + excluded.failures, last = max(last, excluded.last)"""


def write(
    connection: sqlite3.Connection, failures: Mapping[tuple[int, str, bytes | str], tuple[int, int]], calendar: Calendar
) -> None:
    """Add failures: (quarter of an hour, server, name) to (number, newest stamp)."""
    for (quarter, server, raw), (number, last) in failures.items():
        name = (raw if isinstance(raw, str) else normalised(raw))[:NAME_CHARACTERS]
        day = calendar.day(quarter * QUARTER_HOUR)
        if not _is_known(connection, day, server, name) and _names(connection, day, server) >= NAMES_PER_DAY:
            name = OTHER
        connection.execute(_ADD, (day, server, name, number, last))


def _is_known(connection: sqlite3.Connection, day: int, server: str, name: str) -> bool:
    query = "SELECT 1 FROM failed_names WHERE day = ? AND server = ? AND name = ?"
    return connection.execute(query, (day, server, name)).fetchone() is not None


def _names(connection: sqlite3.Connection, day: int, server: str) -> int:
    query = "SELECT count(*) FROM failed_names WHERE day = ? AND server = ?"
    return int(connection.execute(query, (day, server)).fetchone()[0])
