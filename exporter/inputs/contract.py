"""The interface of inputs: lines, positions and status (design section 4)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from exporter.model import Batch, Position


@dataclass(frozen=True, slots=True)
class InputStatus:
    """The status of one input, as of its last check.

    `read_bytes`, `rotations`, `truncations` and `lines_possibly_lost` never fall: they go on from the counts
    given at construction. `lines_possibly_lost` counts suspicions (a truncation without a copy, a file gone
    before its end was seen, a journal's gap) and lines that the logger itself says it dropped.
    `read_errors` by errno name (`EACCES`), since construction. `problems` are sentences for people, empty when
    all is well; `unreadable`: those of them for which something is not read now. `caught_up`: no complete line was left
    unread. `worked`: bytes that the last `read` looked at, whether or not they were lines: while it is not 0 and
    `caught_up` is false, there is something to do at once. `faults`: by kind, how often something unforeseen set a file
    (`file`) or all of it (`source`) aside, since construction.
    """

    unread_bytes: int = 0
    read_bytes: int = 0
    rotations: int = 0
    truncations: int = 0
    lines_possibly_lost: int = 0
    read_errors: Mapping[str, int] = field(default_factory=dict)
    caught_up: bool = True
    problems: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    worked: int = 0
    faults: Mapping[str, int] = field(default_factory=dict)


class Input(Protocol):
    """One configured source of lines. External errors are never raised, but reported in `status`."""

    name: str

    @property
    def begun(self) -> bool:
        """Whether it is settled where reading begins, so that a commit of the positions keeps it."""

    def read(self, now: float, budget: int) -> Iterator[Batch]:
        """Check once and return the lines found, about `budget` bytes at most, fairly among streams.

        `now` is UNIX seconds. Leaving the iterator early is allowed: the rest comes with the next call.
        """

    def positions(self) -> tuple[Position, ...]:
        """The positions after exactly the batches returned so far; only call it between batches."""

    def status(self) -> InputStatus:
        """How it fares."""

    def release_deleted(self) -> int:
        """Close deleted files that only we keep on the disk (for a full disk); returns how many."""

    def close(self) -> None:
        """Free everything; nothing is saved by it."""
