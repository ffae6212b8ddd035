"""Internal errors by source: counted, logged once, and shown while they last. They never contain the text of a line."""

import logging
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from traceback import extract_tb

LOG = logging.getLogger(__name__)

TELL_SECONDS = 10.0
# How many of the newest are shown.
SHOWN = 5
_OURS = Path(__file__).parent


class Kind(StrEnum):
    """What was isolated: a line or a file set aside, a paused source, a commit that failed because of its data."""

    LINE = "line"
    FILE = "file"
    SOURCE = "source"
    COMMIT = "commit"


def cause(error: BaseException) -> str:
    """The error's type and its place in the code, without its text, which may contain names or passwords."""
    frames = [frame for frame in extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(_OURS)]
    place = f" at {Path(frames[-1].filename).relative_to(_OURS.parent)}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"


class Faults:
    """The faults of one source since the start."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._counts: Counter[str] = Counter()
        self._heard: dict[str, int] = {}
        self._told: dict[Kind, float] = {}
        self._untold: Counter[Kind] = Counter()
        self._last = ""
        self.shown: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """The counts of all kinds."""
        return {str(kind): self._counts[kind] for kind in Kind}

    def hear(self, counted: Mapping[str, int]) -> None:
        """Add what an input has counted itself since it was created: files that it set aside and reported."""
        for kind, number in counted.items():
            before = self._heard.get(kind, 0)
            self._counts[kind] += number - before if number >= before else number
        self._heard = dict(counted)

    def note(self, kind: Kind, sentence: str, now: float) -> None:
        """Count a fault; `sentence` says what was done and where to look."""
        self._counts[kind] += 1
        if sentence in (*self.shown, self._last):  # tried again without success
            return
        self._last = sentence
        if kind in (Kind.LINE, Kind.FILE):
            self.shown = (*self.shown, sentence)[-SHOWN:]
        if abs(now - self._told.get(kind, float("-inf"))) < TELL_SECONDS:
            self._untold[kind] += 1
            return
        more = f" (and {self._untold[kind]} more like this)" if self._untold[kind] else ""
        self._told[kind], self._untold[kind] = now, 0
        LOG.error("source %s: %s%s; please report it", self._source, sentence, more)
