"""One key of the book in memory: its committed row, and how a delta changes it.

What is written follows from the entry alone (newest periods are written as absolute totals); only late lines
have to read older rows.
"""

from dataclasses import dataclass

from exporter.catalogue import ZERO
from exporter.model import Row

Amounts = tuple[int, ...]
Periods = tuple[tuple[int, Amounts], ...]

# "No period yet": older than any day or hour.
NEVER = -(1 << 62)


@dataclass(frozen=True, slots=True)
class Entry:
    """A committed key: database id, row, newest day and hour written, `last_seen` as stored (right to the day)."""

    key: int
    row: Row
    newest_day: int = NEVER
    newest_hour: int = NEVER
    last_seen: int = NEVER


@dataclass(frozen=True, slots=True)
class Horizon:
    """The oldest periods that may still be asked for as "today" or "this hour", and the oldest kept at all.

    One day and two hours back, so that a clock set back a little still finds its holds. Lines older than what
    is kept go to the period just before it: they belong to the opening balance.
    """

    open_day: int
    open_hour: int
    kept_day: int
    kept_hour: int


def clipped(periods: dict[int, list[int]], kept: int, unit: int) -> dict[int, Amounts]:
    """Amounts by period, ascending; what is older than `kept` moves to the period before it."""
    sums: dict[int, Amounts] = {}
    for period in sorted(periods):
        target = period if period >= kept else kept - unit
        sums[target] = added(sums.get(target, ZERO), periods[period])
    return sums


def added(totals: Amounts, amounts: Amounts | list[int]) -> Amounts:
    """The sums, measure by measure."""
    return tuple(map(int.__add__, totals, amounts))


def still_open(known: Periods, new: dict[int, Amounts], since: int) -> Periods:
    """What the periods from `since` on have added, known and new together, ascending."""
    sums = {period: amounts for period, amounts in known if period >= since}
    for period, amounts in new.items():
        if period >= since:
            sums[period] = added(sums.get(period, ZERO), amounts)
    return tuple(sorted(sums.items()))
