"""Reading on in one generation: chunks, lines, holes of zeros, and the last rest of a finished file."""

from typing import NamedTuple

from exporter.inputs.identity import HEAD_BYTES, head_of
from exporter.inputs.lines import MAX_LINE, Cut, Encoding, cut, encoding_of
from exporter.inputs.readers import Reader
from exporter.inputs.stream import Replaced, Stream
from exporter.model import Batch

CHUNK = 1 << 18
_ZERO_BLOCK = 1 << 20
_ZERO_BLOCKS = 64  # looked through per step for the end of a hole


class Step(NamedTuple):
    """What one step of reading gave; `batch` None and nothing consumed: all is read."""

    consumed: int
    batch: Batch | None


def step(stream: Stream) -> Step:
    """Read on by about a chunk. OSError, Torn, StillSkipping or Replaced; what was read then is not given."""
    reader, encoding = stream.opened(), encoding_of(stream.first)
    data = reader.read(stream.offset, _room(stream, CHUNK))
    if len(data) == CHUNK and b"\n" not in data:
        data = reader.read(stream.offset, _room(stream, MAX_LINE))
    if encoding is Encoding.BYTES and b"\n" not in data:
        if data.endswith(b"\0"):
            return _over_zeros(stream, reader, data)
        if data.startswith(b"\0") and len(data) >= CHUNK:
            return _advance(stream, Cut([], len(data) - len(data.lstrip(b"\0")), stream.skipping), at_end=False)
    piece = cut(data, encoding, first=not stream.offset, skipping=stream.skipping)
    # Checked after reading: what was truncated meanwhile and written anew is not what we wanted.
    _still(stream, reader)
    return _advance(stream, piece, at_end=len(data) < CHUNK)


def flush(stream: Stream) -> Step:
    """Take what stands after the last line end as a line: nobody will end it."""
    data = stream.opened().read(stream.offset, _room(stream, MAX_LINE))
    encoding = encoding_of(stream.first)
    if encoding is Encoding.BYTES:
        data = data.rstrip(b"\0")
    piece = cut(data, encoding, first=not stream.offset, skipping=stream.skipping, final=True)
    _still(stream, stream.opened())
    return _advance(stream, piece, at_end=True)


def _room(stream: Stream, size: int) -> int:
    return size if stream.limit is None else max(0, min(size, stream.limit - stream.offset))


def _still(stream: Stream, reader: Reader) -> None:
    if stream.name.compression:
        return
    first = reader.read(0, HEAD_BYTES)
    if not stream.head.begins(first):
        raise Replaced
    if not stream.head.full:
        stream.head = head_of(first)
        stream.first = first[:3]


def _over_zeros(stream: Stream, reader: Reader, data: bytes) -> Step:
    """Zeros up to the end are not yet written; zeros with something behind them are a hole to be passed over."""
    text = data.rstrip(b"\0")
    stream.scanned = max(stream.scanned, stream.offset + len(data))
    for _ in range(_ZERO_BLOCKS):
        block = reader.read(stream.scanned, _ZERO_BLOCK)
        behind = block.lstrip(b"\0")
        stream.scanned += len(block) - len(behind)
        if behind:
            lines = [text] if text.strip(b"\0") and not stream.skipping else []
            return _advance(stream, Cut(lines, stream.scanned - stream.offset, skipping=False), at_end=False)
        if not block:
            break
    stream.unwritten = True
    return Step(0, None)


def _advance(stream: Stream, piece: Cut, *, at_end: bool) -> Step:
    begin = stream.offset
    stream.offset += piece.consumed
    stream.skipping = piece.skipping
    if not piece.consumed:
        return Step(0, None)
    stream.scanned, stream.unwritten = 0, False
    stream.modified = stream.seen[1] / 1e9
    batch = Batch(stream.key, stream.label, piece.lines, stream.modified, at_end, begin) if piece.lines else None
    return Step(piece.consumed, batch)
