"""What each source has booked since it was committed last, apart from the others: so that it can be taken back.

The sources of one commit are written together. What one source did is dropped alone where it cannot be written, and
layer by layer where its lines are tried one after the other.
"""

from collections.abc import Iterable, Mapping

from exporter.ledger.pending import Pending
from exporter.model import Charge, SourceCheckpoint
from exporter.periods import Calendar

Waiting = Mapping[str, list[SourceCheckpoint]]

# Charges that belong to no source in particular: they go with every commit.
NOBODY = ""


class Drafts:
    """Charges and checkpoints that wait for a commit to succeed, by source."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._layers: dict[str, list[Pending]] = {}
        self._waiting: dict[str, list[SourceCheckpoint]] = {}

    def book(self, charges: Iterable[Charge], source: str) -> None:
        """Take in charges of `source`."""
        layers = self._layers.setdefault(source, [])
        if not layers:
            layers.append(Pending(self._calendar))
        layers[-1].book(charges)

    def mark(self, source: str) -> None:
        """What is booked from now on can be taken back by `undo`."""
        self._layers.setdefault(source, []).append(Pending(self._calendar))

    def undo(self, source: str) -> None:
        """Take back what was booked since the last `mark`."""
        self._layers[source].pop()

    def drop(self, source: str) -> None:
        """Forget what is not committed of `source`."""
        self._layers.pop(source, None)
        self._waiting.pop(source, None)

    def note(self, source: str, checkpoint: SourceCheckpoint) -> None:
        """Remember the newest checkpoint; of older ones only the sessions they opened and closed matter."""
        self._waiting[source] = self.checkpoints(source, checkpoint)

    def checkpoints(self, source: str, newest: SourceCheckpoint) -> list[SourceCheckpoint]:
        """Those of `source` that wait, in order, and the newest."""
        waiting = self._waiting.get(source, ())
        return [*(old for old in waiting if (old.opened or old.closed) and old is not newest), newest]

    def waiting(self, sources: Iterable[str]) -> dict[str, list[SourceCheckpoint]]:
        """Of those of these sources that have any, the checkpoints that wait, in order."""
        return {source: self._waiting[source] for source in sources if source in self._waiting}

    @property
    def sources(self) -> tuple[str, ...]:
        """Those that have something to be written."""
        return tuple({**self._waiting, **self._layers})

    def pending(self, sources: Iterable[str]) -> Pending:
        """All that these sources, and nobody, have booked; not to be changed."""
        layers = [layer for source in {NOBODY, *sources} for layer in self._layers.get(source, ())]
        if len(layers) == 1:
            return layers[0]
        together = Pending(self._calendar)
        for layer in layers:
            together.take(layer)
        return together

    def clear(self, sources: Iterable[str]) -> None:
        """They are committed."""
        for source in {NOBODY, *sources}:
            self.drop(source)
