"""One key of the ledger in memory, and how a delta changes it.

What the tables are to hold follows from the entry alone where periods are still open (`Row.days`, `Row.hours`); only
late lines have to read older rows.
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


@dataclass(slots=True)
class Entry:
    """A committed key: its id in the tables (None: not there yet), row, `last_seen` as stored (right to the day)."""

    key: int | None
    row: Row
    last_seen: int = NEVER


@dataclass(frozen=True, slots=True)
class Horizon:
    """The current day and hour, and the oldest that are kept."""

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


def added(totals: Amounts, amounts: Amounts | list[int]) -> Amounts:
    """The sums, measure by measure."""
    return tuple(map(add, totals, amounts))


def still_open(known: Periods, new: dict[int, list[int]], since: int) -> Periods:
    """What the periods from `since` on have added, known and new together, ascending."""
    if len(known) == len(new) == 1 and known[0][0] in new and known[0][0] >= since:  # nearly always
        period, amounts = known[0]
        return ((period, added(amounts, new[period])),)
    sums = {period: amounts for period, amounts in known if period >= since}
    for period, more in new.items():
        if period >= since:
            sums[period] = added(sums.get(period, ZERO), more)
    return tuple(sorted(sums.items()))
