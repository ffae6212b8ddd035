"""The loop's pulse: when it last came by, and where it was; told by the loop, read by other threads."""

from collections.abc import Callable

# A loop that stands for so long hangs: in a disk that does not answer, or in a pattern that finds no end.
LONGEST_SECONDS = 30.0


class Pulse:
    """`stopwatch`: seconds, never set back. `beats` is called at each beat, in the loop's thread."""

    def __init__(self, stopwatch: Callable[[], float], beats: Callable[[], None] | None = None) -> None:
        self._stopwatch = stopwatch
        self._beats = beats
        self._last = (stopwatch(), "")

    def beat(self, where: str) -> None:
        """The loop comes by; `where`: at what it goes on, empty: it waits for more to read."""
        self._last = (self._stopwatch(), where)
        if self._beats is not None:
            self._beats()

    @property
    def problem(self) -> str:
        """A sentence when the loop stands, else empty."""
        seconds = self._stopwatch() - self._last[0]
        return "" if seconds < LONGEST_SECONDS else f"the main loop has been stuck for {int(seconds)} s: {self.where}"

    @property
    def where(self) -> str:
        """Where the loop is, for people."""
        return f"it is busy with {self._last[1] or 'its own work'}"
