"""Bytes of a file into lines: bounded, in any encoding that logs come in, never across what is not yet written.

A line ends with a line feed; a carriage return before it belongs to the end. Bytes that are not UTF-8 pass
through untouched. UTF-16 is told by its byte order mark and given on as UTF-8.
"""

from enum import Enum
from typing import NamedTuple

MAX_LINE = 1 << 20  # bytes; what is longer is given once, cut, and the rest of the line is skipped

UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_BOM_8 = b"\xef\xbb\xbf"


class Encoding(Enum):
    """How a file says what its bytes are; the value is Python's codec."""

    BYTES = ""
    UTF_16_LE = "utf-16-le"
    UTF_16_BE = "utf-16-be"


def encoding_of(head: bytes) -> Encoding:
    """Tell the encoding by the first bytes of a file."""
    return {b"\xff\xfe": Encoding.UTF_16_LE, b"\xfe\xff": Encoding.UTF_16_BE}.get(head[:2], Encoding.BYTES)


class Cut(NamedTuple):
    """Complete lines without their ends, how many bytes they took, and whether the rest of a line is skipped."""

    lines: list[bytes]
    consumed: int
    skipping: bool


def cut(data: bytes, encoding: Encoding, *, first: bool, skipping: bool, final: bool = False) -> Cut:
    """Cut off the complete lines at the begin of `data`.

    `first`: data is the begin of the file (a byte order mark is dropped). `skipping`: data begins inside a line
    that was given already. `final`: nothing will follow, so that a rest without an end is a line as well.
    """
    end = _last_end(data, encoding)
    consumed, rest_skips = end, False
    if (final and len(data) > end) or (not end and len(data) >= MAX_LINE):
        consumed, rest_skips = len(data), True
    elif skipping and not end:
        consumed, rest_skips = _whole(data, encoding), True
    if not consumed:
        return Cut([], 0, skipping)
    lines = _split(data[:consumed], encoding, ended=consumed == end)
    if skipping:
        del lines[0]
    if first and lines and lines[0].startswith(_BOM_8):
        lines[0] = lines[0][3:]
    if consumed != end and lines and not lines[-1]:
        lines.pop()
    return Cut(lines, consumed, rest_skips)


def _whole(data: bytes, encoding: Encoding) -> int:
    """How much of a line without an end can be passed over: no half character, no zeros not yet written."""
    return len(data.rstrip(b"\0")) if encoding is Encoding.BYTES else len(data) & ~1


def _last_end(data: bytes, encoding: Encoding) -> int:
    """Where the last complete line of `data` ends; 0: there is none."""
    if encoding is Encoding.BYTES:
        return data.rfind(b"\n") + 1
    feed = "\n".encode(encoding.value)
    at = data.rfind(feed)
    while at > 0 and at % 2:  # half of one character and half of the next
        at = data.rfind(feed, 0, at + 1)
    return at + 2 if at >= 0 and at % 2 == 0 else 0


def _split(data: bytes, encoding: Encoding, *, ended: bool) -> list[bytes]:
    if encoding is not Encoding.BYTES:
        data = data.decode(encoding.value, "replace").encode("utf-8", "replace")
    lines = data.split(b"\n")
    if ended:
        lines.pop()
    if b"\r" in data:
        lines = [line[:-1] if line.endswith(b"\r") else line for line in lines]
    if b"\0" in data:  # the hole that a writer leaves who goes on at its old place after a truncation
        lines = [line.strip(b"\0") for line in lines]
    return [line[:MAX_LINE] for line in lines] if len(data) > MAX_LINE else lines
