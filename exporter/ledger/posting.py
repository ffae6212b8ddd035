"""How the deltas of one commit change and create entries, in memory only."""

from collections.abc import Mapping
from dataclasses import replace

from exporter.catalogue import OTHER, UNKNOWN, ZERO
from exporter.ledger.deltas import Delta
from exporter.ledger.entries import Amounts, Entry, Horizon, added, still_open
from exporter.model import Row
from exporter.periods import Calendar

Labels = tuple[str, ...]


class Posting:
    """`staged` holds the entries as they are to be once the commit is durable; those given stay as they are.

    `floor`: periods from its open ones on are kept in rows.
    """

    def __init__(self, entries: Mapping[Labels, Entry], calendar: Calendar, floor: Horizon) -> None:
        self.staged: dict[Labels, Entry] = {}
        self._entries = entries
        self._day = calendar.day
        self._open_day, self._open_hour = floor.open_day, floor.open_hour

    def write(self, deltas: Mapping[Labels, Delta]) -> None:
        """Post every delta; a server is born together with its pseudo-domains."""
        for labels, delta in deltas.items():
            entry = self.staged.get(labels) or self._entries.get(labels) or _born(labels, delta)
            self.staged[labels] = posted = self._posted(entry, delta)
            if len(labels) == 1 and (labels not in self._entries or posted.row.first_seen < entry.row.first_seen):
                self._bear_pseudo_domains(posted, delta)

    def _bear_pseudo_domains(self, server: Entry, delta: Delta) -> None:
        """`unknown` and `_other` are as old as their server, also when a late line tells that it is older."""
        for name in (UNKNOWN, OTHER):
            labels = (*server.row.labels, name)
            entry = self.staged.get(labels) or self._entries.get(labels) or _born(labels, delta)
            if server.row.first_seen < entry.row.first_seen:
                entry = replace(entry, row=entry.row._replace(first_seen=server.row.first_seen))
            self.staged[labels] = entry

    def _posted(self, entry: Entry, delta: Delta) -> Entry:
        row = entry.row
        first, last = self._seen(entry, delta)
        posted = Row(
            row.labels,
            first,
            _raised(row.totals, delta),
            still_open(row.days, delta.days, self._open_day),
            still_open(row.hours, delta.hours, self._open_hour) if delta.hours else row.hours,
        )
        return Entry(entry.key, posted, last)

    def _seen(self, entry: Entry, delta: Delta) -> tuple[int, int]:
        """First and last seen; the latter changes once a day, since every user's row would have to otherwise."""
        known, last = entry.row.first_seen, entry.last_seen
        first = min(known, delta.first)
        if delta.last > last and (first != known or self._day(delta.last) != self._day(last)):
            last = delta.last
        return first, last


def _raised(totals: Amounts, delta: Delta) -> Amounts:
    for amounts in delta.days.values():
        totals = added(totals, amounts)
    return totals


def _born(labels: Labels, delta: Delta) -> Entry:
    return Entry(None, Row(labels, delta.first, ZERO), delta.last)
