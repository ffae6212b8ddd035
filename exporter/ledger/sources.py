"""What the ledger keeps of each source: positions, envelopes, sessions, counters, quality.

Only what changed is written.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from exporter.catalogue import Quality
from exporter.ledger.schema import storable
from exporter.model import Position, SavedSession, SourceCheckpoint, SourceCount

_TABLES = ("sources", "positions", "envelopes", "sessions", "open_sessions", "last_events", "quality")
_POSITION = frozenset(f.name for f in fields(Position))


@dataclass(slots=True)
class SavedSource:
    """One source as committed; `quality` is what holds now."""

    positions: tuple[Position, ...] = ()
    envelopes: Mapping[str, str] = field(default_factory=dict)
    sessions: tuple[SavedSession, ...] = ()
    counts: SourceCount = field(default_factory=SourceCount)
    seen: int = 0
    charged: int = 0
    last_events: Mapping[str, int] = field(default_factory=dict)
    open_sessions: Mapping[tuple[str, str], int] = field(default_factory=dict)
    quality: Mapping[tuple[str, str], Quality] = field(default_factory=dict)

    @property
    def pending(self) -> int:
        """Open connections not yet charged."""
        return sum(number for (_, state), number in self.open_sessions.items() if state == "pending")


def load(connection: sqlite3.Connection, only: str | None = None) -> dict[str, SavedSource]:
    """Every source the ledger knows, or the one that is named, with its open sessions."""
    saved: dict[str, SavedSource] = {}
    for source, counts in _grouped(connection, only, "source, counter, count", "sources"):
        numbers: dict[str, int] = dict(counts)
        saved[source] = SavedSource(seen=numbers.pop("seen", 0), charged=numbers.pop("charged", 0))
        saved[source].counts = SourceCount(**{k: v for k, v in numbers.items() if k in SourceCount._fields})
    for source, rows in _grouped(connection, only, "source, data", "positions"):
        _of(saved, source).positions = tuple(_position(data) for (data,) in rows)
    for source, rows in _grouped(connection, only, "source, stream, state", "envelopes"):
        _of(saved, source).envelopes = dict(rows)
    for source, rows in _grouped(connection, only, "source, server, key, data", "sessions"):
        _of(saved, source).sessions = tuple(SavedSession(*row) for row in rows)
    for source, rows in _grouped(connection, only, "source, server, stamp", "last_events"):
        _of(saved, source).last_events = dict(rows)
    for source, rows in _grouped(connection, only, "source, server, state, number", "open_sessions"):
        _of(saved, source).open_sessions = {(server, state): number for server, state, number in rows}
    for source, rows in _grouped(connection, only, "source, server, measure, quality", "quality", "day"):
        _of(saved, source).quality = {(server, measure): Quality(quality) for server, measure, quality in rows}
    return saved


def write(
    connection: sqlite3.Connection, source: str, old: SavedSource, waiting: list[SourceCheckpoint]
) -> SavedSource:
    """Write what differs from `old`; returns what is then saved, without sessions and quality (they are not kept)."""
    for checkpoint in waiting:
        _write_sessions(connection, source, checkpoint)
    new = waiting[-1]
    if new.positions != old.positions:
        _write_positions(connection, source, old.positions, new.positions)
    _write_envelopes(connection, source, old.envelopes, new.envelopes)
    _write_counts(connection, source, old, new)
    _write_numbers(connection, source, old, new)
    return SavedSource(
        positions=new.positions,
        envelopes=dict(new.envelopes),
        counts=new.counts,
        seen=new.seen,
        charged=new.charged,
        last_events={**old.last_events, **new.last_events},
        open_sessions=dict(new.open_sessions),
        quality={**old.quality, **new.quality},
    )


def rename(connection: sqlite3.Connection, old: str, new: str) -> None:
    """Let all rows of source `old` be those of `new`."""
    for table in _TABLES:
        connection.execute(f"UPDATE {table} SET source = ? WHERE source = ?", (new, old))  # noqa: S608 - from the list


def _write_sessions(connection: sqlite3.Connection, source: str, checkpoint: SourceCheckpoint) -> None:
    connection.executemany(
        "DELETE FROM sessions WHERE source = ? AND server = ? AND key = ?",
        [(source, server, key) for server, key in checkpoint.closed],
    )
    connection.executemany(
        "INSERT INTO sessions VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET data = excluded.data",
        [(source, *session) for session in checkpoint.opened],
    )


def _write_positions(
    connection: sqlite3.Connection, source: str, old: tuple[Position, ...], new: tuple[Position, ...]
) -> None:
    kept = {(position.stream, position.path) for position in new}
    known = set(old)
    connection.executemany(
        "DELETE FROM positions WHERE source = ? AND stream = ? AND path = ?",
        [(source, gone.stream, storable(gone.path)) for gone in old if (gone.stream, gone.path) not in kept],
    )
    connection.executemany(
        "REPLACE INTO positions VALUES (?, ?, ?, ?)",
        [(source, p.stream, storable(p.path), json.dumps(asdict(p))) for p in new if p not in known],
    )


def _write_envelopes(
    connection: sqlite3.Connection, source: str, old: Mapping[str, str], new: Mapping[str, str]
) -> None:
    connection.executemany(
        "DELETE FROM envelopes WHERE source = ? AND stream = ?",
        [(source, stream) for stream in old.keys() - new.keys()],
    )
    connection.executemany(
        "REPLACE INTO envelopes VALUES (?, ?, ?)",
        [(source, stream, storable(state)) for stream, state in new.items() if old.get(stream) != state],
    )


def _write_counts(connection: sqlite3.Connection, source: str, old: SavedSource, new: SourceCheckpoint) -> None:
    before = {**old.counts._asdict(), "seen": old.seen, "charged": old.charged}
    after = {**new.counts._asdict(), "seen": new.seen, "charged": new.charged}
    connection.executemany(
        "REPLACE INTO sources VALUES (?, ?, ?)",
        [
            (source, name, count)
            for name, count in after.items()
            if count != before[name] or (name == "events" and not count)
        ],
    )


def _write_numbers(connection: sqlite3.Connection, source: str, old: SavedSource, new: SourceCheckpoint) -> None:
    connection.executemany(
        "REPLACE INTO last_events VALUES (?, ?, ?)",
        [(source, server, stamp) for server, stamp in new.last_events.items() if old.last_events.get(server) != stamp],
    )
    connection.executemany(
        "DELETE FROM open_sessions WHERE source = ? AND server = ? AND state = ?",
        [(source, *state) for state in old.open_sessions.keys() - new.open_sessions.keys()],
    )
    connection.executemany(
        "REPLACE INTO open_sessions VALUES (?, ?, ?, ?)",
        [
            (source, *state, number)
            for state, number in new.open_sessions.items()
            if old.open_sessions.get(state) != number
        ],
    )


def _position(data: str) -> Position:
    """As JSON, so that a new field with a default needs no migration."""
    return Position(**{name: value for name, value in json.loads(data).items() if name in _POSITION})


def _of(saved: dict[str, SavedSource], source: str) -> SavedSource:
    return saved.setdefault(source, SavedSource())


def _grouped(
    connection: sqlite3.Connection, only: str | None, columns: str, table: str, order: str = "source"
) -> Iterable[tuple[str, list[tuple[Any, ...]]]]:
    groups: dict[str, list[tuple[Any, ...]]] = {}
    query = f"SELECT {columns} FROM {table} WHERE ?1 IS NULL OR source = ?1 ORDER BY {order}"  # noqa: S608 - ours
    for source, *row in connection.execute(query, (only,)):
        groups.setdefault(source, []).append(tuple(row))
    return groups.items()
