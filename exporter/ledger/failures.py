"""Names that failed to log in, by day: for `report --failed`, never labels. Bounded."""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from exporter.catalogue import OTHER
from exporter.names import normalised
from exporter.periods import QUARTER_HOUR, Calendar

# New names a day and server, and their bytes; what comes after them that day is counted as `_other`.
NAMES_PER_DAY = 1_000
BYTES_PER_DAY = 1 << 16
NAME_CHARACTERS = 255

_ADD = """INSERT INTO failed_names VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
    SET failures = failures + excluded.failures, last = max(last, excluded.last)"""


class Failed(NamedTuple):
    """A name that failed so often on a day (an ordinal), and when last."""

    day: int
    server: str
    name: str
    number: int
    last: int


def by_day(failures: Mapping[tuple[int, str, bytes | str], tuple[int, int]], calendar: Calendar) -> list[Failed]:
    """Failures by (quarter of an hour, server, name as logged): number, newest stamp."""
    return [
        Failed(
            calendar.day(quarter * QUARTER_HOUR),
            server,
            (raw if isinstance(raw, str) else normalised(raw))[:NAME_CHARACTERS],
            number,
            last,
        )
        for (quarter, server, raw), (number, last) in failures.items()
    ]


def write(connection: sqlite3.Connection, failures: Iterable[Failed]) -> None:
    """Add failures, in the order in which the names came."""
    kept: dict[tuple[int, str], list[int]] = {}
    for day, server, full_name, number, last in failures:
        name = full_name
        if not _is_known(connection, day, server, name):
            place = (day, server)
            names = kept[place] = kept.get(place) or _kept(connection, *place)
            if names[0] >= NAMES_PER_DAY or names[1] >= BYTES_PER_DAY:
                name = OTHER
            else:
                names[:] = names[0] + 1, names[1] + len(name.encode())
        connection.execute(_ADD, (day, server, name, number, last))


def _is_known(connection: sqlite3.Connection, day: int, server: str, name: str) -> bool:
    query = "SELECT 1 FROM failed_names WHERE day = ? AND server = ? AND name = ?"
    return connection.execute(query, (day, server, name)).fetchone() is not None


def _kept(connection: sqlite3.Connection, day: int, server: str) -> list[int]:
    """The names of a day and their bytes: asked once a time, not once a name."""
    query = "SELECT count(*), ifnull(sum(length(CAST(name AS BLOB))), 0) FROM failed_names WHERE day = ? AND server = ?"
    return list(connection.execute(query, (day, server)).fetchone())
