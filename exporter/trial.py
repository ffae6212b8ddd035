"""Feeds again what raised, in halves, until each line that raises stands alone; all others are booked once."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple, Protocol

from exporter.faults import cause
from exporter.ledger import Ledger, LedgerError
from exporter.model import Batch, Position, SourceCheckpoint
from exporter.pipeline import Pipeline
from exporter.saved import Saved
from exporter.savepoint import Savepoint

# In how many rounds a line must fail, while memory or descriptors are short, until it is set aside.
ROUNDS = 3
# The rest before the second round; it grows by as much before each further one.
REST_SECONDS = 1.0
# After so many rounds the source itself waits.
MOST_ROUNDS = 6
Place = tuple[str, int, int]


class Piece(NamedTuple):
    """Lines as they were read, and our clock then.

    `order`: the place among what was read of all sources; `first`: how many lines of that stand before these.
    """

    source: str
    order: int
    batch: Batch
    now: float
    first: int = 0

    @property
    def place(self) -> Place:
        """Where its first line is among all that was read."""
        return self.source, self.order, self.first

    @property
    def where(self) -> str:
        """For people, where its lines stand."""
        offset = self.batch.offset
        return self.batch.name if offset is None else f"{self.batch.name}, near byte {offset}"

    @property
    def stream(self) -> tuple[str, str]:
        """The source, and the file."""
        return self.source, self.batch.stream

    def halves(self) -> tuple["Piece", "Piece"]:
        """The same lines in two pieces."""
        lines, offset = self.batch.lines, self.batch.offset
        first, second = lines[: len(lines) // 2], lines[len(lines) // 2 :]
        behind = None if offset is None else offset + sum(len(line) + 1 for line in first)
        return (
            self._replace(batch=replace(self.batch, lines=first, caught_up=False)),
            self._replace(batch=replace(self.batch, lines=second, offset=behind), first=self.first + len(first)),
        )


class Suspect(NamedTuple):
    """One line that raises by itself, and what; `short`: the machine was short of something, which may pass."""

    piece: Piece
    cause: str
    short: bool


class Earlier(NamedTuple):
    """The rounds before this one over the same lines: their number, when the last ended, and each line's failures."""

    rounds: int = 0
    ended: float = float("-inf")
    failures: Mapping[Place, int] = MappingProxyType({})


FIRST = Earlier()


class Makers(Protocol):
    """How pipelines are made, and which of them know each other: a line of one may change sessions of the other."""

    def make(self, saved: Mapping[str, Saved | None]) -> Mapping[str, Pipeline]:
        """New pipelines of these sources, in place of those made before."""

    def linked(self, source: str) -> frozenset[str]:
        """The source, and all whose sessions its lines may change by now, or theirs its own."""


class Checkpoints(Protocol):
    """What a commit would store now."""

    def __call__(self, pipelines: Mapping[str, Pipeline]) -> Mapping[str, SourceCheckpoint]:
        """Of these sources."""


class Trial:
    """Goes through `pieces` from `points` on, a step at a time; between steps all is as if nothing had raised.

    `points`: of each source that is tried, all that know each other together. A line that raises twice is a suspect
    until a line of its stream behind it works: else not the line is at fault but what reads it. `confirmed`: the
    suspects that were set aside. `passed`: what was fed and booked. `rehearses`: the clock of the commit that failed:
    each step is then also tried as a commit; None: no commit failed.
    """

    def __init__(
        self,
        pieces: Iterable[Piece],
        points: Mapping[str, Savepoint],
        makers: Makers,
        checkpoints: Checkpoints,
        ledger: Ledger,
        *,
        rehearses: float | None,
        earlier: Earlier = FIRST,
    ) -> None:
        self.points = dict(points)
        self.pipelines = makers.make(self.points)
        self.passed: list[Piece] = []
        self.suspects: list[Suspect] = []
        self.confirmed: list[Suspect] = []
        self._todo = deque(pieces)
        self._doubted: Piece | None = None
        self._makers = makers
        self._checkpoints = checkpoints
        self._ledger = ledger
        self.rehearses = rehearses
        self.earlier = earlier

    def rests(self, now: float) -> bool:
        """Whether it is too early for another round."""
        return abs(now - self.earlier.ended) < REST_SECONDS * self.earlier.rounds

    def unproven(self, now: float) -> Earlier | None:
        """What the next round must know; None: no line that failed is to be tried again."""
        failed = (*self.confirmed, *self.suspects)
        failures = {one.piece.place: self.earlier.failures.get(one.piece.place, 0) + 1 for one in failed}
        doubtful = any(one.short and failures[one.piece.place] < ROUNDS for one in failed)
        return Earlier(self.earlier.rounds + 1, now, failures) if doubtful else None

    @property
    def done(self) -> bool:
        """Whether all lines are booked, set aside or suspects."""
        return not self._todo

    def step(self) -> None:
        """Feed the next piece. LedgerError, if nothing can be tried now: then all is as before."""
        piece = self._todo[0]
        self._ledger.mark(piece.source)
        try:
            points = self._fed(piece)
        except LedgerError:
            self._back(piece)
            raise
        except Exception as error:
            raised, short = cause(error), isinstance(error, MemoryError | OSError)
        else:
            self._todo.popleft()
            self.points = points
            self.passed.append(piece)
            self.confirm(piece.stream)
            return
        self._back(piece)
        self._todo.popleft()
        if len(piece.batch.lines) > 1:
            self._todo.extendleft(reversed(piece.halves()))
        elif self._doubted is not piece:  # no line is judged by one failure
            self._doubted = piece
            self._todo.appendleft(piece)
        else:
            self.suspects.append(Suspect(piece, raised, short))

    def confirm(self, stream: tuple[str, str] | None = None) -> None:
        """The suspects, or those of one stream, are at fault themselves: set aside, as lines nobody understands."""
        guilty = [one for one in self.suspects if stream in (None, one.piece.stream)]
        if guilty:
            for one in guilty:
                self.points[one.piece.source] = self.points[one.piece.source].without(1)
            self.pipelines = self._makers.make(self.points)
            self.confirmed += guilty
            self.suspects = [one for one in self.suspects if one not in guilty]

    def completed(self, checkpoints: Mapping[str, SourceCheckpoint]) -> dict[str, SourceCheckpoint]:
        """These, with the changes before them."""
        return {name: self.points[name].completed(checkpoint) for name, checkpoint in checkpoints.items()}

    def _fed(self, piece: Piece) -> dict[str, Savepoint]:
        self._ledger.book(self.pipelines[piece.source].feed(piece.batch, piece.now), piece.source)
        checkpoints = self._checkpoints(self.pipelines)
        if self.rehearses is not None:
            self._ledger.rehearse(self.rehearses, self.completed(checkpoints))
        return {name: self.points[name].after(checkpoint) for name, checkpoint in checkpoints.items()}

    def _back(self, piece: Piece) -> None:
        self._ledger.undo(piece.source)
        self.pipelines = self._makers.make(self.points)


def unwritable(
    ledger: Ledger, now: float, checkpoints: Mapping[str, SourceCheckpoint]
) -> tuple[tuple[tuple[str, Position], ...], str]:
    """The sources' positions that alone make a commit of the checkpoints fail, and what that raises.

    None, and what it raises: it is not about single ones. None, and nothing: the checkpoints can be written.
    """

    def raised(found: Mapping[str, tuple[Position, ...]]) -> str:
        try:
            ledger.rehearse(
                now, {name: replace(one, positions=found.get(name, ())) for name, one in checkpoints.items()}
            )
        except LedgerError:
            raise
        except Exception as error:
            return cause(error)
        return ""

    told = raised({name: one.positions for name, one in checkpoints.items()})
    if not told or raised({}):
        return (), told
    every = [(name, position) for name, one in checkpoints.items() for position in one.positions]
    return tuple((name, position) for name, position in every if raised({name: (position,)})), told
