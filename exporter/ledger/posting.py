"""How the deltas of one commit become rows, and births."""

import sqlite3
from collections.abc import Mapping
from dataclasses import replace

from exporter.catalogue import OTHER, UNKNOWN, ZERO
from exporter.ledger import store
from exporter.ledger.entries import NEVER, Amounts, Entry, Horizon, added, clipped, still_open
from exporter.ledger.pending import Delta
from exporter.ledger.store import Series
from exporter.model import Row
from exporter.periods import Calendar

Labels = tuple[str, ...]


class Posting:
    """Writes totals inside an open transaction; `staged` holds what is to be known once it is committed."""

    def __init__(
        self, connection: sqlite3.Connection, entries: Mapping[Labels, Entry], calendar: Calendar, horizon: Horizon
    ) -> None:
        self.staged: dict[Labels, Entry] = {}
        self._connection = connection
        self._entries = entries
        self._calendar = calendar
        self._horizon = horizon

    def write(self, deltas: Mapping[Labels, Delta]) -> None:
        """Post every delta; a server is born together with its pseudo-domains."""
        for labels, delta in deltas.items():
            entry = self.staged.get(labels) or self._entries.get(labels) or self._born(labels, delta)
            self.staged[labels] = posted = self._posted(entry, delta)
            if len(labels) == 1 and (labels not in self._entries or posted.row.first_seen < entry.row.first_seen):
                self._bear_pseudo_domains(posted, delta)

    def _bear_pseudo_domains(self, server: Entry, delta: Delta) -> None:
        """`unknown` and `_other` are as old as their server, also when a late line tells that it is older."""
        for name in (UNKNOWN, OTHER):
            labels = (*server.row.labels, name)
            entry = self.staged.get(labels) or self._entries.get(labels) or self._born(labels, delta)
            if server.row.first_seen < entry.row.first_seen:
                store.update_key(self._connection, entry.key, server.row.first_seen, entry.last_seen)
                entry = replace(entry, row=entry.row._replace(first_seen=server.row.first_seen))
            self.staged[labels] = entry

    def _born(self, labels: Labels, delta: Delta) -> Entry:
        key = store.insert_key(self._connection, labels, delta.first, delta.last)
        return Entry(key, Row(labels, delta.first, ZERO), last_seen=delta.last)

    def _posted(self, entry: Entry, delta: Delta) -> Entry:
        row, horizon = entry.row, self._horizon
        days = clipped(delta.days, horizon.kept_day, store.BOOK.unit)
        hours = clipped(delta.hours, horizon.kept_hour, store.HOURS.unit)
        first, last = self._seen(entry, delta)
        posted = Row(
            row.labels,
            first,
            added(row.totals, store.sums(days.values())),
            still_open(row.days, days, horizon.open_day),
            still_open(row.hours, hours, horizon.open_hour),
        )
        newest_day = self._written(store.BOOK, entry, entry.newest_day, days, horizon.kept_day)
        newest_hour = self._written(store.HOURS, entry, entry.newest_hour, hours, horizon.kept_hour) if hours else NEVER
        return Entry(entry.key, posted, newest_day, newest_hour, last)

    def _written(self, series: Series, entry: Entry, newest: int, deltas: dict[int, Amounts], kept: int) -> int:
        newest = series.post(self._connection, entry, newest, deltas)
        if min(deltas) < kept:
            series.drop_before(self._connection, entry.key, kept - series.unit)
        return newest

    def _seen(self, entry: Entry, delta: Delta) -> tuple[int, int]:
        """First and last seen; the latter is written once a day, since every commit would have to otherwise."""
        first, last = min(entry.row.first_seen, delta.first), max(entry.last_seen, delta.last)
        day = self._calendar.day
        if first == entry.row.first_seen and day(last) == day(entry.last_seen):
            return first, entry.last_seen
        store.update_key(self._connection, entry.key, first, last)
        return first, last
