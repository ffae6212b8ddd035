"""What a source has beside its pipeline, and what it asks of the crew that it is one of."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from exporter.exposition.sources import SourceReport
from exporter.inputs.contract import Input
from exporter.ledger import Ledger, SavedSource
from exporter.pipeline import Pipeline
from exporter.trial import FIRST, Earlier, Makers, Trial

if TYPE_CHECKING:
    from exporter.confinement import Confined


@dataclass(frozen=True, slots=True)
class Parts:
    """What a source has beside its pipeline; `make_input` goes on from what was saved, None: it was never seen."""

    name: str
    inputs: tuple[str, ...]
    make_input: Callable[[SavedSource | None], Input]
    report: Callable[[Input, Pipeline], SourceReport]


class Look(NamedTuple):
    """What a look at a source came to: more is to be read at once; something is to be committed."""

    more: bool
    changed: bool


@dataclass(frozen=True, slots=True)
class Wait:
    since: float
    seconds: float
    cause: str

    def lasts(self, now: float) -> bool:
        return abs(now - self.since) < self.seconds


class Mates(Protocol):
    """All sources: what is done by several of them together."""

    makers: Makers
    ledger: Ledger
    order: Iterator[int]
    is_late: Callable[[], bool]

    def together(self, source: "Confined") -> Sequence["Confined"]:
        """Those that share connections with the source by now, and itself."""

    def try_again(self, group: Sequence["Confined"], rehearses: float | None, earlier: Earlier = FIRST) -> Trial:
        """Take back what is not committed of these sources, and begin to go through it again."""

    def end(self, trial: Trial, now: float) -> None:
        """All is tried: its sources go on from there."""

    def suspend(self, source: "Confined", raised: str, now: float, *, counted: bool = True) -> None:
        """The source waits, and those that share its connections with it."""
