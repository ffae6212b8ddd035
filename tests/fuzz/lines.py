"""Lines to be fed: runs of real ones of every server, and what chance and bad intent make of them."""

import json
import re
from collections.abc import Callable, Sequence
from functools import cache
from random import Random

from tests.formats.samples import sample_files

MAX_RUN = 24
NUMBERS = (b"0", b"-1", b"1", b"99999", b"2147483648", b"999999999999999", b"9223372036854775807", b"9" * 40)
NAMES = (
    b"a@x.example",
    b"unknown",
    b"_other",
    b"x@_other",
    b"@",
    b"a@",
    b"u" * 300 + b"@x.example",
    b"u@" + b"d" * 300,
    b"M\xe4rz@x.example",
    "\u017ftra\u00dfe@x.example".encode(),
    b"\x00@x.example",
    b"<>, user=<b@y.example>",
    b'"} 1 # {',
)
STAMPS = (b"2026-11-23T00:00:00+00:00", b"9999-12-31T23:59:59Z", b"0001-01-01T00:00:00Z", b"Feb 29 23:59:60")


@cache
def runs() -> tuple[tuple[str, tuple[bytes, ...]], ...]:
    """Of each sample the format and the lines."""
    return tuple((path.parent.name, tuple(path.read_bytes().splitlines())) for path in sample_files())


def some(dice: Random, form: str = "auto") -> list[bytes]:
    """A run of lines of one sample, most often one of the format's, some of them changed."""
    known = [lines for name, lines in runs() if name == form and dice.randrange(5)] or [lines for _, lines in runs()]
    sample = dice.choice(known)
    start = dice.randrange(len(sample))
    lines = list(sample[start : start + dice.randint(1, MAX_RUN)])
    if dice.randrange(4) == 0:
        lines.insert(dice.randrange(len(lines) + 1), dice.randbytes(dice.randrange(60)).replace(b"\n", b""))
    odds = dice.choice((2, 5, 20))
    lines = [changed(dice, line) if dice.randrange(odds) == 0 else line for line in lines]
    if dice.randrange(6) == 0:
        dice.shuffle(lines)
    return lines


def changed(dice: Random, line: bytes) -> bytes:
    """One line, otherwise."""
    return dice.choice(CHANGES)(dice, line).replace(b"\n", b" ")


def _cut(dice: Random, line: bytes) -> bytes:
    return line[: dice.randint(0, len(line))]


def _spliced(dice: Random, line: bytes) -> bytes:
    other = dice.choice(dice.choice(runs())[1])
    return line[: dice.randint(0, len(line))] + dice.randbytes(dice.randrange(4)) + other[dice.randint(0, len(other)) :]


def _flipped(dice: Random, line: bytes) -> bytes:
    at = dice.randrange(len(line) + 1)
    return line[:at] + dice.randbytes(1) + line[at + dice.randrange(2) :]


def _numbered(dice: Random, line: bytes) -> bytes:
    return _put(dice, line, rb"\d+", NUMBERS)


def _named(dice: Random, line: bytes) -> bytes:
    return _put(dice, line, rb"[\w.+-]+@[\w.-]+|(?<=user=<)[^>]*|(?<=user=)\w+", NAMES)


def _stamped(dice: Random, line: bytes) -> bytes:
    return _put(dice, line, rb"^\S*\d\d:\d\d:\d\d\S*|^\w{3} +\d+ [\d:]+", STAMPS)


def _put(dice: Random, line: bytes, pattern: bytes, values: Sequence[bytes]) -> bytes:
    places = [found.span() for found in re.finditer(pattern, line)]
    if not places:
        return line
    begin, end = dice.choice(places)
    return line[:begin] + dice.choice(values) + line[end:]


def _repeated(dice: Random, line: bytes) -> bytes:
    head, colon, message = line.partition(b": ")
    times = dice.choice((b"2", b"3", b"150", b"99999", b"0", b"9" * 30))
    if dice.randrange(3) == 0:
        return head + b": last message repeated " + times + b" times"
    return head + colon + b"message repeated " + times + b" times: [ " + message + b"]"


def _doubled(_: Random, line: bytes) -> bytes:
    return line + line


def _in_json(dice: Random, line: bytes) -> bytes:
    text = line.decode("utf-8", "replace")
    entry = {"MESSAGE": text, "__REALTIME_TIMESTAMP": dice.choice(("1795392000000000", "x", "9" * 30)), "_PID": "7"}
    docker = {"log": f"{text}\n", "stream": "stdout", "time": "2026-11-23T00:00:00.5Z"}
    return json.dumps(dice.choice((entry, docker))).encode()


CHANGES: tuple[Callable[[Random, bytes], bytes], ...] = (
    _cut,
    _spliced,
    _flipped,
    _numbered,
    _named,
    _stamped,
    _repeated,
    _doubled,
    _in_json,
)
