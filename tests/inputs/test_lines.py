"""Bytes are cut into lines wherever a read happens to end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.inputs.lines import MAX_LINE, Encoding, cut, encoding_of

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
