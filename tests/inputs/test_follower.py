"""A journalctl that gives anything, ends at any time, or never ends a line: bounded, told, and begun again."""

import json
import select
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from exporter.inputs.journal import LONGEST_PAUSE, JournalInput
from exporter.inputs.lines import MAX_LINE

NOW = 1_790_000_000.0
TURN = 1 << 20
ENTRY = json.dumps(
    {"__CURSOR": "s=1", "__REALTIME_TIMESTAMP": "1790000000000000", "MESSAGE": "hello"}, separators=(",", ":")
)


@contextmanager
def journal(script: str) -> Iterator[JournalInput]:
    source = JournalInput("mx", (), (), command=("sh", "-c", script))
    try:
        yield source
    finally:
        source.close()


def wait(source: JournalInput) -> None:
    follower = source._follower
    if follower is not None:
        select.select([follower._pipe], [], [], 10)


def test_an_entry_without_end_takes_turns() -> None:
    """An entry of 40 MB is read by a turn's bytes at a time, and is work to be gone on with; the next one follows."""
    script = f"head -c 40000000 /dev/zero | tr '\\0' x; echo; echo '{ENTRY}'; exec sleep 1000"
    with journal(script) as source:
        found: list[bytes] = []
        while len(found) < 2:
            wait(source)
            found += [line for batch in source.read(NOW, TURN) for line in batch.lines]
            status = source.status()
            assert status.worked <= 2 * TURN
            assert len(found) == 2 or not status.caught_up
        assert b"x" * MAX_LINE == found[0]
        assert ENTRY.encode() == found[1]
        assert "s=1" == source.positions()[0].cursor


@pytest.mark.parametrize(
    "bytes_",
    [
        r"\377\376",
        r"{\042__CURSOR\042:\042\377\042}",
        r"\0\0\0",
        r"\042MESSAGE\042:\042Suppressed 9 messages from \377\042",
    ],
)
def test_bytes_that_are_no_journal(bytes_: str) -> None:
    """Whatever comes: no exception, and what follows is read."""
    with journal(f"printf '{bytes_}\\n'; echo '{ENTRY}'; exec sleep 1000") as source:
        found: list[bytes] = []
        while ENTRY.encode() not in found:
            wait(source)
            found += [line for batch in source.read(NOW, TURN) for line in batch.lines]


def test_what_raises_is_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something unforeseen: told, counted, and begun again later at the last entry given."""
    with journal(f"echo '{ENTRY}'; exec sleep 1000") as source:
        with monkeypatch.context() as patch:
            patch.setattr(JournalInput, "_take", lambda *_: (_ for _ in ()).throw(MemoryError))
            while not source.status().faults:
                wait(source)
                list(source.read(NOW, TURN))
        assert {"source": 1} == source.status().faults
        assert ("mx: cannot be read (MemoryError); it is skipped for now and tried again",) == source.status().problems
        found: list[bytes] = []
        while not found:
            wait(source)
            found += [line for batch in source.read(NOW + LONGEST_PAUSE, TURN) for line in batch.lines]
        assert [ENTRY.encode()] == found
        assert () == source.status().problems
