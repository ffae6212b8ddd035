"""The open sessions of sources: what is in the table, and what is not yet."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from exporter.model import SavedSession, SourceCheckpoint

Place = tuple[str, bytes]

_encoded = json.JSONEncoder(separators=(",", ":")).encode


class Moved(NamedTuple):
    """Sessions to remove, by server and key, and sessions to store after that."""

    closed: Sequence[Place]
    opened: Sequence[SavedSession]


def moved(waiting: Iterable[SourceCheckpoint]) -> list[Moved]:
    """What the checkpoints, which wait in this order, change."""
    return [Moved(one.closed, one.opened) for one in waiting if one.closed or one.opened]


class Unstored:
    """What has changed since the table was updated.

    It knows which sessions the table has: one that begins and ends in between never touches it.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._stored: dict[str, set[Place]] = {}
        self._changed: dict[str, dict[Place, Mapping[str, Any] | None]] = {}
        for source, *place in connection.execute("SELECT source, server, key FROM sessions"):
            self._stored.setdefault(source, set()).add((place[0], place[1]))

    def take(self, source: str, changes: Iterable[Moved]) -> None:
        """Record changed sessions of a source."""
        changed, stored = self._changed.setdefault(source, {}), self._stored.get(source, set())
        for closed, opened in changes:
            for place in closed:
                if place in stored:
                    changed[place] = None
                else:
                    changed.pop(place, None)
            for server, key, data in opened:
                changed[server, key] = data

    def load(self, connection: sqlite3.Connection, source: str) -> tuple[SavedSession, ...]:
        """All sessions of a source."""
        query = "SELECT server, key, data FROM sessions WHERE source = ?"
        rows = connection.execute(query, (source,))
        found: dict[Place, Mapping[str, Any] | None] = {(server, key): json.loads(data) for server, key, data in rows}
        found.update(self._changed.get(source, {}))
        return tuple(SavedSession(*place, data) for place, data in found.items() if data is not None)

    def write(self, connection: sqlite3.Connection) -> None:
        """Update the table."""
        for source, rows in self._changed.items():
            gone = [(source, *place) for place, data in rows.items() if data is None]
            put = [(source, *place, _encoded(data)) for place, data in rows.items() if data is not None]
            if gone:
                connection.executemany("DELETE FROM sessions WHERE source = ? AND server = ? AND key = ?", gone)
            if put:
                connection.executemany("REPLACE INTO sessions VALUES (?, ?, ?, ?)", put)

    def written(self) -> None:
        """Note that the table is up to date."""
        for source, rows in self._changed.items():
            stored = self._stored.setdefault(source, set())
            for place, data in rows.items():
                if data is None:
                    stored.discard(place)
                else:
                    stored.add(place)
        self._changed = {}
