"""What an input is: where lines come from, how far they were read, and how it fares (design section 4)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from exporter.model import Batch, Position


@dataclass(frozen=True, slots=True)
class InputStatus:
    """How one input fares, as of its last look.

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
    """One configured place that lines come from. Never raises for what the world does: that is in `status`."""

    name: str

    def read(self, now: float, budget: int) -> Iterator[Batch]:
        """Look once and give what there is, about `budget` bytes at most, fairly among streams.

        `now` is UNIX seconds. Leaving the iterator early is allowed: the rest comes with the next call.
        """

    def positions(self) -> tuple[Position, ...]:
        """Cover exactly the batches given so far; to be called between batches only."""

    def status(self) -> InputStatus:
        """How it fares."""

    def release_deleted(self) -> int:
        """Close the files that only we keep from being freed (commits fail: disk full); how many."""

    def close(self) -> None:
        """Free everything; nothing is saved by it."""
