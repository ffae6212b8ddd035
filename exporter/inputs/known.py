"""The generations known of one input's logs, and what was counted of them."""

import logging
from collections.abc import Sequence

from exporter.inputs.stream import Stream
from exporter.inputs.troubles import shown
from exporter.model import Position, SourceCount

LOG = logging.getLogger(__name__)

_FORGET_LOST = 2_000  # positions of files that are gone; they may come back with a mount


class Known:
    """The generations (streams) by their keys, the oldest first; the counts go on from those of the ledger."""

    def __init__(self, positions: Sequence[Position], counts: SourceCount) -> None:
        known = sorted((p for p in positions if p.path), key=lambda p: (len(p.stream), p.stream))  # oldest first
        self.streams = {p.stream: Stream.restored(p) for p in known}
        self.rotations, self.truncations = counts.rotations, counts.truncations
        self.lost = counts.lines_possibly_lost
        self._next_key = 1 + max((int(key) for key in self.streams if key.isdigit()), default=0)

    def key(self) -> str:
        """A key that no generation has or had."""
        self._next_key += 1
        return str(self._next_key - 1)

    def add(self, stream: Stream, now: float) -> Stream:
        """One more generation."""
        self.streams[stream.key] = stream
        stream.quiet_since = now
        return stream

    def moved(self, stream: Stream, now: float) -> None:
        """The file was renamed by a rotation."""
        stream.moved, stream.quiet_since = True, now
        self.rotations += 1

    def suspect(self, *, at_once: bool = False) -> None:
        """Count once, for each file that is gone before its end was seen, that lines may be lost.

        Unless `at_once`, it must be gone at two looks in a row: it may have been renamed during one.
        """
        for stream in self.streams.values():
            gone = not (stream.bound or stream.finished)
            if gone and not (stream.missed or at_once):
                stream.missed = True
            elif gone:
                stream.finished = True  # for all we know; should it come back with more, that is seen
                if not stream.is_blank:
                    self.doubt(stream, "truncated or removed before it was read to its end")

    def doubt(self, stream: Stream, why: str) -> None:
        """Count possibly lost lines, and log where."""
        self.lost += 1
        LOG.warning("%s: %s; lines may be lost", shown(stream.path), why)

    def forget(self) -> None:
        """Drop files that can never be found again, and the oldest of those that are gone."""
        for stream in [s for s in self.streams.values() if s.is_blank and not s.bound]:
            del self.streams[stream.key]  # nothing is known of it that could be found again
        lost = [stream for stream in self.streams.values() if not stream.bound]
        for stream in sorted(lost, key=lambda s: s.modified)[: max(0, len(lost) - _FORGET_LOST)]:
            del self.streams[stream.key]
