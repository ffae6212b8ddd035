"""Lines whose cost grows with the square of their length: what a client repeats at every place of every sample line.

    .venv/bin/python -m tests.bench.hostile [FORMAT...]

A place counts when a line four times as long takes more than eight times the time. Ten minutes for all formats.
"""

import re
import sys
import time
from collections.abc import Iterator

from exporter.formats import FORMATS
from exporter.formats.contract import Format
from exporter.model import Record
from tests.formats.samples import records, sample_files

SIZE = 8192
SLOW_SECONDS = 0.004
HEAD = 260  # bytes of a sample line within which something is repeated
CHUNKS = [b"a", b"0", b" ", b",", b"(", b")", b"<", b">", b": ", b"'", b"`", b'"', b"[", b"=", b"-", b"?", b"\t"]
BEFORE = (6, 12, 25)  # also what stands before the place


def main() -> None:
    """Print the worst places of each format."""
    for form in FORMATS:
        if sys.argv[1:] and form.name not in sys.argv[1:]:
            continue
        found: dict[tuple[bytes, bytes], float] = {}
        for record in samples(form):
            for begin, chunk, end in places(record.message[:HEAD]):
                if seconds(form, record, begin + chunk * (SIZE // len(chunk)) + end) < SLOW_SECONDS:
                    continue
                short, long = (
                    min(seconds(form, record, begin + chunk * (size // len(chunk)) + end) for _ in range(2))
                    for size in (SIZE, 4 * SIZE)
                )
                if long > 8 * short:
                    found[shape(begin), chunk] = max(long, found.get((shape(begin), chunk), 0))
        print(f"{form.name}: {len(found)} places")
        for (begin, chunk), took in sorted(found.items(), key=lambda item: -item[1])[:10]:
            print(f"    {took:.3f} s for {4 * SIZE} bytes: {begin!r} and then {chunk!r} again and again")


def samples(form: Format) -> list[Record]:
    """A line of each shape."""
    every = [record for path in sample_files(form.name) for record in records(path) if isinstance(record, Record)]
    return list({shape(record.message): record for record in every}.values())


def shape(message: bytes) -> bytes:
    return re.sub(rb"[0-9A-Za-z+/=]{2,}", b"w", message)[:80]


def places(message: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """What stands before, what is repeated, and what stands behind."""
    cuts = {at for match in re.finditer(rb"\W|\b", message) for at in match.span()}
    for cut in sorted(cuts):
        for chunk in {*CHUNKS, *(message[max(0, cut - size) : cut] for size in BEFORE)} - {b""}:
            for end in (b"", message[cut:]):
                yield message[:cut], chunk, end


def seconds(form: Format, record: Record, message: bytes) -> float:
    begin = time.perf_counter()
    form.read(record._replace(message=message))
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
