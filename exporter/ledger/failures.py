"""User names of failed logins, by day: for `report --failed`, never labels. Limited."""

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
    """A name, how often it failed on a day (an ordinal), and when last."""

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
    kept: dict[tuple[int, str], _Kept] = {}
    rows = []
    for one in failures:
        names = kept.get(one[:2])
        if names is None:
            names = kept[one[:2]] = _Kept(connection, *one[:2])
        rows.append(one if names.take(one.name) else one._replace(name=OTHER))
    connection.executemany(_ADD, rows)


class _Kept:
    """The names of a day, which are few."""

    def __init__(self, connection: sqlite3.Connection, day: int, server: str) -> None:
        query = "SELECT name FROM failed_names WHERE day = ? AND server = ?"
        self._names = {name for (name,) in connection.execute(query, (day, server))}
        self._bytes = sum(len(name.encode()) for name in self._names)

    def take(self, name: str) -> bool:
        """Whether it is one of them, or there is room for it."""
        if name in self._names:
            return True
        if len(self._names) >= NAMES_PER_DAY or self._bytes >= BYTES_PER_DAY:
            return False
        self._names.add(name)
        self._bytes += len(name.encode())
        return True
