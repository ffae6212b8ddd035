"""Reads a file once, from its position to its end, for commands that read old logs; also compressed files."""

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import NamedTuple

from exporter.inputs.lines import HOLE, MAX_LINE, cut, encoding_of, written
from exporter.inputs.readers import StillSkipping, open_reader
from exporter.model import Batch

CHUNK_BYTES = 1 << 20
STANDARD_INPUT = "-"

# The bytes at an offset, at most so many, fewer only at the end: `Reader.read`.
Read = Callable[[int, int], bytes]


class Piece(NamedTuple):
    """Some complete lines, and how far the file is read with them; `skipping`: the rest of the last one follows."""

    lines: list[bytes]
    offset: int
    skipping: bool


def pieces(read: Read, offset: int = 0, *, skipping: bool = False, final: bool = True) -> Iterator[Piece]:
    """The lines from `offset` on; `final`: a rest without a line end is a line as well. OSError or Torn."""
    encoding = encoding_of(read(0, 2)) if offset else None
    data, unheld = b"", 0  # of a hole whose end is not yet seen only a part is kept
    while True:
        new = _patiently(read, offset + len(data) + unheld)
        data += new
        encoding = encoding or encoding_of(data)
        found = cut(data, encoding, first=offset == 0, skipping=skipping, final=final and not new, settled=final)
        if found.consumed:
            data, offset, skipping = data[found.consumed :], offset + found.consumed + unheld, found.skipping
            unheld = 0
            yield Piece(found.lines, offset, skipping)
        elif len(data) > MAX_LINE:
            shorter = data[: written(data, encoding) + HOLE]
            data, unheld = shorter, unheld + len(data) - len(shorter)
        if not new:
            return


def _patiently(read: Read, offset: int) -> bytes:
    while True:
        with suppress(StillSkipping):
            return read(offset, CHUNK_BYTES)


def read_whole(path: str, now: float) -> Iterator[Batch]:
    """All lines of the file, the last one also without its end. OSError or Torn.

    `-` is standard input, which has no age: its stamps without a year are the last ones before `now` (UNIX seconds).
    """
    if path == STANDARD_INPUT:
        for piece in pieces(lambda _, size: sys.stdin.buffer.read(size)):
            yield Batch(STANDARD_INPUT, "standard input", piece.lines, now, caught_up=False)
        return
    with closing(open_reader(path)) as reader:
        modified = reader.stat().st_mtime
        for piece in pieces(reader.read):
            yield Batch(path, path, piece.lines, modified, caught_up=False)
