"""`--format auto`: which server wrote these lines, and never a guess between two."""

from collections import Counter
from collections.abc import Sequence

from exporter.formats.contract import Format
from exporter.model import Record

# Lines that the chosen format did not understand are shown to the others, so many and no more: it costs.
SUSPECTED_LINES = 10_000


class Recogniser:
    """Chooses among `formats` by the first line that only one of them can have written; one needs no choice.

    `state` is what `state()` of an earlier one said. `chosen` is None until then. `votes` counts the lines that
    were recognised, per format.
    """

    def __init__(self, formats: Sequence[Format], state: str = "") -> None:
        self._formats = tuple(formats)
        self.chosen: Format | None = formats[0] if len(formats) == 1 else None
        self.votes: Counter[str] = Counter()
        self._left = SUSPECTED_LINES if len(formats) > 1 else 0
        for one in formats:
            if one.name == state:
                self.chosen = one

    def see(self, record: Record) -> Format | None:
        """The format for this line, chosen by it if it can be; None: it is of no server known."""
        if self.chosen is None:
            claims = [one for one in self._formats if one.recognises(record)]
            if len(claims) == 1:
                self.chosen = claims[0]
                self.votes[self.chosen.name] += 1
        return self.chosen

    def doubt(self, record: Record) -> None:
        """Take a line that the chosen format did not understand: another server may write into the same log."""
        if self._left > 0:
            self._left -= 1
            self.votes.update(one.name for one in self._formats if one is not self.chosen and one.recognises(record))

    @property
    def doubts(self) -> bool:
        """Whether lines that were not understood are still of interest."""
        return self._left > 0

    def state(self) -> str:
        """What the next recogniser must know."""
        return self.chosen.name if self.chosen else ""

    @property
    def problem(self) -> str:
        """What to settle where two servers write into one log; empty: nothing."""
        if self.chosen is None:
            return ""
        others = ", ".join(sorted(name for name in self.votes if name != self.chosen.name))
        if not others:
            return ""
        return (
            f"read as {self.chosen.name}, but there are lines of {others} too: give the source one format: for each"
            f" server a source of its own with the same paths"
        )
