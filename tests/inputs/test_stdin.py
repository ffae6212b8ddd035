"""Standard input is read once, as it comes."""

import os
from collections.abc import Iterator

import pytest

from exporter.inputs.lines import MAX_LINE
from exporter.inputs.stdin import StandardInput


@pytest.fixture
def pipe() -> Iterator[tuple[StandardInput, int]]:
    reading, writing = os.pipe()
    yield StandardInput("piped", descriptor=reading), writing
    os.close(reading)


def lines(source: StandardInput) -> list[bytes]:
    return [line for batch in source.read(0.0, 1 << 30) for line in batch.lines]


def test_lines_come_as_they_are_written(pipe: tuple[StandardInput, int]) -> None:
    """Whole lines are given at once, a begun one when it is ended; nothing waits."""
    source, writing = pipe
    assert [] == lines(source)
    os.write(writing, b"one\r\ntw")
    assert [b"one"] == lines(source)
    os.write(writing, b"o\n")
    assert [b"two"] == lines(source)
    assert 10 - 1 == source.status().read_bytes
    os.close(writing)


def test_the_end_ends_the_last_line(pipe: tuple[StandardInput, int]) -> None:
    """When the writer closes, what is left is a line; then the input has ended."""
    source, writing = pipe
    os.write(writing, b"last")
    assert [] == lines(source)
    assert not source.ended
    os.close(writing)
    assert [b"last"] == lines(source)
    assert source.ended
    assert [] == lines(source)


def test_a_line_without_end_is_bounded(pipe: tuple[StandardInput, int]) -> None:
    """A line that never ends is given once, cut; reading goes on after it."""
    source, writing = pipe
    given: list[bytes] = []
    for _ in range(48):
        os.write(writing, b"x" * 60_000)
        given += lines(source)
        assert source.status().unread_bytes <= 2 * MAX_LINE
    os.write(writing, b"\nnext\n")
    os.close(writing)
    given += lines(source)
    assert [b"x" * MAX_LINE, b"next"] == given


def test_nothing_to_go_on_from(pipe: tuple[StandardInput, int]) -> None:
    """A pipe has no position."""
    source, writing = pipe
    os.write(writing, b"one\n")
    lines(source)
    assert () == source.positions()
    os.close(writing)
