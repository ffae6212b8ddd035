"""What the ledger stores for each source: positions, envelopes, sessions, counters, quality.

All but quality are rows that a key replaces or removes, so what changes them may come in any number of pieces.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from exporter.catalogue import Quality
from exporter.ledger.schema import storable
from exporter.model import Position, SavedSession, SourceCheckpoint, SourceCount

# Columns by which a row is known, beside its source, in each table that is kept by source; of sessions: sessions.py.
KEYS: Mapping[str, tuple[str, ...]] = {
    "positions": ("stream", "path"),
    "envelopes": ("stream",),
    "open_sessions": ("server", "state"),
    "last_events": ("server",),
    "sources": ("counter",),
}
_POSITION = frozenset(f.name for f in fields(Position))

# By table, rows without their source: one that is as long as the key is removed, a longer one put.
Changes = dict[str, list[tuple[Any, ...]]]
# By table and key, the source first: the other columns, or None where the row is removed.
Rows = Mapping[str, Mapping[tuple[Any, ...], tuple[Any, ...] | None]]


@dataclass(slots=True)
class SavedSource:
    """One source as committed; `quality` is the current one."""

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


def load(connection: sqlite3.Connection, changed: Rows | None = None) -> dict[str, SavedSource]:
    """All sources in the ledger, without open sessions.

    `changed`: what the journal has changed since the tables were updated, without quality.
    """
    found = {table: _grouped(connection, table, (changed or {}).get(table, {})) for table in KEYS}
    saved: dict[str, SavedSource] = {}
    for source, counts in found["sources"].items():
        numbers: dict[str, int] = dict(counts)
        saved[source] = SavedSource(seen=numbers.pop("seen", 0), charged=numbers.pop("charged", 0))
        saved[source].counts = SourceCount(**{k: v for k, v in numbers.items() if k in SourceCount._fields})
    for source, rows in found["positions"].items():
        _of(saved, source).positions = tuple(_position(data) for *_, data in rows)
    for source, rows in found["envelopes"].items():
        _of(saved, source).envelopes = dict(rows)
    for source, rows in found["last_events"].items():
        _of(saved, source).last_events = dict(rows)
    for source, rows in found["open_sessions"].items():
        _of(saved, source).open_sessions = {(server, state): number for server, state, number in rows}
    of_sources: dict[str, dict[tuple[str, str], Quality]] = {}
    for source, server, measure, quality in connection.execute(
        "SELECT source, server, measure, quality FROM quality ORDER BY day"
    ):
        of_sources.setdefault(source, {})[server, measure] = Quality(quality)
    for source, qualities in of_sources.items():
        _of(saved, source).quality = qualities
    return saved


def after(old: SavedSource, new: SourceCheckpoint) -> SavedSource:
    """What is saved once `new` is committed, without sessions (they are not kept)."""
    return SavedSource(
        positions=new.positions,
        envelopes=dict(new.envelopes),
        counts=new.counts,
        seen=new.seen,
        charged=new.charged,
        last_events={**old.last_events, **new.last_events},
        open_sessions=dict(new.open_sessions),
        quality=old.quality if new.quality.items() <= old.quality.items() else {**old.quality, **new.quality},
    )


def changes(old: SavedSource, new: SourceCheckpoint) -> Changes:
    """What differs from `old` once the checkpoint is committed."""
    found: Changes = {
        "positions": _positions(old.positions, new.positions) if new.positions != old.positions else [],
        "envelopes": [
            *((stream,) for stream in old.envelopes.keys() - new.envelopes.keys()),
            *(
                (stream, storable(state))
                for stream, state in new.envelopes.items()
                if old.envelopes.get(stream) != state
            ),
        ],
        "open_sessions": [
            *(old.open_sessions.keys() - new.open_sessions.keys()),
            *((*state, n) for state, n in new.open_sessions.items() if old.open_sessions.get(state) != n),
        ],
        "last_events": [(s, stamp) for s, stamp in new.last_events.items() if old.last_events.get(s) != stamp],
        "sources": _counts(old, new),
    }
    return {table: rows for table, rows in found.items() if rows}


def write(connection: sqlite3.Connection, changed: Rows) -> None:
    """Update the tables."""
    for table, rows in changed.items():
        columns = ("source", *KEYS[table])
        gone = [key for key, row in rows.items() if row is None]
        put = [(*key, *row) for key, row in rows.items() if row is not None]
        if gone:
            condition = " AND ".join(f"{column} = ?" for column in columns)
            connection.executemany(f"DELETE FROM {table} WHERE {condition}", gone)  # noqa: S608 - from the list above
        if put:
            marks = ", ".join("?" * len(put[0]))
            connection.executemany(f"REPLACE INTO {table} VALUES ({marks})", put)  # noqa: S608 - from the list above


def rename(connection: sqlite3.Connection, old: str, new: str) -> None:
    """Rename source `old` to `new` in all rows."""
    for table in (*KEYS, "sessions", "quality"):
        connection.execute(f"UPDATE {table} SET source = ? WHERE source = ?", (new, old))  # noqa: S608 - from the list


def _positions(old: tuple[Position, ...], new: tuple[Position, ...]) -> list[tuple[Any, ...]]:
    kept = {(position.stream, position.path) for position in new}
    known = set(old)
    gone = [(one.stream, storable(one.path)) for one in old if (one.stream, one.path) not in kept]
    return [*gone, *((p.stream, storable(p.path), json.dumps(asdict(p))) for p in new if p not in known)]


def _counts(old: SavedSource, new: SourceCheckpoint) -> list[tuple[Any, ...]]:
    before = {**old.counts._asdict(), "seen": old.seen, "charged": old.charged}
    after_it = {**new.counts._asdict(), "seen": new.seen, "charged": new.charged}
    # A source that has read nothing yet is known by its events, 0.
    return [(n, count) for n, count in after_it.items() if count != before[n] or (n == "events" and not count)]


def _position(data: str) -> Position:
    """As JSON, so that a new field with a default needs no migration."""
    return Position(**{name: value for name, value in json.loads(data).items() if name in _POSITION})


def _of(saved: dict[str, SavedSource], source: str) -> SavedSource:
    return saved.setdefault(source, SavedSource())


def _grouped(
    connection: sqlite3.Connection, table: str, changed: Mapping[tuple[Any, ...], tuple[Any, ...] | None]
) -> dict[str, list[tuple[Any, ...]]]:
    size = len(KEYS[table]) + 1
    query = f"SELECT * FROM {table} ORDER BY source"  # noqa: S608 - from the list
    rows: dict[tuple[Any, ...], tuple[Any, ...] | None] = {row[:size]: row[size:] for row in connection.execute(query)}
    rows.update(changed)
    groups: dict[str, list[tuple[Any, ...]]] = {}
    for key, row in rows.items():
        if row is not None:
            groups.setdefault(key[0], []).append((*key[1:], *row))
    return groups


def combined(rows: Iterable[tuple[Any, ...]], source: str, table: str) -> Iterable[tuple[tuple[Any, ...], Any]]:
    """Rows of `Changes` as pairs of `Rows`."""
    size = len(KEYS[table])
    for row in rows:
        yield (source, *row[:size]), tuple(row[size:]) or None
