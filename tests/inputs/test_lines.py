"""Bytes are cut into lines wherever a read happens to end."""

import io
import re
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.inputs import whole
from exporter.inputs.lines import HOLE, MAX_LINE, Encoding, cut, encoding_of
from exporter.inputs.readers import PlainFile

PIECES = st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\0", b"\xff", b"\xc3", b"\xbc", b"long text"]), max_size=40)


def read_in_parts(data: bytes, encoding: Encoding, sizes: list[int]) -> list[bytes]:
    """Cut as a reader does who sees a little more of the data each time."""
    lines: list[bytes] = []
    offset, seen, skipping = 0, 0, False
    for size in [*sizes, len(data), 0]:
        seen = min(len(data), seen + size)
        piece = cut(data[offset:seen], encoding, first=not offset, skipping=skipping, final=not size)
        lines += piece.lines
        offset += piece.consumed
        skipping = piece.skipping
    return lines


@given(PIECES, st.lists(st.integers(1, 20)))
def test_reads_may_end_anywhere(pieces: list[bytes], sizes: list[int]) -> None:
    """The lines do not depend on where reads ended."""
    data = b"".join(pieces)
    *whole, last = [clean(line) for line in data.split(b"\n")]
    assert whole + ([last] if last else []) == read_in_parts(data, Encoding.BYTES, sizes)


def clean(line: bytes) -> bytes:
    """Without a carriage return at its end, and without the zeros around it."""
    return (line[:-1] if line.endswith(b"\r") else line).strip(b"\0")


@pytest.mark.parametrize("encoding", [Encoding.UTF_16_LE, Encoding.UTF_16_BE])
@given(
    text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\0")),
    sizes=st.lists(st.integers(1, 9)),
)
def test_utf16_is_cut_between_characters(encoding: Encoding, text: str, sizes: list[int]) -> None:
    """Two bytes that look like a line feed but belong to two characters do not end a line."""
    data = f"\ufeff{text}\r\nend\n".encode(encoding.value)
    assert encoding is encoding_of(data)
    assert [text.encode(), b"end"] == read_in_parts(data, encoding, sizes)


@pytest.mark.parametrize("difference", [-1, 0, 1])
@pytest.mark.parametrize("more", [0, 1, 2])
def test_long_lines_are_given_once(difference: int, more: int) -> None:
    """A line of 1 MiB is whole; a longer one is cut, and its rest never becomes a line."""
    line = b"x" * (MAX_LINE + difference)
    parts = [MAX_LINE + difference] + [MAX_LINE] * more
    data = line + b"y" * MAX_LINE * more + b"\nnext\n"
    lines = read_in_parts(data, Encoding.BYTES, parts)
    assert b"next" == lines[-1]
    assert 2 == len(lines)
    assert data[: len(lines[0])] == lines[0]
    assert len(lines[0]) <= MAX_LINE + 3


def test_a_flushed_line_is_not_continued() -> None:
    """What is appended to a rest that was given as a line belongs to it, and is passed over."""
    piece = cut(b"one\nrest", Encoding.BYTES, first=True, skipping=False, final=True)
    assert ([b"one", b"rest"], 8, True) == piece
    assert ([b"next"], 14, False) == cut(b" of it\nnext\nbe", Encoding.BYTES, first=False, skipping=True)._replace(
        consumed=14
    )


SURE = MAX_LINE - 4 * HOLE
HOLED = st.lists(
    st.one_of(
        st.tuples(st.sampled_from([b"a", b"\0", b"\n", b"\r\n", b"login of x"]), st.just(1)),
        st.tuples(st.just(b"\0"), st.sampled_from([HOLE - 2, HOLE, 3 * HOLE, MAX_LINE])),
        st.tuples(st.just(b"L"), st.sampled_from([MAX_LINE // 2, MAX_LINE - HOLE, MAX_LINE])),
    ),
    max_size=12,
)


def expected(data: bytes) -> list[bytes]:
    """What a file of these bytes holds, blank lines left out: what a hole ends is a line, no line is over 1 MiB."""
    return [line for part in re.split(rb"\n|\0{%d,}" % HOLE, data) if (line := clean(part[:MAX_LINE]))]


@pytest.mark.parametrize("size", [1 << 17, 1 << 18, 1 << 20])
@settings(max_examples=50, deadline=None)
@given(pieces=HOLED)
def test_what_follows_a_hole_is_a_line(size: int, pieces: list[tuple[bytes, int]]) -> None:
    """Whatever stands before it and however long it is; the rest of a line that was given ends there, too."""
    data = b"".join(piece * times for piece, times in pieces)
    source = io.BytesIO(data)
    given = [line for piece in whole.pieces(lambda _, most: source.read(min(most, size))) for line in piece.lines]
    # Where exactly a line of over 1 MiB is cut depends on the zeros before it.
    assert [line[:SURE] for line in expected(data)] == [line[:SURE] for line in given if line]


@pytest.mark.parametrize("encoding", [Encoding.UTF_16_LE, Encoding.UTF_16_BE])
@pytest.mark.parametrize("size", [0, 2, HOLE, 3 * MAX_LINE])
@pytest.mark.parametrize("before", ["", "begun", "ended\n"])
def test_holes_in_utf16(encoding: Encoding, size: int, before: str) -> None:
    """A character whose bytes are half zeros is no part of the hole beside it."""
    data = f"\ufefffirst\n{before}".encode(encoding.value) + bytes(size) + "a\nlast".encode(encoding.value)
    source = io.BytesIO(data)
    given = [line for piece in whole.pieces(lambda _, most: source.read(min(most, 8192))) for line in piece.lines]
    middle = [b"ended", b"a"] if before == "ended\n" else [b"begun", b"a"] if before else [b"a"]
    if before == "begun" and size < HOLE:
        middle = [b"begun" + bytes(size // 2) + b"a"]
    assert [b"first", *middle, b"last"] == given


def test_zeros_that_are_not_yet_written_are_left(tmp_path: Path) -> None:
    """Where the file may still grow, a hole at its end is not passed over, however large."""
    path = tmp_path / "mail.log"
    path.write_bytes(b"one\nbegun" + bytes(5 * MAX_LINE))
    with closing(PlainFile(str(path))) as reader:
        assert [4] == [piece.offset for piece in whole.pieces(reader.read, final=False)]
