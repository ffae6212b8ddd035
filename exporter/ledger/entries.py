"""One key of the book in memory: its committed row, and how a delta changes it.

What is written follows from the entry alone (newest periods are written as absolute totals); only late lines
have to read older rows.
"""

from dataclasses import dataclass, replace
from operator import add
from typing import Self

from exporter.catalogue import ZERO
from exporter.model import Row

Amounts = tuple[int, ...]
Periods = tuple[tuple[int, Amounts], ...]

# No total grows beyond this: SQLite's integers end at twice as much.
MOST = 1 << 62
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
    """The current day and hour, and the oldest that are kept.

    Lines older than what is kept go to the period just before it: they belong to the opening balance.
    """

    today: int
    hour: int
    kept_day: int
    kept_hour: int

    @property
    def open_day(self) -> int:
        """From which day on rows tell what was added: one more, for a clock that is set back a little."""
        return self.today - 1

    @property
    def open_hour(self) -> int:
        """From which hour on rows tell what was added: two more, for the same reason."""
        return self.hour - 2 * 3600

    def later(self, other: Self) -> Self:
        """The later of both in each respect."""
        return replace(self, today=max(self.today, other.today), hour=max(self.hour, other.hour))


def clipped(periods: dict[int, list[int]], kept: int, unit: int) -> dict[int, Amounts]:
    """Amounts by period, ascending; what is older than `kept` moves to the period before it."""
    sums: dict[int, Amounts] = {}
    for period in sorted(periods):
        target = period if period >= kept else kept - unit
        sums[target] = added(sums.get(target, ZERO), periods[period])
    return sums


def added(totals: Amounts, amounts: Amounts | list[int]) -> Amounts:
    """The sums, measure by measure."""
    return tuple(map(add, totals, amounts))


def still_open(known: Periods, new: dict[int, Amounts], since: int) -> Periods:
    """What the periods from `since` on have added, known and new together, ascending."""
    sums = {period: amounts for period, amounts in known if period >= since}
    for period, amounts in new.items():
        if period >= since:
            sums[period] = added(sums.get(period, ZERO), amounts)
    return tuple(sorted(sums.items()))
