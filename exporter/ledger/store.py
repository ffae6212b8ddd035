"""Statements on keys and running totals: how deltas become rows.

Rows of open periods are written as absolute totals. A delta of an older period is added to that period's row
and to every later one; if the period has no row yet, it is made from the newest one before it.
"""

# ruff: noqa: S608 - names of tables and columns come from the catalogue and from here; values are bound
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import sub

from exporter.catalogue import SCOPES, ZERO
from exporter.ledger.entries import NEVER, Amounts, Entry, Horizon, added
from exporter.ledger.schema import COLUMNS
from exporter.model import Row

Labels = tuple[str, ...]

_NAMES = ", ".join(COLUMNS)
_MARKS = ", ".join("?" * len(COLUMNS))
_SET = ", ".join(f"{column} = excluded.{column}" for column in COLUMNS)


@dataclass(frozen=True, slots=True)
class Series:
    """The statements of one table of running totals."""

    table: str
    period: str
    unit: int

    def insert(self, connection: sqlite3.Connection, key: int, rows: Mapping[int, Amounts]) -> None:
        """New rows: totals by period."""
        connection.executemany(
            f"INSERT INTO {self.table} ({self.period}, key, {_NAMES}) VALUES (?, ?, {_MARKS})",
            [(period, key, *totals) for period, totals in rows.items()],
        )

    def put(self, connection: sqlite3.Connection, rows: Iterable[tuple[int, ...]]) -> None:
        """Insert or replace rows: period, key, totals."""
        connection.executemany(
            f"INSERT INTO {self.table} ({self.period}, key, {_NAMES}) VALUES (?, ?, {_MARKS})"
            f" ON CONFLICT DO UPDATE SET {_SET}",
            rows,
        )

    def post_late(self, connection: sqlite3.Connection, key: int, late: Mapping[int, Amounts], before: int) -> None:
        """Add each amount to its own period's row and to every later one up to `before`; every row is written once."""
        first = min(late)
        _, totals = newest(connection, self, key, first)
        known = dict(between(connection, self, key, first, before - 1))
        raised: list[tuple[int, ...]] = []
        more = ZERO
        for period in sorted(known.keys() | late.keys()):
            totals = known.get(period, totals)
            if period in late:
                more = added(more, late[period])
            raised.append((period, key, *added(totals, more)))
        self.put(connection, raised)

    def drop_before(self, connection: sqlite3.Connection, key: int, period: int) -> None:
        """Delete the key's rows before `period`."""
        connection.execute(f"DELETE FROM {self.table} WHERE key = ? AND {self.period} < ?", (key, period))

    def keys_in(self, connection: sqlite3.Connection, period: int, after: int, limit: int) -> list[int]:
        """Ids of keys that have a row in the period, ascending, from the one after `after`."""
        query = f"SELECT key FROM {self.table} WHERE {self.period} = ? AND key > ? ORDER BY key LIMIT ?"
        return [key for (key,) in connection.execute(query, (period, after, limit))]

    def next_period(self, connection: sqlite3.Connection, after: int) -> int | None:
        """The next period in which any key has a row."""
        query = f"SELECT min({self.period}) FROM {self.table} WHERE {self.period} > ?"
        (period,) = connection.execute(query, (after,)).fetchone()
        return None if period is None else int(period)

    def newest_before(self, connection: sqlite3.Connection, period: int) -> Iterator[tuple[int, int, Amounts]]:
        """Per key (id, period, totals): the newest row before `period`, by the index on keys."""
        for key, begin, *totals in connection.execute(
            f"SELECT book.key, book.{self.period}, {_qualified('book')} FROM keys CROSS JOIN {self.table} AS book"
            f" ON book.key = keys.id AND book.{self.period} = (SELECT max({self.period}) FROM {self.table}"
            f" WHERE key = keys.id AND {self.period} < ?)",
            (period,),
        ):
            yield key, begin, tuple(totals)

    def since(self, connection: sqlite3.Connection, period: int) -> Iterator[tuple[int, int, Amounts]]:
        """All rows (key id, period, totals) from `period` on, ascending."""
        for begin, key, *totals in connection.execute(
            f"SELECT {self.period}, key, {_NAMES} FROM {self.table} WHERE {self.period} >= ? ORDER BY {self.period}",
            (period,),
        ):
            yield key, begin, tuple(totals)


BOOK = Series("book", "day", 1)
HOURS = Series("hours", "hour", 3600)


def insert_key(connection: sqlite3.Connection, labels: Labels, first: int, last: int) -> int:
    """Insert a new key; returns its id."""
    server, domain, user = (*labels, "", "")[:3]
    cursor = connection.execute(
        "INSERT INTO keys (scope, server, domain, user, first_seen, last_seen) VALUES (?, ?, ?, ?, ?, ?)",
        (len(labels) - 1, server, domain, user, first, last),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def update_keys(connection: sqlite3.Connection, seen: Iterable[tuple[int, int, int]]) -> None:
    """When keys were first and last seen: (first, last, key)."""
    connection.executemany(
        "UPDATE keys SET first_seen = min(first_seen, ?), last_seen = max(last_seen, ?) WHERE id = ?", seen
    )


def load(connection: sqlite3.Connection, horizon: Horizon) -> dict[Labels, Entry]:
    """All keys as entries, holds included: by index, whatever the length of the history."""
    days = _Loaded(BOOK, connection, horizon.open_day)
    hours = _Loaded(HOURS, connection, horizon.open_hour)
    entries: dict[Labels, Entry] = {}
    for key, scope, server, domain, user, first, last in connection.execute(
        "SELECT id, scope, server, domain, user, first_seen, last_seen FROM keys"
    ):
        labels = (server, domain, user)[: scope + 1]
        has_hours = SCOPES[scope].has_hours
        row = Row(labels, first, days.totals(key), days.open(key), hours.open(key) if has_hours else ())
        entries[labels] = Entry(key, row, last)
    return entries


def newest(connection: sqlite3.Connection, series: Series, key: int, before: int | None = None) -> tuple[int, Amounts]:
    """The key's newest row (period, totals), or the newest one before a period; (NEVER, zeros) if there is none."""
    row = connection.execute(
        f"SELECT {series.period}, {_NAMES} FROM {series.table} WHERE key = ? AND {series.period} < ?"
        f" ORDER BY {series.period} DESC LIMIT 1",
        (key, -NEVER if before is None else before),
    ).fetchone()
    return (row[0], tuple(row[1:])) if row else (NEVER, ZERO)


def between(
    connection: sqlite3.Connection, series: Series, key: int, first: int, last: int
) -> Iterator[tuple[int, Amounts]]:
    """The key's rows from period `first` to `last`, inclusive, ascending."""
    for period, *totals in connection.execute(
        f"SELECT {series.period}, {_NAMES} FROM {series.table} WHERE key = ? AND {series.period} BETWEEN ? AND ?"
        f" ORDER BY {series.period}",
        (key, first, last),
    ):
        yield period, tuple(totals)


class _Loaded:
    """The ends of one table's rows: per key the newest row, and what each period since `begin` has added."""

    def __init__(self, series: Series, connection: sqlite3.Connection, begin: int) -> None:
        self._newest: dict[int, tuple[int, Amounts]] = {}
        self._open: dict[int, list[tuple[int, Amounts]]] = {}
        for key, period, totals in series.newest_before(connection, begin):
            self._newest[key] = (period, totals)
        for key, period, totals in series.since(connection, begin):
            before = self._newest.get(key, (NEVER, ZERO))[1]
            amounts = tuple(map(sub, totals, before))
            self._open.setdefault(key, []).append((period, amounts))
            self._newest[key] = (period, totals)

    def totals(self, key: int) -> Amounts:
        return self._newest.get(key, (NEVER, ZERO))[1]

    def open(self, key: int) -> tuple[tuple[int, Amounts], ...]:
        return tuple(self._open.get(key, ()))


def _qualified(table: str) -> str:
    return ", ".join(f"{table}.{column}" for column in COLUMNS)


def sums(rows: Iterable[Amounts]) -> Amounts:
    """The sums of many totals, measure by measure."""
    total = ZERO
    for row in rows:
        total = added(total, row)
    return total
