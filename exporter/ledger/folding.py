"""Updates the tables with the content of the journal, and clears it, in one transaction.

`write` is also what a reader does in tables of its own (overlay.py): so both see the same.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from operator import sub
from typing import NamedTuple

from exporter.ledger import ends, failures, quality, sources, store
from exporter.ledger.entries import NEVER, Amounts, Entry, Horizon, Periods
from exporter.ledger.logins import Logins
from exporter.ledger.store import Series
from exporter.ledger.unfolded import ChangedPeriods, Unfolded

Labels = tuple[str, ...]


def write(
    connection: sqlite3.Connection,
    unfolded: Unfolded,
    entries: Mapping[Labels, Entry],
    logins: Logins,
    floor: Horizon,
) -> dict[Labels, int]:
    """Write all of it inside an open transaction; returns the ids of keys that were not in the tables.

    `floor`: rows of its open periods follow from the entries.
    """
    touched = [(labels, entries[labels], one) for labels, one in unfolded.keys.items()]
    born = {
        labels: store.insert_key(connection, labels, entry.row.first_seen, entry.last_seen)
        for labels, entry, _ in touched
        if entry.key is None
    }

    def key_of(labels: Labels) -> int:
        key = entries[labels].key
        return born[labels] if key is None else key

    store.update_keys(
        connection,
        [(one.row.first_seen, one.last_seen, one.key) for _, one, so in touched if so.seen and one.key is not None],
    )
    days = [Changed(key_of(labels), one.row.totals, one.row.days, so.days) for labels, one, so in touched]
    _write_series(connection, store.BOOK, days, floor.open_day)
    hours = [
        Changed(key_of(labels), one.row.totals, one.row.hours, so.hours) for labels, one, so in touched if so.hours
    ]
    _write_series(connection, store.HOURS, hours, floor.open_hour)
    ends.write(connection, unfolded.ends)
    failures.write(connection, unfolded.failed.values())
    logins.write(connection, key_of)
    quality.write(connection, unfolded.quality)
    sources.write(connection, unfolded.rows)
    unfolded.sessions.write(connection)
    return born


class Changed(NamedTuple):
    """A key: its id, its totals, what each open period has added, and which have changed."""

    key: int
    totals: Amounts
    open: Periods
    changed: ChangedPeriods


def _write_series(connection: sqlite3.Connection, series: Series, keys: Iterable[Changed], open_from: int) -> None:
    rows: list[tuple[int, ...]] = []
    for key, now, periods, changed in keys:
        if changed.late:
            series.post_late(connection, key, changed.late, open_from)
        if changed.balance != NEVER:
            series.drop_before(connection, key, changed.balance)
        totals = now
        for period, amounts in reversed(periods):
            if period < changed.first:
                break
            rows.append((period, key, *totals))
            totals = tuple(map(sub, totals, amounts))
    series.put(connection, rows)
