"""All sources at work, and what is done by several of them together: those that share connections."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count

from exporter.confinement import Confined
from exporter.faults import Kind, cause
from exporter.ledger import Ledger
from exporter.model import SourceCheckpoint
from exporter.parts import Parts
from exporter.pipeline import Pipeline
from exporter.savepoint import Savepoint
from exporter.trial import FIRST, Earlier, Makers, Trial, unwritable


class Crew:
    """All sources, each `Confined`, and what is done by several of them together. `order`: of all that they read.

    `is_late`: whether to leave the rest of a source for later.
    """

    def __init__(self, parts: Iterable[Parts], makers: Makers, ledger: Ledger) -> None:
        self.makers = makers
        self.ledger = ledger
        self.order: Iterator[int] = count()
        self.is_late: Callable[[], bool] = lambda: False
        self._by_name = {one.name: Confined(one, self) for one in parts}

    @property
    def sources(self) -> Sequence[Confined]:
        """In the order of the configuration."""
        return tuple(self._by_name.values())

    def together(self, source: Confined) -> list[Confined]:
        """Those that share connections with the source by now, or go through a trial with it, and itself.

        In the order in which they are read.
        """
        tried = source.trial.points if source.trial is not None else {}
        names = {*self.makers.linked(source.name), *tried}
        return [one for name, one in self._by_name.items() if name in names]

    def groups(self, names: Iterable[str]) -> list[list[Confined]]:
        """The named sources, those that share connections together."""
        left, found = set(names), []
        while left:
            group = self.together(self._by_name[min(left)])
            found.append([one for one in group if one.name in left])
            left -= {one.name for one in group}
        return found

    def try_again(self, group: Sequence[Confined], rehearses: float | None, earlier: Earlier = FIRST) -> Trial:
        """Take back what is not committed of these sources, and begin to go through it again."""
        points = {}
        for one in group:
            one.open()
            self.ledger.drop(one.name)
            one.pipeline = None
            points[one.name] = Savepoint.of(self.ledger.saved(one.name)).without(one.aside)
        pieces = sorted((piece for one in group for piece in one.kept), key=lambda piece: piece.order)
        told = self.checkpoints
        trial = Trial(pieces, points, self.makers, told, self.ledger, rehearses=rehearses, earlier=earlier)
        for one in group:
            one.trial = trial
        return trial

    def checkpoints(self, pipelines: Mapping[str, Pipeline]) -> dict[str, SourceCheckpoint]:
        """Of these sources, with what their inputs tell."""
        return {name: self._by_name[name].told(pipeline) for name, pipeline in pipelines.items()}

    def end(self, trial: Trial, now: float) -> None:
        """All is tried: the sources go on from there."""
        trial.confirm()
        for name, pipeline in trial.pipelines.items():
            one = self._by_name[name]
            one.trial, one.wants_commit = None, True
            one.pipeline, one.base = pipeline, trial.points[name]
            one.kept = [piece for piece in trial.passed if piece.source == name]
        for suspect in trial.confirmed:
            guilty = self._by_name[suspect.piece.source]
            guilty.aside += 1
            guilty.faults.note(Kind.LINE, f"{suspect.piece.where}: a line was set aside ({suspect.cause})", now)

    def refused(self, group: Sequence[Confined], raised: str, now: float) -> None:
        """The commit of these sources alone raised something: find the line, or the file, that it is about."""
        for one in group:
            one.faults.note(Kind.COMMIT, f"a commit failed because of its data ({raised})", now)
        try:
            trial = self.try_again(group, now)
            checkpoints = trial.completed(self.checkpoints(trial.pipelines))
            bad, told = unwritable(self.ledger, now, checkpoints)
            for name, position in bad:
                self._by_name[name].hold(position.stream, f"{position.path!a}: the file was set aside ({told})", now)
            if bad:
                self.try_again(group, now)
            if bad or not told:
                return
        except Exception as error:
            told = cause(error)
        self.suspend(group[0], told, now)

    def suspend(self, source: Confined, raised: str, now: float, *, counted: bool = True) -> None:
        """The source waits, and those that share its connections with it; then all begin again at the last commit."""
        group = self.together(source)
        longest = max(one.next_wait for one in group)
        for one in group:
            one.wait(raised, now, longest)
        if counted:
            source.faults.note(
                Kind.SOURCE, f"cannot be read; it will be tried again from the same position ({raised})", now
            )
