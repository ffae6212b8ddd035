"""User names of failed logins, by day: for `report --failed`, never labels. Limited."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
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
    days = {quarter: calendar.day(quarter * QUARTER_HOUR) for quarter in {quarter for quarter, _, _ in failures}}
    return [
        Failed(
            days[quarter],
            server,
            (raw if isinstance(raw, str) else normalised(raw))[:NAME_CHARACTERS],
            number,
            last,
        )
        for (quarter, server, raw), (number, last) in failures.items()
    ]


def write(connection: sqlite3.Connection, failures: Iterable[Failed]) -> None:
    """Add failures, of names that have room."""
    connection.executemany(_ADD, list(failures))


@dataclass(slots=True)
class _Room:
    """The names of a day that are kept, and their bytes."""

    names: set[str]
    size: int

    def copy(self) -> "_Room":
        return _Room(set(self.names), self.size)

    def takes(self, name: str) -> bool:
        """Whether there is room for the name, which then has it."""
        if name in self.names or name == OTHER:
            return True
        if len(self.names) >= NAMES_PER_DAY or self.size >= BYTES_PER_DAY:
            return False
        self.names.add(name)
        self.size += len(name.encode())
        return True


class Rooms:
    """Which names have room, as committed: those that came first. Of days that changed since the table was brought up.

    It is decided before a commit, so that an attack fills neither the journal nor the memory between two foldings.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._rooms: dict[tuple[int, str], _Room] = {}

    def told(self, failures: Iterable[Failed]) -> list[Failed]:
        """The failures of one commit, those of names without room together; nothing is changed yet."""
        rooms: dict[tuple[int, str], _Room] = {}

        def of(place: tuple[int, str]) -> _Room:
            if place not in rooms:
                rooms[place] = self._room(place).copy()
            return rooms[place]

        return _together(failures, of)

    def apply(self, told: Iterable[Failed]) -> list[Failed]:
        """Take over what is durable; in the journal of an older version there may be names without room."""
        return _together(told, self._room)

    def written(self) -> None:
        """The table is brought up."""
        self._rooms.clear()

    def _room(self, place: tuple[int, str]) -> _Room:
        room = self._rooms.get(place)
        if room is None:
            query = "SELECT name FROM failed_names WHERE day = ? AND server = ? AND name != ?"
            names = {name for (name,) in self._connection.execute(query, (*place, OTHER))}
            room = self._rooms[place] = _Room(names, sum(len(name.encode()) for name in names))
        return room


def _together(failures: Iterable[Failed], room_of: Callable[[tuple[int, str]], _Room]) -> list[Failed]:
    found: dict[tuple[int, str, str], Failed] = {}
    for one in failures:
        day, server, name, number, last = one
        if not room_of((day, server)).takes(name):
            name = OTHER
        known = found.get((day, server, name))
        if known is not None:
            number, last = number + known.number, max(last, known.last)
        found[day, server, name] = Failed(day, server, name, number, last)
    return list(found.values())
