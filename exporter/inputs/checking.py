"""Checks by its first bytes that a file still contains what was read from it, and learns them."""

from exporter.inputs.beginnings import is_hollow, search
from exporter.inputs.identity import HEAD_BYTES, head_of
from exporter.inputs.inflating import StillSkipping
from exporter.inputs.readers import Reader
from exporter.inputs.stream import Stream


class Replaced(Exception):  # noqa: N818  (a state of the world, not an error)
    """The file no longer contains what was read from it."""


def verify(stream: Stream) -> None:
    """Check that the file still begins as it did and is not shorter than what was read; learn its head.

    Replaced if not; a file shortened to part of what was read is read on from its end (True). StillSkipping: it
    begins with a hole whose end is not yet found.
    """
    reader = stream.opened()
    first = reader.read(stream.head_begin, HEAD_BYTES)
    if stream.offset and not stream.head.length and is_hollow(first):
        first = _behind_the_hole(stream, reader)
    if not stream.head.begins(first):
        if not (first and stream.head.data and stream.head.data.startswith(first)):
            raise Replaced
        stream.head = head_of(first)
    elif not stream.head.full or stream.head.data is None:
        stream.head = head_of(first, stream.offset - stream.head_begin)
    _learn_encoding(stream, first)
    stream.verified = True


def _behind_the_hole(stream: Stream, reader: Reader) -> bytes:
    """Find the head of a file of which no head is known, although it was read."""
    result = search(reader, stream.scanned)
    if isinstance(result, int):
        stream.scanned = result
        raise StillSkipping
    stream.scanned, stream.head_begin = 0, result.begin
    return result.first


def _learn_encoding(stream: Stream, first: bytes) -> None:
    stream.first = b"" if stream.head_begin else first[:3]


def check(stream: Stream, reader: Reader, offset: int, data: bytes, end: int) -> None:
    """`data` was read at `offset`: is it the first that is not zeros? Then check the head. Replaced if it differs.

    `end`: as far as this the file is being done with.

    Of a compressed file the head is not read again: that would mean to begin again.
    """
    text = data.lstrip(b"\0") if stream.hollow and not stream.head.length else b""
    if text:
        begin = offset + len(data) - len(text)
        stream.head_begin, stream.hollow = begin if begin >= HEAD_BYTES else 0, False
        if stream.head_begin:
            stream.head = head_of(text)
    if stream.name.compression:
        return
    first = reader.read(stream.head_begin, HEAD_BYTES)
    if not stream.head.begins(first):
        raise Replaced
    if not stream.head.full:
        stream.head = head_of(first, end - stream.head_begin)
        _learn_encoding(stream, first)


def cut_back(stream: Stream) -> bool:
    """Whether the file was shortened to part of what was read; if so, continue from its current end."""
    size = stream.opened().stat().st_size
    if stream.name.compression or size >= stream.offset:
        return False
    if not size:
        raise Replaced
    stream.skipping = stream.opened().read(size - 1, 1) != b"\n"
    stream.offset = size
    return True
