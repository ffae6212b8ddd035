"""What the journal has and the tables lack: collected commit by commit, written at once (folding.py).

Only what is not told by the entries themselves is kept here, so it grows by keys and rows, not by commits.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from exporter.catalogue import ZERO
from exporter.ledger import sources
from exporter.ledger.deltas import Delta
from exporter.ledger.entries import NEVER, Amounts, added
from exporter.ledger.failures import Failed
from exporter.ledger.quality import QualityChange
from exporter.ledger.sessions import Unstored
from exporter.ledger.sources import Changes

Labels = tuple[str, ...]

# "No period is touched": newer than any.
ALWAYS = 1 << 62


class Since(NamedTuple):
    """From which period on entries tell what was added, from which on periods are kept, and how long one is."""

    open_from: int
    kept: int
    unit: int


@dataclass(slots=True)
class ChangedPeriods:
    """Of a key's days or hours: the oldest open one that has changed, and amounts of closed ones (late lines).

    What is older than was kept went to the period before that, which is the opening balance: `balance`, all before
    which goes.
    """

    first: int = ALWAYS
    late: dict[int, Amounts] = field(default_factory=dict)
    balance: int = NEVER

    def add(self, more: Mapping[int, list[int]], since: Since) -> None:
        """Amounts by period."""
        open_from, kept, unit = since
        for period, amounts in more.items():
            if period >= open_from:
                self.first = min(self.first, period)
                continue
            self.first = open_from
            target = period
            if period < kept:
                target = self.balance = max(self.balance, kept - unit)
            self.late[target] = added(self.late.get(target, ZERO), amounts)


@dataclass(slots=True)
class Touched:
    """What has changed of a key; `seen`: it was first or last seen at another time than the tables say."""

    days: ChangedPeriods = field(default_factory=ChangedPeriods)
    hours: ChangedPeriods | None = None
    seen: bool = False


@dataclass(slots=True)
class Unfolded:
    """`keys` in the order in which they were born or touched; `rows` by table and key (see sources.py)."""

    sessions: Unstored
    keys: dict[Labels, Touched] = field(default_factory=dict)
    ends: dict[tuple[str, str], int] = field(default_factory=dict)
    failed: dict[tuple[int, str, str], Failed] = field(default_factory=dict)
    quality: list[QualityChange] = field(default_factory=list)
    rows: dict[str, dict[tuple[Any, ...], tuple[Any, ...] | None]] = field(default_factory=dict)

    def touch(self, labels: Labels, delta: Delta | None, days: Since, hours: Since, *, seen: bool) -> None:
        """The key has changed by the delta, or is born."""
        touched = self.keys.get(labels)
        if touched is None:
            touched = self.keys[labels] = Touched()
        touched.seen = touched.seen or seen
        if delta is None:
            return
        touched.days.add(delta.days, days)
        if delta.hours:
            touched.hours = touched.hours or ChangedPeriods()
            touched.hours.add(delta.hours, hours)

    def add(
        self, ends: Iterable[tuple[str, str, int]], failed: Iterable[Failed], quality: Iterable[QualityChange]
    ) -> None:
        """What is no row of a source and no key."""
        for server, reason, count in ends:
            self.ends[server, reason] = self.ends.get((server, reason), 0) + count
        for one in failed:
            known = self.failed.get(one[:3])
            self.failed[one[:3]] = (
                one
                if known is None
                else known._replace(number=known.number + one.number, last=max(known.last, one.last))
            )
        self.quality += quality

    def change(self, source: str, changes: Changes) -> None:
        """What a source has changed."""
        for table, new in changes.items():
            self.rows.setdefault(table, {}).update(sources.combined(new, source, table))


def after(folded: Unfolded) -> Unfolded:
    """Forget everything, after it was written to the tables."""
    folded.sessions.written()
    return Unfolded(folded.sessions)
