"""Reading on in one generation: chunks, lines, holes of zeros, and the last rest of a finished file."""

from typing import NamedTuple

from exporter.inputs.checking import check
from exporter.inputs.inflating import Refused
from exporter.inputs.lines import MAX_LINE, Cut, cut, encoding_of, written, zeros_until
from exporter.inputs.readers import Reader
from exporter.inputs.stream import Stream
from exporter.model import Batch

CHUNK = 1 << 18
MAX_INSIDE = 1 << 36  # bytes read of one compressed file: 64 GiB
_ZERO_BLOCK = 1 << 20
_ZERO_BLOCKS = 4  # looked through per step for the end of a hole


class Step(NamedTuple):
    """What one step of reading gave: `cost` bytes were looked at, `consumed` of them are done with.

    `ended`: the file holds nothing more at present but, perhaps, a line without an end. Only that says so: a step
    may well give and consume nothing, in a hole.
    """

    cost: int = 0
    consumed: int = 0
    batch: Batch | None = None
    ended: bool = False


def step(stream: Stream) -> Step:
    """Read on by about a chunk. OSError, Torn, StillSkipping or Replaced; what was read then is not given."""
    reader, encoding = stream.opened(), encoding_of(stream.first)
    compressed = bool(stream.name.compression)
    if compressed and stream.offset >= MAX_INSIDE:
        raise Refused(f"more than {MAX_INSIDE >> 30} GiB uncompressed: the rest is not read")
    data, wanted, piece = b"", 0, Cut([], 0, stream.skipping)
    for wanted in (CHUNK, MAX_LINE):
        data = reader.read(stream.offset, _room(stream, wanted))
        piece = cut(data, encoding, first=not stream.offset, skipping=stream.skipping, settled=compressed)
        if piece.consumed or len(data) < wanted:
            break
    # Checked after reading: what was truncated meanwhile and written anew is not what we wanted.
    check(stream, reader, stream.offset, data, stream.offset + piece.consumed)
    if not piece.consumed and len(data) == wanted:
        return _over_zeros(stream, reader, data)
    done = _advance(stream, piece, len(data), at_end=len(data) < wanted)
    # Of a compressed file the end is believed only where nothing more came: a tear may follow.
    ended = len(data) < wanted and not (compressed and piece.consumed)
    stream.unwritten = ended and not compressed and data.endswith(b"\0")
    return done._replace(ended=ended)


def flush(stream: Stream) -> Step:
    """Take what stands after the last line end as a line: nobody will end it. `ended`: that was all."""
    reader, encoding = stream.opened(), encoding_of(stream.first)
    data = reader.read(stream.offset, _room(stream, MAX_LINE))
    if stream.name.compression:
        reader.read(stream.offset + len(data), 1)  # Torn, if this is not the end but a tear
    rest = data[: written(data, encoding)]
    piece = cut(rest, encoding, first=not stream.offset, skipping=stream.skipping, final=True)
    check(stream, reader, stream.offset, data, stream.offset + piece.consumed)
    return _advance(stream, piece, len(data), at_end=True)._replace(ended=len(data) < MAX_LINE or rest != data)


def _room(stream: Stream, size: int) -> int:
    return size if stream.limit is None else max(0, min(size, stream.limit - stream.offset))


def _over_zeros(stream: Stream, reader: Reader, data: bytes) -> Step:
    """Zeros up to the end are not yet written; zeros with something behind them are a hole to be passed over."""
    encoding = encoding_of(stream.first)
    at, cost = max(stream.scanned, stream.offset + len(data)), len(data)
    for _ in range(_ZERO_BLOCKS):
        at = reader.next_data(at)
        at -= (at - stream.offset) % encoding.width
        block = reader.read(at, _ZERO_BLOCK if stream.limit is None else max(0, min(_ZERO_BLOCK, stream.limit - at)))
        zeros, cost = zeros_until(block, encoding), cost + len(block)
        if block[zeros:].strip(b"\0"):
            check(stream, reader, at, block, at + zeros)
            at += zeros
            begin = written(data, encoding)
            before = cut(data[:begin], encoding, first=not stream.offset, skipping=stream.skipping, final=True)
            lines = [] if stream.skipping else before.lines
            return _advance(stream, Cut(lines, at - stream.offset, skipping=False), cost, at_end=False)
        at += zeros
        if not block:
            stream.unwritten = True
            break
    stream.scanned = at
    return Step(cost, ended=stream.unwritten)


def _advance(stream: Stream, piece: Cut, cost: int, *, at_end: bool) -> Step:
    begin = stream.offset
    stream.offset += piece.consumed
    stream.skipping = piece.skipping
    if not piece.consumed:
        return Step(cost)
    stream.scanned, stream.unwritten = 0, False
    stream.modified = stream.seen[1] / 1e9
    batch = Batch(stream.key, stream.label, piece.lines, stream.modified, at_end, begin) if piece.lines else None
    return Step(cost, piece.consumed, batch)
