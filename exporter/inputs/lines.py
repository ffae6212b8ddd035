"""Splits the bytes of a file into lines of limited length, in any encoding of logs, up to what is already written.

A line ends with a line feed; a carriage return before it belongs to the end. Bytes that are not UTF-8 pass
through untouched. UTF-16 is told by its byte order mark and given on as UTF-8.

A hole (zeros that nobody wrote: a stale writer's after a truncation, a crashed file system's) ends a line, too, if it
is longer than any command that a client may send: shorter runs of zeros inside a line are part of it.
"""

import re
from enum import Enum
from typing import NamedTuple

MAX_LINE = 1 << 20  # bytes; what is longer is given once, cut, and the rest of the line is skipped

HOLE = 1 << 14  # zeros; Dovecot takes commands of 8 KiB, James too

UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_BOM_8 = b"\xef\xbb\xbf"
_ZEROS = bytes(HOLE)
_NOT_ZERO = re.compile(rb"[^\0]")
# Each run is tried once, from its begin: the time is linear. UTF-16 has become UTF-8 by then.
_HOLES = {1: re.compile(rb"(?<!\0)\0{%d,}" % HOLE), 2: re.compile(rb"(?<!\0)\0{%d,}" % (HOLE // 2))}


class Encoding(Enum):
    """How a file says what its bytes are; the value is Python's codec."""

    BYTES = ""
    UTF_16_LE = "utf-16-le"
    UTF_16_BE = "utf-16-be"

    @property
    def width(self) -> int:
        """Bytes of the smallest character."""
        return 2 if self.value else 1


def encoding_of(head: bytes) -> Encoding:
    """Tell the encoding by the first bytes of a file."""
    return {b"\xff\xfe": Encoding.UTF_16_LE, b"\xfe\xff": Encoding.UTF_16_BE}.get(head[:2], Encoding.BYTES)


class Cut(NamedTuple):
    """Complete lines without their ends, how many bytes they took, and whether the rest of a line is skipped."""

    lines: list[bytes]
    consumed: int
    skipping: bool


def cut(
    data: bytes, encoding: Encoding, *, first: bool, skipping: bool, final: bool = False, settled: bool = False
) -> Cut:
    """Cut off the complete lines at the begin of `data`.

    `first`: data is the begin of the file (a byte order mark is dropped). `skipping`: data begins inside a line
    that was given already. `final`: nothing will follow, so that a rest without an end is a line as well. `settled`:
    zeros at the end are there to stay; else they may be not yet written.

    Of `MAX_LINE` bytes something is always consumed, unless they end with a hole that is not settled.
    """
    end = _last_end(data, encoding)
    if end or final:
        consumed = len(data) if final else end
        skips_on = consumed > end
    elif hole := _first_hole(data, encoding):
        begin, behind = hole
        if not settled and not data[behind:].strip(b"\0"):
            return Cut([], 0, skipping)
        lines = [] if skipping or not begin else _lines(data[:begin], encoding, ended=False)
        return Cut(_without_mark(lines, first=first), behind, skipping=False)
    elif skipping or len(data) >= MAX_LINE:
        consumed, skips_on = written(data, encoding), True
    else:
        consumed = 0
    if not consumed:
        return Cut([], 0, skipping)
    lines = _lines(data[:consumed], encoding, ended=consumed == end, skipping=skipping)
    lines = _without_mark(lines, first=first)
    if consumed != end and lines and not lines[-1]:
        lines.pop()
    return Cut(lines, consumed, skips_on)


def _without_mark(lines: list[bytes], *, first: bool) -> list[bytes]:
    return [lines[0].removeprefix(_BOM_8), *lines[1:]] if first and lines else lines


def written(data: bytes, encoding: Encoding) -> int:
    """How much of `data` is not zeros at its end, in whole characters."""
    size = len(data.rstrip(b"\0"))
    return min(size + size % encoding.width, len(data) & -encoding.width)


def zeros_until(data: bytes, encoding: Encoding, start: int = 0) -> int:
    """Where the zeros at `start` end, in whole characters."""
    found = _NOT_ZERO.search(data, start)
    return (found.start() if found else len(data)) & -encoding.width


def _first_hole(data: bytes, encoding: Encoding) -> tuple[int, int] | None:
    """Where the first hole begins and ends."""
    begin = data.find(_ZEROS)
    if begin < 0:
        return None
    begin += begin % encoding.width
    return begin, zeros_until(data, encoding, begin + HOLE - encoding.width)


def _last_end(data: bytes, encoding: Encoding) -> int:
    """Where the last complete line of `data` ends; 0: there is none."""
    if encoding is Encoding.BYTES:
        return data.rfind(b"\n") + 1
    feed = "\n".encode(encoding.value)
    at = data.rfind(feed)
    while at > 0 and at % 2:  # half of one character and half of the next
        at = data.rfind(feed, 0, at + 1)
    return at + 2 if at >= 0 and at % 2 == 0 else 0


def _lines(data: bytes, encoding: Encoding, *, ended: bool, skipping: bool = False) -> list[bytes]:
    """The lines of `data`; `skipping`: the first is the rest of one that was given."""
    zeros = b"\0" in data
    holes = zeros and _ZEROS in data
    if encoding is not Encoding.BYTES:
        data = data.decode(encoding.value, "replace").encode("utf-8", "replace")
    lines = data.split(b"\n")
    if ended:
        lines.pop()
    if holes:
        lines = [part for at, line in enumerate(lines) for part in _parts(line, encoding, rest=skipping and not at)]
    if skipping:
        del lines[0]
    if b"\r" in data:
        lines = [line[:-1] if line.endswith(b"\r") else line for line in lines]
    if zeros:  # also the hole that a writer leaves who goes on at its old place after a truncation
        lines = [line.strip(b"\0") for line in lines]
    return [line[:MAX_LINE] for line in lines] if len(data) > MAX_LINE else lines


def _parts(line: bytes, encoding: Encoding, *, rest: bool) -> list[bytes]:
    """What stands before, between and behind the holes of a line; `rest`: the first part may be empty."""
    first, *others = _HOLES[encoding.width].split(line)
    return [first] * bool(first or rest or not any(others)) + [other for other in others if other]
