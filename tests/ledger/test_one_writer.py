"""One ledger, one writer: by the file and not by its name, whoever made it."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from exporter.catalogue import Scope
from exporter.ledger import LedgerError
from exporter.ledger.care import backup, change_zone
from exporter.ledger.forget import forget
from exporter.ledger.lock import UNTOLD, commits_beside
from exporter.ledger.reading import Reading
from exporter.ledger.restore import restore
from tests.ledger.books import NOON, opened, poll

ROOT = Path(__file__).parents[2]
NOBODY = 65534
linux = pytest.mark.skipif(sys.platform != "linux", reason="locks of inodes and mounts are Linux's")
posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX's links and owners")


def symbolic(path: Path) -> Path:
    """Another directory's symbolic link to the ledger."""
    link = path.parent / "elsewhere" / "link.sqlite"
    link.parent.mkdir()
    link.symlink_to(path)
    return link


def hard(path: Path) -> Path:
    """A second name."""
    link = path.parent / "second.sqlite"
    link.hardlink_to(path)
    return link


def mounted(path: Path, target: Path) -> Path:
    """The file or directory mounted at `target`."""
    target.mkdir() if path.is_dir() else target.touch()
    subprocess.run(["mount", "--bind", str(path), str(target)], check=True, capture_output=True)
    return target


@pytest.fixture
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A kind of other name; skipped if it needs a mount and we may not, before a ledger is open."""
    name: str = request.param
    if name in {"file", "directory"}:
        try:
            subprocess.run(["umount", str(mounted(tmp_path, tmp_path.parent / f"{tmp_path.name}-try"))], check=True)
        except subprocess.CalledProcessError:
            if os.environ.get("POP3_REQUIRE_TOOLS") == "1":
                pytest.fail("this test needs the right to mount")
            pytest.skip("needs the right to mount")
    return name


@contextmanager
def other_name(kind: str, path: Path) -> Iterator[Path]:
    """The same ledger under another name."""
    match kind:
        case "symbolic":
            yield symbolic(path)
        case "hard":
            yield hard(path)
        case "file":
            target = path.parent / "mounted.sqlite"
            yield mounted(path, target)
            subprocess.run(["umount", "-l", str(target)], check=True)
        case _:
            target = path.parent.parent / f"{path.parent.name}-mounted"
            yield mounted(path.parent, target) / path.name
            subprocess.run(["umount", "-l", str(target)], check=True)
            target.rmdir()


def second(path: Path, doing: str = "Ledger.open(path, now=0)") -> str:
    """What another process is told that wants to write."""
    program = f"""
from pathlib import Path
from exporter.ledger import Ledger
from exporter.ledger.care import change_zone
from exporter.ledger.forget import forget
path = Path({str(path)!r})
{doing}
"""
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    return run.stderr.strip().rpartition("\n")[2] if run.returncode else ""


@posix
@pytest.mark.parametrize("kind", ["symbolic", pytest.param("hard", marks=linux), pytest.param("file", marks=linux),
                                  pytest.param("directory", marks=linux)], indirect=True)  # fmt: skip
@pytest.mark.parametrize(
    "doing", ["Ledger.open(path, now=0)", "forget(path, 'alice@a')", "change_zone(path, 'UTC', 0)"]
)
def test_a_second_writer_is_refused_under_any_name(tmp_path: Path, kind: str, doing: str) -> None:
    """Links and mounts, daemon and tools: refused while the first has it, which goes on, and loses nothing."""
    ledger = opened(tmp_path)
    alice = ledger.names.account("mx", b"alice@a", login=True)
    ledger.book([poll(alice, NOON)])
    ledger.commit(NOON)
    with other_name(kind, ledger.path) as other:
        assert "in use by" in second(other, doing)
        ledger.book([poll(alice, NOON)])
        ledger.commit(NOON)
    ledger.close()
    again = opened(tmp_path / "ledger.sqlite") if kind != "hard" else None
    if again is not None:
        assert 2 == again.view.rows["server"]["mx",].totals[0]
        again.close()


@posix
def test_the_same_process_is_refused_too(tmp_path: Path) -> None:
    """A second name in one process: refused before its files are touched."""
    ledger = opened(tmp_path)
    for other in (symbolic(ledger.path), hard(ledger.path)):
        with pytest.raises(LedgerError, match="in use by"):
            opened(other)
    ledger.commit(NOON)
    ledger.close()


@posix
def test_a_symbolic_link_is_the_ledger_itself(tmp_path: Path) -> None:
    """Opened by the link or by the name it leads to: one ledger, with one lock and one write-ahead file."""
    opened(tmp_path).close()
    link = symbolic(tmp_path / "ledger.sqlite")
    ledger = opened(link)
    ledger.book([poll(ledger.names.account("mx", b"alice@a", login=True), NOON)])
    ledger.commit(NOON)
    with Reading(tmp_path / "ledger.sqlite") as one, Reading(link) as two:
        assert list(one.keys(Scope.USER)) == list(two.keys(Scope.USER)) != []
    ledger.close()
    assert ["link.sqlite"] == [file.name for file in link.parent.iterdir()]


@posix
@pytest.mark.parametrize(
    ("kind", "message"),
    [("hard", "2 names .hard links."), pytest.param("file", "single file", marks=linux)],
    indirect=["kind"],
)
def test_a_ledger_with_two_names_is_not_opened(tmp_path: Path, kind: str, message: str) -> None:
    """The newest commits lie beside one name only, so by the other they would be lost: told, with what to do."""
    opened(tmp_path).close()
    with other_name(kind, tmp_path / "ledger.sqlite") as other:
        for use in (lambda: opened(other), lambda: forget(other, "x"), lambda: change_zone(other, "UTC", NOON)):
            with pytest.raises(LedgerError, match=message):
                use()


@linux
@pytest.mark.parametrize("kind", ["hard", "file"], indirect=True)
def test_a_reader_by_another_name_is_told_that_it_would_see_old_numbers(tmp_path: Path, kind: str) -> None:
    """While a daemon has it; afterwards all is in the file itself, and either name will do."""
    ledger = opened(tmp_path)
    ledger.book([poll(ledger.names.account("mx", b"alice@a", login=True), NOON)])
    ledger.commit(NOON)
    with other_name(kind, ledger.path) as other:
        with pytest.raises(LedgerError, match="in use under another name, with its newest commits next to that one"):
            Reading(other)
        Reading(ledger.path).close()
        ledger.close()
        with Reading(other) as reading:
            assert [("mx",)] == [key.labels for key in reading.keys(Scope.SERVER)]


def foreign_write(path: Path) -> None:
    """Somebody with SQLite's shell."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO meta VALUES ('theirs', '1')")


def test_a_ledger_that_another_wrote_to_is_refused_at_the_next_commit(tmp_path: Path) -> None:
    """Every commit fails from then on, and says why; nothing is written over what the other wrote."""
    ledger = opened(tmp_path)
    alice = ledger.names.account("mx", b"alice@a", login=True)
    ledger.book([poll(alice, NOON)])
    before = ledger.commit(NOON)
    foreign_write(ledger.path)
    ledger.book([poll(alice, NOON)])
    for _ in range(2):
        with pytest.raises(LedgerError, match="another program wrote to it while it was in use"):
            ledger.commit(NOON)
    assert before is ledger.view
    ledger.close()
    again = opened(tmp_path)
    assert 1 == again.view.rows["server"]["mx",].totals[0]
    again.close()


def test_readers_are_no_writers(tmp_path: Path) -> None:
    """Reports, backups and people who look do not stop the daemon."""
    ledger = opened(tmp_path)
    for number in range(3):
        ledger.book([poll(ledger.names.account("mx", b"alice@a", login=True), NOON)])
        ledger.commit(NOON)
        Reading(ledger.path).close()
        backup(ledger.path, tmp_path / f"copy-{number}")
        with closing(sqlite3.connect(ledger.path)) as connection:
            connection.execute("SELECT * FROM keys").fetchall()
    ledger.close()


# ── whose they are ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that belongs to another user than root, as the service's."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("needs root")
    with tempfile.TemporaryDirectory(prefix="pop3-ledger-") as name:
        os.chown(name, NOBODY, NOBODY)
        yield Path(name)


@contextmanager
def user(number: int) -> Iterator[None]:
    """As another user."""
    os.seteuid(number)
    try:
        yield
    finally:
        os.seteuid(0)


@posix
@pytest.mark.parametrize("umask", [0o022, 0o000])
def test_files_of_a_ledger_are_private(tmp_path: Path, umask: int) -> None:
    """Names and networks are in it: whatever the umask, nobody else may read any of its files, or of a copy."""
    before = os.umask(umask)
    try:
        ledger = opened(tmp_path)
        ledger.commit(NOON)
        backup(ledger.path, tmp_path / "copy")
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
        ledger.close()
    finally:
        os.umask(before)
    assert {"copy": 0o600, **{f"ledger.sqlite{part}": 0o600 for part in ("", "-wal", "-shm", ".lock")}} == modes


@posix
def test_what_root_makes_belongs_to_the_owner_of_the_directory(place: Path) -> None:
    """Made by an import of root's, read by root's report: the daemon's user goes on with it."""
    ledger = opened(place)
    ledger.book([poll(ledger.names.account("mx", b"alice@a", login=True), NOON)])
    ledger.commit(NOON)
    assert {NOBODY} == {file.stat().st_uid for file in place.iterdir()}
    ledger.close()
    (place / "ledger.sqlite.lock").unlink()  # "to accept the loss"
    with Reading(ledger.path):
        pass
    change_zone(ledger.path, "UTC", NOON)
    assert {NOBODY} == {file.stat().st_uid for file in place.iterdir()}
    with user(NOBODY):
        again = opened(place)
        again.commit(NOON)
        again.close()


def of_root(path: Path) -> None:
    """A backup that root copied back."""
    copy = path.with_name("copy")
    shutil.copy(path, copy)
    copy.replace(path)
    path.chmod(0o600)


@posix
@pytest.mark.tool("chown")
@pytest.mark.parametrize("spoiled", ["ledger.sqlite", "ledger.sqlite.lock"])
def test_files_of_another_user_are_told_with_the_command_that_mends_it(place: Path, spoiled: str) -> None:
    """What the daemon's user may not open is told with its owner, and the chown that was meant works."""
    opened(place).close()
    of_root(place / spoiled)
    with user(NOBODY), pytest.raises(LedgerError) as error:
        opened(place)
    command = str(error.value).partition("run as root: ")[2]
    assert f"chown {NOBODY}:" in command
    assert str(place / spoiled) in command
    subprocess.run(command.split(), check=True)
    with user(NOBODY):
        opened(place).close()


@posix
def test_a_folder_that_is_closed_is_told(place: Path) -> None:
    """Who may not even look into it is told what to do."""
    place.chmod(0o700)
    os.chown(place, 0, 0)
    with user(NOBODY), pytest.raises(LedgerError, match=r"cannot create files in .*: run the command as root \(sudo\)"):
        opened(place)


@posix
def test_a_reader_is_told_who_may_read_it(place: Path) -> None:
    """Its own user, and root."""
    opened(place).close()
    of_root(place / "ledger.sqlite")
    with user(NOBODY), pytest.raises(LedgerError, match="this user cannot read it; run the command as root"):
        Reading(place / "ledger.sqlite")


def test_a_restore_does_not_meet_the_rest_of_the_lost_ledger(tmp_path: Path) -> None:
    """A write-ahead file that was left would be read into the new ledger."""
    (tmp_path / "ledger.sqlite-wal").write_bytes(b"old")
    with pytest.raises(
        LedgerError, match="-wal: left over from the lost ledger, with its newest commits; move it away"
    ):
        restore(tmp_path / "ledger.sqlite", "http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", None),
        (b"12", None),
        (b"12\n", None),
        (b"12 open", UNTOLD),
        (b"12 open 7\n", 7),
        (b"9 open 8\npen 7\n", 8),
        (b"\xff open x", UNTOLD),
    ],
)
def test_what_the_file_beside_the_ledger_says(tmp_path: Path, content: bytes, told: int | None) -> None:
    """Whoever wrote it, an older version or a process that was killed while it wrote."""
    (tmp_path / "ledger.sqlite.lock").write_bytes(content)
    assert told == commits_beside(tmp_path / "ledger.sqlite")
