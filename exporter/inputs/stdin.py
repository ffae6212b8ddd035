"""Standard input (`paths: ["-"]`): it can only be read once, and not continued after a restart."""

import os
import sys
from collections.abc import Iterator, Sequence

from exporter.inputs.contract import InputStatus
from exporter.inputs.lines import MAX_LINE, Encoding, cut, encoding_of
from exporter.inputs.waiting import has_arrived
from exporter.model import Batch, Position, SourceCount

STREAM = "standard input"
_CHUNK = 1 << 18


class StandardInput:
    """The lines of a pipe, terminal or redirected file; `descriptor` is standard input's."""

    def __init__(
        self,
        name: str,
        positions: Sequence[Position] = (),  # noqa: ARG002  (the same call as for other inputs)
        *,
        counts: SourceCount | None = None,
        descriptor: int | None = None,
    ) -> None:
        self.name = name
        self._descriptor = sys.stdin.fileno() if descriptor is None else descriptor
        self._counts = counts or SourceCount()
        self._read_bytes = self._counts.read_bytes
        self._data = b""
        self._encoding: Encoding | None = None
        self._skipping = False
        self._ended = False
        self._caught_up = False
        self._worked = 0

    @property
    def ended(self) -> bool:
        """Whether the writer has closed its end and all is read."""
        return self._ended and not self._data

    @property
    def begun(self) -> bool:
        """Always: all of it is read."""
        return True

    def read(self, now: float, budget: int) -> Iterator[Batch]:
        """Return what has arrived; after the writer has closed, also a last line without an end."""
        self._caught_up, self._worked = False, 0
        while self._worked < budget and not self.ended:
            received = self._receive()
            self._worked += received
            first = self._encoding is None
            if first and len(self._data) < 2 and not self._ended:  # noqa: PLR2004  (a byte order mark of UTF-16)
                break
            self._encoding = self._encoding or encoding_of(self._data)
            piece = cut(self._data, self._encoding, first=first, skipping=self._skipping, final=self._ended)
            self._data, self._skipping = self._data[piece.consumed :], piece.skipping
            self._read_bytes += piece.consumed
            if first and not piece.consumed:
                self._encoding = None
            if piece.lines:
                yield Batch(STREAM, STREAM, piece.lines, now, caught_up=not received)
            if not received:
                break
        self._caught_up = self._worked < budget

    def _receive(self) -> int:
        """Take what is there, at most a chunk; 0: nothing at this moment, or the end."""
        if self._ended or not has_arrived(self._descriptor, 0):
            return 0
        data = os.read(self._descriptor, min(_CHUNK, MAX_LINE))
        self._ended = not data
        self._data += data
        return len(data)

    def positions(self) -> tuple[Position, ...]:
        """Nothing: a pipe cannot be read again."""
        return ()

    def status(self) -> InputStatus:
        """How it fares."""
        return InputStatus(
            unread_bytes=len(self._data),
            read_bytes=self._read_bytes,
            rotations=self._counts.rotations,
            truncations=self._counts.truncations,
            lines_possibly_lost=self._counts.lines_possibly_lost,
            caught_up=self._caught_up,
            worked=self._worked,
        )

    def release_deleted(self) -> int:
        """Nothing to release."""
        return 0

    def close(self) -> None:
        """Standard input stays open."""
