"""The result of reading log files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from exporter.model import Verdict
from exporter.pipeline import Pipeline

_ORDER = (Verdict.EVENT, Verdict.IGNORED, Verdict.UNMATCHED, Verdict.MALFORMED)


class Heard(NamedTuple):
    """How lines were understood; ignored ones are not of a POP3 server."""

    events: int = 0
    ignored: int = 0
    unmatched: int = 0
    malformed: int = 0

    @classmethod
    def of(cls, pipeline: Pipeline) -> "Heard":
        """What it has been told, ever."""
        verdicts, _, _ = pipeline.told()
        return cls(*(verdicts.get(one, 0) for one in _ORDER))

    def since(self, before: "Heard") -> "Heard":
        """What was added."""
        return Heard(*map(int.__sub__, self, before))

    @property
    def lines(self) -> int:
        """All of them."""
        return sum(self)

    @property
    def understood(self) -> float | None:
        """The understood share of the POP3 lines (0 to 1); None if there are none."""
        concerned = self.lines - self.ignored
        return self.events / concerned if concerned else None


NOTHING = Heard()


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """The result for one file: lines and (uncompressed) bytes read now; `skipped` bytes were read before.

    `format`: the server's; empty: none was recognised. `first`, `last`: stamps of the lines read now (UNIX seconds);
    None: not known. `left`: bytes of a last line that is still being written. `problem`: why it could not be read to
    its end. A file of which nothing was ever counted (no events now, nothing skipped) is not remembered: it can be
    imported again.
    """

    path: str
    heard: Heard = NOTHING
    read: int = 0
    skipped: int = 0
    left: int = 0
    format: str = ""
    first: float | None = None
    last: float | None = None
    problem: str = ""

    @property
    def lines(self) -> int:
        """Lines read now."""
        return self.heard.lines


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did; files in the order in which they were read. `clock`: the newest stamp in the ledger.

    `problems`: what an operator should settle, as sentences, by source.
    """

    files: tuple[ImportedFile, ...]
    clock: float
    problems: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
