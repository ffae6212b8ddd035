"""A log file is followed from where its reading began."""

import os
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.inputs.files import FileInput
from exporter.inputs.notifier import Notifier
from exporter.model import Position, SourceCount

NOW = 2_000_000_000.0


def lines(source: FileInput, now: float = NOW, budget: int = 1 << 30) -> list[bytes]:
    return [line for batch in source.read(now, budget) for line in batch.lines]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "mail.log"


@pytest.fixture
def source(log: Path) -> Iterator[FileInput]:
    source = FileInput("mail", [str(log)])
    yield source
    source.close()


def test_a_new_source_begins_at_the_end(log: Path, source: FileInput) -> None:
    """What a log held before its source was first seen is not read."""
    log.write_bytes(b"old\n")
    assert [] == lines(source)
    with log.open("ab") as file:
        file.write(b"new\n")
    assert [b"new"] == lines(source)


def test_a_line_begun_before_the_start_is_new(log: Path, source: FileInput) -> None:
    """`start: end` means after the last complete line, not inside a line."""
    log.write_bytes(b"old\nbe")
    assert [] == lines(source)
    with log.open("ab") as file:
        file.write(b"gun\n")
    assert [b"begun"] == lines(source)


def test_start_at_the_beginning(log: Path) -> None:
    """`start: beginning` reads what is there."""
    log.write_bytes(b"old\n")
    assert [b"old"] == lines(FileInput("mail", [str(log)], start="beginning"))


def test_a_file_that_appears_later_is_read_whole(log: Path, source: FileInput) -> None:
    """A source that was seen without its file reads all of it when it comes."""
    assert [] == lines(source)
    log.write_bytes(b"first\n")
    assert [b"first"] == lines(source)


def test_a_source_is_first_seen_once(log: Path, source: FileInput) -> None:
    """A source that has seen no file yet is still known after a restart."""
    assert () == source.positions()
    assert [] == lines(source)
    log.write_bytes(b"first\n")
    assert [b"first"] == lines(FileInput("mail", [str(log)], source.positions()))


def test_positions_cover_the_batches_given(log: Path) -> None:
    """Between two batches the positions stand exactly behind the first."""
    log.write_bytes(b"".join(b"line %07d of many\n" % n for n in range(50_000)))
    first = FileInput("mail", [str(log)], start="beginning")
    batch = next(first.read(NOW, 1 << 30))
    rest = lines(FileInput("mail", [str(log)], first.positions()))
    assert 50_000 == len(batch.lines) + len(rest)
    assert b"line %07d of many" % len(batch.lines) == rest[0]


def test_the_budget_bounds_a_look(log: Path) -> None:
    """About `budget` bytes are given, the rest is unread and comes with the next look."""
    log.write_bytes(b"x" * 99 + b"\n" + (b"y" * 99 + b"\n") * 50_000)
    source = FileInput("mail", [str(log)], start="beginning")
    given = len(lines(source, budget=1 << 19))
    assert 5_000 <= given <= 10_000
    assert not source.status().caught_up
    assert 100 * (50_001 - given) == source.status().unread_bytes
    assert 50_001 - given == len(lines(source))
    assert source.status().caught_up


def test_counts_go_on_from_those_saved(log: Path) -> None:
    """What the ledger counted before a restart is not taken back."""
    log.write_bytes(b"12345\n")
    source = FileInput("mail", [str(log)], start="beginning", counts=SourceCount(read_bytes=100, rotations=3))
    lines(source)
    assert (106, 3) == (source.status().read_bytes, source.status().rotations)


def test_a_stream_keeps_its_name_over_a_rename(log: Path, source: FileInput) -> None:
    """What the envelopes know of a file goes on with it; the next file is another stream."""
    lines(source)
    log.write_bytes(b"one\n")
    (first,) = source.read(NOW, 1 << 20)
    log.rename(log.with_name("mail.log.1"))
    log.write_bytes(b"three\n")
    with log.with_name("mail.log.1").open("ab") as file:
        file.write(b"two\n")
    second, third = source.read(NOW + 1, 1 << 20)
    assert first.stream == second.stream
    assert first.stream != third.stream
    assert [[b"two"], [b"three"]] == [second.lines, third.lines]


def test_saved_positions_of_another_disk_state(log: Path) -> None:
    """Positions that fit no file lead to reading what is there, and are kept in case their file comes back."""
    log.write_bytes(b"line\n")
    strange = Position("7", str(log), 1, 1, 5, "0" * 32, 5, 0.0)
    source = FileInput("mail", [str(log)], [strange])
    assert [b"line"] == lines(source)
    assert [] == lines(source)
    assert replace(strange, finished=True) in source.positions()
    assert 1 == source.status().lines_possibly_lost
    again = FileInput("mail", [str(log)], source.positions(), counts=SourceCount(lines_possibly_lost=1))
    assert [] == lines(again)
    assert 1 == again.status().lines_possibly_lost


def test_a_rotation_wakes(log: Path, tmp_path: Path) -> None:
    """watchdog sets the event when the log is moved, and not when it grows."""
    wake = threading.Event()
    notifier = Notifier(wake)
    log.write_bytes(b"line\n")
    source = FileInput("mail", [str(log)], notifier=notifier)
    lines(source)
    wake.clear()
    log.rename(tmp_path / "mail.log.1")
    assert wake.wait(10)
    assert () == source.status().problems
    notifier.close()


def test_nothing_to_read_is_said(log: Path, source: FileInput) -> None:
    """A path that leads to nothing is a problem for people until there is a file."""
    lines(source)
    assert (f"no file matches {log}",) == source.status().problems
    log.touch()
    lines(source)
    assert () == source.status().problems


def test_a_loss_is_counted_and_said(log: Path, source: FileInput, caplog: pytest.LogCaptureFixture) -> None:
    """A truncation without a copy is a suspicion: counted once, with the file's name in the log."""
    lines(source)
    log.write_bytes(b"one\n")
    assert [b"one"] == lines(source)
    log.write_bytes(b"another\n")
    assert [b"another"] == lines(source)
    assert [] == lines(source)
    status = source.status()
    assert (1, 1) == (status.truncations, status.lines_possibly_lost)
    assert str(log) in caplog.text


def test_deleted_files_are_released(log: Path, source: FileInput) -> None:
    """What only we keep on the disk is freed when asked; lines still unread in it are a suspicion."""
    lines(source)
    log.write_bytes(b"one\n")
    lines(source)
    with log.open("ab") as writer:
        log.unlink()
        lines(source)
        assert 1 == source.release_deleted()
        writer.write(b"two\n")
    assert 0 == source.release_deleted()
    assert 0 == source.status().lines_possibly_lost


def test_an_unreadable_log_is_not_read_from_its_begin() -> None:
    """With `start: end`, what was in a log that could not yet be opened is left out when it can be."""
    if os.geteuid():
        pytest.skip("only root can give itself another user's eyes")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        log = folder / "mail.log"
        log.write_bytes(b"old\n")
        log.chmod(0)
        source = FileInput("mail", [str(log)])
        os.seteuid(65534)
        try:
            assert [] == lines(source)
            assert {"EACCES": 1} == source.status().read_errors
            assert source.status().problems == source.status().unreadable != ()
        finally:
            os.seteuid(0)
        with log.open("ab") as file:
            file.write(b"new\n")
        assert [b"new"] == lines(source)
        assert () == source.status().unreadable
        source.close()


def test_what_is_only_damaged_keeps_nothing_unread(log: Path, source: FileInput) -> None:
    """An archive that is being written, or broken, is a problem; the source is read, and ready."""
    lines(source)
    log.write_bytes(b"one\n")
    log.with_name("mail.log.2.gz").write_bytes(b"no archive")
    broken = FileInput("mail", [f"{log}*"], start="beginning")
    assert [b"one"] == lines(broken)
    for second in range(5):
        lines(broken, NOW + second)
        assert broken.status().problems
        assert () == broken.status().unreadable
    broken.close()


def test_what_may_not_be_read_is_told_while_it_rests(log: Path) -> None:
    """Between the attempts as well."""
    log.symlink_to(log.name)
    source = FileInput("mail", [str(log)])
    for second in range(20):
        lines(source, NOW + second / 4)
        assert [f"{log}: Too many levels of symbolic links"] == [*source.status().unreadable]
    log.unlink()
    lines(source, NOW + 10)
    assert () == source.status().unreadable
    source.close()
