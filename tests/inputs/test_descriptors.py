"""What is kept open at a time, over all sources, and what happens where there are fewer descriptors than expected."""

import errno
import fcntl
import gzip
import os
import resource
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from exporter import descriptors
from exporter.inputs.files import FileInput
from exporter.inputs.follower import Follower
from exporter.inputs.openfiles import OpenFiles
from exporter.inputs.stdin import StandardInput
from exporter.inputs.survey import Survey, Surveyor

HIGH = 1_100  # more than select.select can wait for
NOW = 1_795_392_000.0


def read(source: FileInput, now: float = NOW) -> list[bytes]:
    """All that there is."""
    return [line for batch in source.read(now, 1 << 20) for line in batch.lines]


def held() -> int:
    """How many descriptors this process has."""
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def high() -> Iterator[int]:
    """The reading end of a pipe with a line, whose number is high."""
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] <= HIGH:
        pytest.skip("this process may not have so many descriptors")
    reading, writing = os.pipe()
    os.write(writing, b"line\n")
    number = fcntl.fcntl(reading, fcntl.F_DUPFD, HIGH)
    os.close(writing)
    os.close(reading)
    yield number
    os.close(number)


def test_a_journal_is_read_by_a_high_descriptor(high: int) -> None:
    """As where many logs are open: waiting does not depend on the number."""
    with closing(Follower([sys.executable, "-c", "input()"])) as follower:
        follower._pipe = high
        assert [b"line"] == follower.lines(100, 10)


def test_standard_input_is_read_by_a_high_descriptor(high: int) -> None:
    """The same of a pipe."""
    assert [[b"line"]] == [batch.lines for batch in StandardInput("mail", descriptor=high).read(NOW, 100)]


@pytest.mark.parametrize("most", [64, 256, 1_024, 8_192, 1 << 20])
def test_the_shares_are_no_more_than_there_is(most: int) -> None:
    """Files, watches, and connections twice (in a handshake, too); something is left for the rest."""
    share = descriptors.shares(most, 3, watches=100, connections=200)
    used = share.files + 3 * share.watches + 2 * share.connections + 12
    assert used <= max(most - descriptors.RESERVED, 50)
    assert min(share.files, share.connections) >= 8


def test_sources_share_the_open_files(tmp_path: Path) -> None:
    """Two sources of ten files each keep four open in all, and read every line once."""
    kept = OpenFiles(4)
    inputs = []
    for name in ("a", "b"):
        for number in range(10):
            (tmp_path / f"{name}{number}.log").write_bytes(b"first\n")
        inputs.append(FileInput(name, [f"{tmp_path}/{name}*.log"], start="beginning", open_files=kept))
    before = held()
    try:
        for source in inputs:
            assert [b"first"] * 10 == read(source)
        for path in tmp_path.glob("*.log"):
            with path.open("ab") as log:
                log.write(b"second\n")
        for source in inputs:
            assert [b"second"] * 10 == read(source)
        assert 4 == len(kept)
        assert held() <= before + 4
    finally:
        for source in inputs:
            source.close()
    assert 0 == len(kept)
    assert before >= held()


def test_an_empty_file_that_is_another_by_now_is_closed(tmp_path: Path) -> None:
    """Its inode says nothing, so that it is forgotten; its descriptor is not."""
    log, kept = tmp_path / "mail.log", OpenFiles(4)
    log.touch()
    before = held()
    with closing(FileInput("mail", [str(log)], start="beginning", open_files=kept)) as source:
        assert [] == read(source)
        log.write_bytes(b"first\n")
        log.rename(tmp_path / "mail.log.1")
        assert [b"first"] == read(source)
        assert held() <= before + len(kept)


def test_fewer_descriptors_than_expected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that could not be opened for want of one is read when others were closed; fewer are kept from then on."""
    kept = OpenFiles(40)
    for number in range(20):
        (tmp_path / f"{number}.log").write_bytes(b"first\n")
    opened = os.open

    def short(path: str, *more: int) -> int:
        if str(path).endswith(".log") and len(kept) >= 10:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), path)
        return opened(path, *more)

    monkeypatch.setattr(os, "open", short)
    with closing(FileInput("mail", [f"{tmp_path}/*.log"], start="beginning", open_files=kept)) as source:
        found = [line for second in range(0, 40, 2) for line in read(source, NOW + second)]
        assert [b"first"] * 20 == found
        assert kept.most < 10
        assert source.status().read_errors["EMFILE"] > 0
        assert () == source.status().problems


def test_archives_are_begun_as_descriptors_allow(tmp_path: Path) -> None:
    """Each log's archive stays open while it is read: no more than half of what is kept open, and all in the end."""
    text = b"".join(b"%07d a line of a log\n" % number for number in range(60_000))
    for number in range(6):
        (tmp_path / f"{number}.log").write_bytes(b"%d live\n" % number)
        (tmp_path / f"{number}.log.1.gz").write_bytes(gzip.compress(b"%d first\n" % number + text, 1))
    kept, found = OpenFiles(4), []
    with closing(FileInput("mail", [f"{tmp_path}/*.log"], start="beginning", open_files=kept)) as source:
        for second in range(60):
            found += [line for batch in source.read(NOW + second, 1 << 18) for line in batch.lines]
            assert sum(kept._open.values()) <= 2
        assert sum(line.endswith(b"live") for line in found) == 6
        assert (source.status().caught_up, source.status().problems) == (True, ())


@pytest.mark.parametrize("again", [False, True], ids=["gone", "and begun again"])
def test_a_closed_file_that_is_renamed_during_a_look(
    again: bool,  # noqa: FBT001 - a parameter
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is neither where it was when the look began, nor was it where it is now: no line is thought to be lost."""
    log, look = tmp_path / "mail.log", Surveyor.look
    log.write_bytes(b"first\n")
    with closing(FileInput("mail", [str(log)], start="beginning", open_files=OpenFiles(0))) as source:
        assert [b"first"] == read(source)

        def renamed(self: Surveyor, known: Iterable[str]) -> Survey:
            """Finds the file neither under its old name nor under its new one."""
            if (tmp_path / "mail.log.1").exists():
                return look(self, known)
            log.rename(tmp_path / "elsewhere")
            if again:
                log.write_bytes(b"second\n")
            survey = look(self, known)
            (tmp_path / "elsewhere").rename(tmp_path / "mail.log.1")
            return survey

        monkeypatch.setattr(Surveyor, "look", renamed)
        found = [line for second in range(3) for line in read(source, NOW + second)]
        assert [b"second"] * again == found
        assert 0 == source.status().lines_possibly_lost
