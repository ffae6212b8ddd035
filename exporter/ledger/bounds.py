"""Limits totals to what the file can store, whatever amounts a forged or damaged log has."""

from collections.abc import Mapping
from operator import lt

from exporter.catalogue import ZERO
from exporter.ledger import store
from exporter.ledger.deltas import Cells, Delta, rolled_up
from exporter.ledger.entries import MOST, Entry
from exporter.ledger.pending import Pending
from exporter.periods import Calendar

Labels = tuple[str, ...]


def bounded(
    pending: Pending, calendar: Calendar, entries: Mapping[Labels, Entry]
) -> tuple[list[Cells], dict[Labels, Delta]]:
    """The cells that are booked, and what they add; what would make a server's total grow beyond MOST is taken out."""
    cells = pending.charged()
    deltas = rolled_up(cells, calendar)
    room: dict[str, list[int]] = {}
    for labels, delta in deltas.items():
        if len(labels) > 1:
            break  # servers come first
        entry = entries.get(labels)
        left = [MOST - total for total in (entry.row.totals if entry else ZERO)]
        if any(map(lt, left, store.sums(map(tuple, delta.days.values())))):
            room[labels[0]] = left
    if not room:
        return cells, deltas
    pending.bound(room)
    return cells, rolled_up(cells, calendar)
