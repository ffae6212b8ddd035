"""A file read once from its begin to its end, for commands that look at old logs; compressed ones, too."""

import sys
from collections.abc import Iterator
from contextlib import closing
from typing import IO

from exporter.inputs.lines import cut, encoding_of
from exporter.inputs.readers import open_reader
from exporter.model import Batch

CHUNK_BYTES = 1 << 20
STANDARD_INPUT = "-"


def read_whole(path: str) -> Iterator[Batch]:
    """All lines of the file (`-`: standard input), the last one also without its end. OSError, or one of TORN."""
    if path == STANDARD_INPUT:
        yield from _read_stream(sys.stdin.buffer)
        return
    with closing(open_reader(path)) as reader:
        modified = reader.stat().st_mtime
        data, offset, skipping = b"", 0, False
        encoding = encoding_of(reader.read(0, 2))
        while True:
            new = reader.read(offset + len(data), CHUNK_BYTES)
            data += new
            found = cut(data, encoding, first=offset == 0, skipping=skipping, final=not new)
            yield Batch(path, path, found.lines, modified, caught_up=not new)
            if not new:
                return
            data, offset, skipping = data[found.consumed :], offset + found.consumed, found.skipping


def _read_stream(stream: IO[bytes]) -> Iterator[Batch]:
    while lines := stream.readlines(CHUNK_BYTES):
        yield Batch(STANDARD_INPUT, "standard input", [line.rstrip(b"\r\n") for line in lines], 0.0, caught_up=False)
