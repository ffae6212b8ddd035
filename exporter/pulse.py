"""When the main loop last turned, and what it is doing; written by the loop, read by other threads."""

from collections.abc import Callable

# A loop that does not turn for this long hangs, on a dead disk or in a slow pattern.
LONGEST_SECONDS = 30.0


class Pulse:
    """`stopwatch`: monotonic seconds. `beats` is called at each step, in the loop's thread."""

    def __init__(self, stopwatch: Callable[[], float], beats: Callable[[], None] | None = None) -> None:
        self._stopwatch = stopwatch
        self._beats = beats
        self._turned = stopwatch()
        self._where = ""

    def beat(self, where: str) -> None:
        """The loop makes a step; `where`: what it does next."""
        self._where = where
        if self._beats is not None:
            self._beats()

    def turn(self) -> None:
        """The loop has turned: it has read what it could in some seconds, and committed if that was due."""
        self._turned = self._stopwatch()
        self.beat("")

    @property
    def problem(self) -> str:
        """A sentence if the loop hangs, else empty."""
        seconds = self._stopwatch() - self._turned
        return "" if seconds < LONGEST_SECONDS else f"the main loop has been stuck for {int(seconds)} s: {self.where}"

    @property
    def where(self) -> str:
        """What the loop is doing, for people."""
        return f"it is busy with {self._where or 'its own work'}"
