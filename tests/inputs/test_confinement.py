"""Whatever one file brings, it ends with that file: set aside, told, counted, tried again; the others go on."""

import errno
import lzma
import os
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.inputs import newcomers
from exporter.inputs.aside import LONGEST_PAUSE
from exporter.inputs.files import FileInput
from exporter.inputs.inflating import Torn
from exporter.inputs.readers import PlainFile
from exporter.inputs.survey import Surveyor
from exporter.model import Position

NOW = 2_000_000_000.0

RAISED: tuple[Exception, ...] = (
    OSError(errno.EIO, "Input/output error"),
    OSError(errno.ENOTCONN, "x"),
    OSError("no number"),
    MemoryError(),
    RecursionError("deep"),
    UnicodeEncodeError("utf-8", "\udce4", 0, 1, "surrogates not allowed"),
    OverflowError("too large"),
    ValueError("embedded null byte"),
    KeyError("x"),
    AssertionError(),
    struct.error("short"),
    zlib.error("bad"),
    lzma.LZMAError("bad"),
    zipfile.BadZipFile("bad"),
    Torn("torn"),
)


FOLLOWED: list[FileInput] = []


def followed(paths: list[str], positions: tuple[Position, ...] = (), **options: str) -> FileInput:
    source = FileInput("mail", paths, positions, **options)  # type: ignore[arg-type]
    FOLLOWED.append(source)
    return source


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while FOLLOWED:
        FOLLOWED.pop().close()


def lines(source: FileInput, now: float) -> list[bytes]:
    return [line for batch in source.read(now, 1 << 30) for line in batch.lines]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can reach, unlike pytest's."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name).resolve()


@pytest.fixture
def bad_read(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception | None, str], None]:
    """Makes reading of the files of one name raise."""
    read, opened = PlainFile.read, PlainFile.__init__
    paths: dict[int, str] = {}
    state: list[tuple[Exception | None, str]] = [(None, "")]

    def begin(self: PlainFile, path: str) -> None:
        opened(self, path)
        paths[id(self)] = path

    def fail(self: PlainFile, offset: int, size: int) -> bytes:
        error, name = state[0]
        if error is not None and Path(paths[id(self)]).name == name:
            raise error
        return read(self, offset, size)

    monkeypatch.setattr(PlainFile, "__init__", begin)
    monkeypatch.setattr(PlainFile, "read", fail)

    def put(error: Exception | None, name: str) -> None:
        state[0] = (error, name)

    return put


@pytest.mark.parametrize("error", RAISED, ids=lambda error: f"{type(error).__name__}{error.args[:1]}")
def test_a_file_that_raises_is_set_aside(
    error: Exception, tmp_path: Path, bad_read: Callable[[Exception | None, str], None]
) -> None:
    """Its position is kept and told, the other file goes on, a restart repeats nothing, and at last all is read."""
    good, bad = tmp_path / "good.log", tmp_path / "bad.log"
    for path in (good, bad):
        path.write_bytes(b"first of %s\n" % path.name.encode())
    source = followed([str(good), str(bad)], start="beginning")
    assert 2 == len(lines(source, NOW))
    for path in (good, bad):
        with path.open("ab") as file:
            file.write(b"second of %s\n" % path.name.encode())
    bad_read(error, "bad.log")
    assert [b"second of good.log"] == lines(source, NOW + 1)
    told = [problem for problem in source.status().problems if str(bad) in problem]
    assert told
    assert all("byte 17" in problem or "DAMAGED" in source.status().read_errors for problem in told)
    assert sum(source.status().read_errors.values()) + sum(source.status().faults.values()) >= 1
    source = followed([str(good), str(bad)], source.positions())
    assert [] == lines(source, NOW + 2)
    assert [problem for problem in source.status().problems if str(bad) in problem]
    bad_read(None, "")
    assert bool(source.status().unreadable) == ("DAMAGED" not in source.status().read_errors)
    later = [line for n in range(3) for line in lines(source, NOW + 3 + n * (LONGEST_PAUSE + 1))]
    assert [b"second of bad.log"] == later
    assert () == source.status().unreadable
    assert () == source.status().problems


def test_what_is_read_again_is_unreadable_no_more(tmp_path: Path) -> None:
    """The error stays counted; a pattern without a file is told before it, with it and after it, and keeps nothing."""
    log, none = tmp_path / "mail.log", f"no file matches {tmp_path}/*.none"
    log.symlink_to(log)  # "Too many levels of symbolic links"
    source = followed([str(log), f"{tmp_path}/*.none"], start="beginning")
    assert [] == lines(source, NOW)
    assert (f"{log}: Too many levels of symbolic links",) == source.status().unreadable
    assert none in source.status().problems
    log.unlink()
    log.write_bytes(b"a line\n")
    assert [b"a line"] == lines(source, NOW + 1)
    assert ((none,), (), {"ELOOP": 1}) == (
        source.status().problems,
        source.status().unreadable,
        source.status().read_errors,
    )
    assert 0 == source.status().lines_possibly_lost


def test_a_file_set_aside_is_tried_less_and_less(
    tmp_path: Path, bad_read: Callable[[Exception | None, str], None]
) -> None:
    """While it does not change it is read again after 1, 2, 4 ... 60 seconds; the problem stands meanwhile."""
    log = tmp_path / "bad.log"
    log.write_bytes(b"line\n")
    bad_read(MemoryError("no room"), "bad.log")
    source = followed([str(log)], start="beginning")
    tries = []
    for second in range(300):
        before = source.status().faults.get("file", 0)
        lines(source, NOW + second)
        assert 1 == len(source.status().problems)
        if source.status().faults["file"] > before:
            tries.append(second)
    assert [0, 1, 3, 7, 15, 31, 63, 123, 183, 243] == tries


def test_a_look_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in comparing the disk with what is known: a problem, and the next look goes on."""
    log = tmp_path / "mail.log"
    log.write_bytes(b"line\n")
    source = followed([str(log)], start="beginning")
    with monkeypatch.context() as patch:
        patch.setattr(Surveyor, "look", lambda *_: (_ for _ in ()).throw(RuntimeError("boom")))
        assert [] == lines(source, NOW)
    assert ("mail: cannot be read (RuntimeError); it is skipped for now and tried again",) == source.status().problems
    assert not source.status().caught_up
    assert [b"line"] == lines(source, NOW + 1)


NAMES = (b"mail.log-M\xe4rz", b"mail.log.\xff\xfe", b"mail.log\n.1", b"mail.log-\xe2\x82\xac", b"mail.log-\x1b[2J")


@pytest.mark.parametrize("name", NAMES)
def test_any_name_of_a_file_is_read_and_told(name: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Names in Latin-1, with control characters: read, found again, and written so that people and UTF-8 bear it."""
    path = os.path.join(os.fsencode(tmp_path), name)  # noqa: PTH118
    Path(os.fsdecode(path)).write_bytes(b"line\n")
    source = followed([f"{tmp_path}/mail.log*"], start="beginning")
    assert [b"line"] == lines(source, NOW)
    (position,) = [position for position in source.positions() if position.path]
    assert path == os.fsencode(position.path)
    again = followed([f"{tmp_path}/mail.log*"], source.positions())
    assert [] == lines(again, NOW + 1)
    Path(os.fsdecode(path)).write_bytes(b"other\n")  # a suspicion, which is told
    assert [b"other"] == lines(again, NOW + 2)
    assert [] == lines(again, NOW + 3)
    Path(os.fsdecode(path)).chmod(0)
    for text in (caplog.text, *again.status().problems):
        assert text.encode() == text.encode(errors="surrogateescape")
        assert "\x1b" not in text
    assert "lines may be lost" in caplog.text


def test_what_is_no_file_is_told_and_never_opened(tmp_path: Path) -> None:
    """A directory, a pipe, a device: told by name; a pipe without a writer stops nobody."""
    (tmp_path / "folder.log").mkdir()
    os.mkfifo(tmp_path / "pipe.log")
    (tmp_path / "zero.log").symlink_to("/dev/zero")
    (tmp_path / "mail.log").write_bytes(b"line\n")
    names = ("folder.log", "pipe.log", "zero.log", "mail.log")
    source = followed([str(tmp_path / name) for name in names], start="beginning")
    assert [b"line"] == lines(source, NOW)
    assert (
        f"{tmp_path}/folder.log: not read, because it is a directory",
        f"{tmp_path}/pipe.log: not read, because it is a named pipe",
        f"{tmp_path}/zero.log: not read, because it is a device",
    ) == source.status().problems


def test_a_directory_beside_logs_is_no_problem(tmp_path: Path) -> None:
    """A wildcard may match directories; only where it matches nothing else are they told."""
    (tmp_path / "mail.d").mkdir()
    source = followed([f"{tmp_path}/mail*"], start="beginning")
    assert [] == lines(source, NOW)
    (problem,) = source.status().problems
    assert f"no file matches {tmp_path}/mail* but 1 directories or devices" == problem
    (tmp_path / "mail.log").write_bytes(b"line\n")
    assert [b"line"] == lines(source, NOW + 1)
    assert () == source.status().problems


def test_a_path_with_a_zero_byte_is_told(tmp_path: Path) -> None:
    """The configuration refuses it; here it ends nothing."""
    (tmp_path / "mail.log").write_bytes(b"line\n")
    source = followed([f"{tmp_path}/a\0b", f"{tmp_path}/*\0/x", str(tmp_path / "mail.log")], start="beginning")
    assert [b"line"] == lines(source, NOW)
    assert source.status().problems


def test_an_archive_of_many_files_is_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told, counted as a possible loss once, and left alone at the next looks, also after a restart."""
    log = tmp_path / "mail.log"
    log.write_bytes(b"live\n")
    source = followed([f"{log}*"], start="beginning")
    assert [b"live"] == lines(source, NOW)
    with zipfile.ZipFile(tmp_path / "mail.log.1.zip", "w") as archive:
        for number in range(10_000):
            archive.writestr(f"{number}", b"")
    assert [] == lines(source, NOW + 1)
    assert 1 == source.status().lines_possibly_lost
    assert [problem for problem in source.status().problems if "unpack it" in problem]

    def opened(path: str) -> None:
        raise AssertionError(path)

    again = followed([f"{log}*"], source.positions())
    monkeypatch.setattr("exporter.inputs.readers.CompressedFile.__init__", lambda _, path: opened(path))
    for one in (source, again):
        for look in range(5):
            lines(one, NOW + 100 * look)
        assert () == one.status().problems
        assert {} == one.status().faults
    assert [1, 0] == [one.status().lines_possibly_lost for one in (source, again)]


def test_what_an_archive_has_beyond_the_bound_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive that expands without end is read up to the bound; the rest is a possible loss, told once."""
    monkeypatch.setattr("exporter.inputs.stepping.MAX_INSIDE", 3 << 20)
    log = tmp_path / "mail.log"
    log.write_bytes(b"live\n")
    source = followed([str(log)], start="beginning")
    assert [b"live"] == lines(source, NOW)
    (tmp_path / "mail.log.1.xz").write_bytes(lzma.compress(b"x" * 99 + b"\n" + bytes(20 << 20) + b"last\n"))
    assert [b"x" * 99] == lines(source, NOW + 1)
    assert 1 == source.status().lines_possibly_lost
    assert [problem for problem in source.status().problems if "byte" in problem and "GiB uncompressed" in problem]
    again = followed([str(log)], source.positions())
    assert [[], []] == [lines(again, NOW + 2), lines(again, NOW + 60)]
    assert 0 == again.status().lines_possibly_lost


def test_beyond_the_number_of_files_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that came first are read on; that others are not is told, and a possible loss, once."""
    monkeypatch.setattr(newcomers, "FILES_MOST", 3)
    for number in range(5):
        (tmp_path / f"{number}.log").write_bytes(b"%d\n" % number)
    source = followed([f"{tmp_path}/*.log"], start="beginning")
    assert 3 == len(lines(source, NOW))
    assert 0 == len(lines(source, NOW + 1))
    assert [problem for problem in source.status().problems if "more than 3 files" in problem]
    assert 1 == source.status().lines_possibly_lost


def test_bytes_without_lines_are_work(tmp_path: Path) -> None:
    """A turn is bounded by the bytes looked at, and says that there is more to do, also where they are no lines."""
    log = tmp_path / "mail.log"
    log.write_bytes(b"e" * (9 << 20) + bytes(9 << 20) + b"line\n")
    source = followed([str(log)], start="beginning")
    read, turns = [], 0
    while not source.status().caught_up:
        read += [line for batch in source.read(NOW, 1 << 20) for line in batch.lines]
        assert 0 < source.status().worked < 8 << 20
        turns += 1
    assert [b"e" * (1 << 20), b"line"] == read
    assert turns > 5


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give itself another user's eyes")
def test_whose_group_may_read_is_told(open_folder: Path) -> None:
    """`Permission denied` says which group to join, or that no group may."""
    log, root_only = open_folder / "mail.log", open_folder / "secure.log"
    for path, mode in ((log, 0o640), (root_only, 0o600)):
        path.write_bytes(b"line\n")
        path.chmod(mode)
    os.chown(log, 0, 4)
    source = followed([str(log), str(root_only)], start="beginning")
    os.setegid(65534)
    groups = os.getgroups()
    os.setgroups([])
    os.seteuid(65534)
    try:
        lines(source, NOW)
        first, second = source.status().problems
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)
    assert f"{log}: Permission denied (group adm can read it: add the exporter's user to that group" in first
    assert "secure.log is owned by root:root with mode 0600" in second


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give itself another user's eyes")
@pytest.mark.parametrize("finished", [True, False])
def test_an_old_file_out_of_sight_is_as_good_as_gone(finished: bool, open_folder: Path) -> None:  # noqa: FBT001
    """Imported from /root, say: no error, and a possible loss only where it was not read to its end."""
    home = open_folder / "home"
    home.mkdir()
    old, log = home / "old-mail.log", open_folder / "mail.log"
    old.write_bytes(b"old\n")
    log.write_bytes(b"")
    status = old.stat()
    position = Position("1", str(old), status.st_dev, status.st_ino, 4, "x", 4, status.st_mtime, finished=finished)
    source = followed([str(log)], (position,))
    home.chmod(0o700)
    os.seteuid(65534)
    try:
        assert [] == lines(source, NOW)
        assert [] == lines(source, NOW + 1)
        assert () == source.status().problems
        assert {} == source.status().read_errors
        assert int(not finished) == source.status().lines_possibly_lost
    finally:
        os.seteuid(0)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_no_line_is_lost_or_doubled_by_failures(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Raising at random, in any call of any reader, over restarts: all lines once, in the end."""
    folder = tmp_path_factory.mktemp("logs")
    names = ["a.log", "b.log", "c.log"]
    written: list[bytes] = []
    calls = data.draw(st.sets(st.integers(0, 60), max_size=25))
    count = 0
    read = PlainFile.read

    def fail(self: PlainFile, offset: int, size: int) -> bytes:
        nonlocal count
        count += 1
        if count in calls:
            raise RAISED[count % (len(RAISED) - 1)]
        return read(self, offset, size)

    found: list[bytes] = []
    positions: tuple[Position, ...] = ()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PlainFile, "read", fail)
        for round_ in range(5):
            with closing(followed([f"{folder}/*.log"], positions, start="beginning")) as source:
                for look in range(3):
                    for name in names:
                        written.append(b"%s %d %d" % (name.encode(), round_, look))
                        with (folder / name).open("ab") as file:
                            file.write(written[-1] + b"\n")
                    found += lines(source, NOW + 10 * round_ + look)
                positions = source.positions()
        calls = set()
        with closing(followed([f"{folder}/*.log"], positions)) as source:
            for look in range(3):
                found += lines(source, NOW + 1000 * (look + 1))
    assert sorted(written) == sorted(found)
