"""Where a pipeline can begin again: what was committed of its source, and what it has done since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from exporter.catalogue import Quality
from exporter.model import SavedSession, SourceCheckpoint, SourceCount
from exporter.saved import Saved

Place = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Savepoint:
    """A state to make a pipeline from. `stored`: sessions by place; `changed`: those since the commit, None: closed."""

    envelopes: Mapping[str, str] = field(default_factory=dict)
    stored: Mapping[Place, SavedSession] = field(default_factory=dict)
    changed: Mapping[Place, SavedSession | None] = field(default_factory=dict)
    counts: SourceCount = field(default_factory=SourceCount)
    last_events: Mapping[str, int] = field(default_factory=dict)
    quality: Mapping[tuple[str, str], Quality] = field(default_factory=dict)
    seen: int = 0
    charged: int = 0

    @classmethod
    def of(cls, saved: Saved | None) -> Self:
        """What was committed; None: nothing was."""
        if saved is None:
            return cls()
        stored = {(one.server, one.key): one for one in saved.sessions}
        return cls(
            saved.envelopes, stored, {}, saved.counts, saved.last_events, saved.quality, saved.seen, saved.charged
        )

    @property
    def sessions(self) -> Sequence[SavedSession]:
        """The open ones."""
        return [one for one in {**self.stored, **self.changed}.values() if one is not None]

    def after(self, checkpoint: SourceCheckpoint) -> "Savepoint":
        """The state that a pipeline made from this one has come to."""
        return Savepoint(
            checkpoint.envelopes,
            self.stored,
            {**self.changed, **_changes(checkpoint)},
            checkpoint.counts,
            {**self.last_events, **checkpoint.last_events},
            {**self.quality, **checkpoint.quality},
            checkpoint.seen,
            checkpoint.charged,
        )

    def without(self, lines: int) -> "Savepoint":
        """The same, with lines that were read, could not be understood, and were set aside."""
        counts = self.counts
        counts = counts._replace(malformed=counts.malformed + lines, lines=counts.lines + lines)
        return replace(self, counts=counts)

    def completed(self, checkpoint: SourceCheckpoint) -> SourceCheckpoint:
        """The checkpoint with the changes before it: what a commit has to store."""
        if not self.changed:
            return checkpoint
        changed = {**self.changed, **_changes(checkpoint)}
        return replace(
            checkpoint,
            opened=tuple(one for one in changed.values() if one is not None),
            closed=tuple(place for place, one in changed.items() if one is None),
        )


def _changes(checkpoint: SourceCheckpoint) -> dict[Place, SavedSession | None]:
    closed: dict[Place, SavedSession | None] = dict.fromkeys(checkpoint.closed)
    return closed | {(one.server, one.key): one for one in checkpoint.opened}
