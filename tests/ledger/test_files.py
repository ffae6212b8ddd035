"""Files that are no ledgers, ledgers in use, and disks that are full or read-only."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from exporter.catalogue import Scope
from exporter.ledger import Ledger, LedgerError, schema
from exporter.ledger.care import check
from exporter.ledger.reading import Reading
from tests.ledger.books import DAY, NOON, checkpoint, offset_of, opened, poll

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"I am a letter to my aunt, and rather a long one, so that it is not taken for a page.",
            "not a ledger of pop3-",
        ),
        (b"SQLite format 3\0" + bytes(50), "not a ledger of pop3-|damaged"),
    ],
)
def test_a_foreign_file_is_refused_and_left_alone(tmp_path: Path, content: bytes, message: str) -> None:
    """What is no SQLite file is refused by writers and readers, and not touched."""
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(content)
    for use in (lambda: opened(path), lambda: Reading(path)):
        with pytest.raises(LedgerError, match=message) as error:
            use()
        assert str(path) in str(error.value)
    assert content == path.read_bytes()


def test_another_sqlite_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    """The database of another program is refused by writers and readers, and not touched."""
    path = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE aunt (letter TEXT)")
    content = path.read_bytes()
    for use in (lambda: opened(path), lambda: Reading(path)):
        with pytest.raises(LedgerError, match="another SQLite file; name another file"):
            use()
    assert content == path.read_bytes()


def test_an_empty_file_becomes_a_ledger(tmp_path: Path) -> None:
    """A file that was only touched is a place for a new ledger; a reader finds none in it yet."""
    path = tmp_path / "ledger.sqlite"
    path.touch()
    with pytest.raises(LedgerError, match="not a ledger"):
        Reading(path)
    opened(path).close()
    Reading(path).close()


def test_a_missing_directory_is_told(tmp_path: Path) -> None:
    """A path that leads nowhere is told with its name."""
    with pytest.raises(
        LedgerError,
        match=r"nowhere/ledger\.sqlite: cannot be locked: there is no directory .*nowhere; create it: mkdir",
    ):
        opened(tmp_path / "nowhere" / "ledger.sqlite")
    with pytest.raises(LedgerError, match=r"nowhere/ledger\.sqlite: no such ledger"):
        Reading(tmp_path / "nowhere" / "ledger.sqlite")


def test_a_newer_ledger_is_refused(tmp_path: Path) -> None:
    """What a newer version wrote is not touched by an older one."""
    ledger = opened(tmp_path)
    ledger.close()
    with closing(sqlite3.connect(ledger.path)) as connection:
        schema.set_meta(connection, "schema", str(schema.VERSION + 1))
        connection.commit()
    for use in (lambda: opened(tmp_path), lambda: Reading(ledger.path)):
        with pytest.raises(
            LedgerError,
            match=rf"newer pop3-exporter \(schema {schema.VERSION + 1}; this version knows {schema.VERSION}\);",
        ):
            use()


def test_an_older_ledger_is_brought_up_in_one_transaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Migrations run all or not at all, and the contents stay."""
    ledger = opened(tmp_path)
    ledger.book([poll(ledger.names.account("mx", b"alice@a", login=True), NOON)])
    before = ledger.commit(NOON)
    ledger.close()
    version, done = schema.VERSION, schema.MIGRATIONS
    new = ("CREATE TABLE new (x)", "ALTER TABLE keys ADD note TEXT")
    monkeypatch.setattr(schema, "VERSION", version + 2)
    monkeypatch.setattr(schema, "MIGRATIONS", (*done, new, ("nonsense",)))
    with pytest.raises(LedgerError, match="nonsense"):
        opened(tmp_path)
    with closing(sqlite3.connect(ledger.path)) as connection:
        assert (version, []) == (schema.version_of(connection), connection.execute("PRAGMA table_info(new)").fetchall())
    monkeypatch.setattr(schema, "MIGRATIONS", (*done, new, ()))
    again = opened(tmp_path)
    assert before.rows == again.view.rows
    again.close()
    with closing(sqlite3.connect(ledger.path)) as connection:
        assert version + 2 == schema.version_of(connection)


def test_a_second_daemon_is_refused_with_the_first_ones_process(tmp_path: Path) -> None:
    """Whoever has the ledger is named, whether it is this process or another; afterwards it is free."""
    ledger = opened(tmp_path)
    opening = f"from exporter.ledger import Ledger; Ledger.open({str(ledger.path)!r}, now=0)"
    second = subprocess.run([sys.executable, "-c", opening], cwd=ROOT, capture_output=True, text=True, check=False)
    assert f"in use by process {os.getpid()}; stop it first" in second.stderr
    with pytest.raises(LedgerError, match=f"in use by process {os.getpid()};"):
        opened(tmp_path)
    ledger.close()
    opened(tmp_path).close()


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be removed there")
@pytest.mark.parametrize("again", [False, True])
def test_a_ledger_removed_or_replaced_in_use_is_told(tmp_path: Path, again: bool) -> None:  # noqa: FBT001
    """What would be written to a file that nobody finds again is not taken as committed."""
    ledger = opened(tmp_path)
    ledger.commit(NOON)
    ledger.path.rename(tmp_path / "moved")
    if again:
        ledger.path.touch()
    with pytest.raises(LedgerError, match="was removed or replaced while in use"):
        ledger.commit(NOON)
    ledger.close()


def test_a_ledger_that_cannot_be_reached_is_used_again_when_it_can(tmp_path: Path) -> None:
    """It may be the same file, so nobody is asked to put another one in its place."""
    (tmp_path / "a").mkdir()
    ledger = opened(tmp_path / "a")
    (tmp_path / "a").rename(tmp_path / "b")
    (tmp_path / "a").symlink_to("a")
    with pytest.raises(LedgerError, match=r"cannot be reached any more \(Too many levels"):
        ledger.commit(NOON)
    (tmp_path / "a").unlink()
    (tmp_path / "b").rename(tmp_path / "a")
    assert NOON == ledger.commit(NOON).committed_at
    ledger.close()


def test_another_time_zone_is_refused(tmp_path: Path) -> None:
    """A zone that differs from the ledger's is told with the command that confirms it; none asks for nothing."""
    opened(tmp_path, zone="Europe/Berlin").close()
    with pytest.raises(
        LedgerError, match=r"those of Europe/Berlin, not Asia/Kolkata; confirm .* ledger zone Asia/Kolkata"
    ):
        opened(tmp_path, zone="Asia/Kolkata")
    ledger = opened(tmp_path, zone=None)
    assert "Europe/Berlin" == ledger.view.time_zone
    ledger.close()


def test_an_unknown_time_zone_is_refused(tmp_path: Path) -> None:
    """A zone that this machine does not know makes no ledger."""
    with pytest.raises(LedgerError, match="unknown time zone 'Mars/Olympus'"):
        opened(tmp_path, zone="Mars/Olympus")


def test_a_ledger_that_may_not_be_written_is_told() -> None:
    """A directory without write permission is told as such; root plays nobody."""
    user, nobody = os.geteuid(), 65534
    with tempfile.TemporaryDirectory(prefix="pop3-ledger-") as name:
        folder = Path(name)
        opened(folder).close()
        if user == 0:
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, nobody)
            os.seteuid(nobody)
        folder.chmod(0o555)
        try:
            with pytest.raises(LedgerError, match="cannot be"):
                opened(folder)
        finally:
            folder.chmod(0o755)
            os.seteuid(user)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of eight megabytes."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(tmp_path)]
    if (
        not hasattr(os, "geteuid")
        or os.geteuid() != 0
        or subprocess.run(mount, check=False, capture_output=True).returncode
    ):
        if os.environ.get("POP3_REQUIRE_TOOLS") == "1":
            pytest.fail("this test needs the right to mount a tmpfs")
        pytest.skip("needs the right to mount a tmpfs")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_a_full_disk_loses_nothing(small_disk: Path) -> None:
    """While the disk is full commits fail and the view stays; with room again all is there, once."""
    ledger = opened(small_disk, journal_rows=2)
    ballast, line, failures = small_disk / "ballast", 0, 0
    for size in range(40, 0, -1):
        ballast.write_bytes(b"")
        line += 1
        ledger.book([poll(ledger.names.account("mx", b"%d@d" % line, login=True), NOON - line * 3600, line)])
        fill(ballast, size * 1024)
        before = ledger.view
        try:
            ledger.commit(NOON, {"mail": checkpoint(line)})
        except LedgerError as error:
            failures += 1
            assert ("the disk is full", before) == (str(error).rpartition(": ")[2], ledger.view)  # noqa: PT017 - or not
            ballast.write_bytes(b"")
            ledger.commit(NOON, {"mail": checkpoint(line)})
        assert line == ledger.view.rows["server"]["mx",].totals[0]
    assert failures > 5
    ballast.unlink()
    expected = ledger.view.rows
    ledger.close()
    assert () == check(ledger.path)
    again = opened(small_disk)
    assert (line, expected) == (offset_of(again), again.view.rows)
    again.close()


def test_a_read_only_file_system_is_told(small_disk: Path) -> None:
    """A writer is refused with the reason; a reader reads."""
    ledger = opened(small_disk)
    ledger.book([poll(ledger.names.account("mx", b"alice@a", login=True), NOON)])
    ledger.commit(NOON)
    ledger.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(LedgerError, match="cannot be locked: Read-only file system"):
        opened(small_disk)
    with Reading(ledger.path) as reading:
        assert [("mx",)] == [key.labels for key in reading.keys(Scope.SERVER)]


def fill(file: Path, spare: int) -> None:
    """Fill the disk but for `spare` bytes."""
    free = os.statvfs(file.parent)
    file.write_bytes(bytes(max(free.f_bavail * free.f_frsize - spare, 0)))


def test_a_commit_that_fails_at_any_statement_can_be_repeated(tmp_path: Path) -> None:
    """An error of the disk at the n-th statement, also of bringing up the tables before it: nothing is written, nothing
    shown, and the next try has it all."""
    (tmp_path / "plain").mkdir()
    plain = filled(tmp_path / "plain")
    expected = plain.commit(NOON, {"mail": checkpoint(1)})
    plain.close()
    for failing in range(1, 200):
        path = tmp_path / str(failing)
        path.mkdir()
        ledger = filled(path)
        ledger._connection = Failing(ledger._connection, failing)  # type: ignore[assignment]
        before = ledger.view
        try:
            ledger.commit(NOON, {"mail": checkpoint(1)})
        except LedgerError as error:
            assert ("the disk is full", before) == (str(error).rpartition(": ")[2], ledger.view)  # noqa: PT017 - or not
        else:
            ledger.close()
            break
        after = ledger.commit(NOON, {"mail": checkpoint(1)})
        assert (expected.rows, expected.ends, expected.networks) == (after.rows, after.ends, after.networks)
        ledger.close()
    assert failing > 20


def filled(path: Path) -> Ledger:
    """A ledger with a commit, and charges for another."""
    ledger = opened(path, journal_rows=1)
    alice, bob = (ledger.names.account("mx", name, login=True) for name in (b"alice@a", b"bob@b"))
    ledger.book([poll(alice, NOON - DAY), poll(alice, NOON)])
    ledger.commit(NOON)
    ledger.book([poll(alice, NOON - DAY), poll(bob, NOON), poll(alice, NOON + 1)])
    return ledger


class Failing:
    """A connection whose n-th statement, and its ROLLBACK's neighbours, find the disk full once."""

    def __init__(self, connection: sqlite3.Connection, statement: int) -> None:
        self._connection = connection
        self._left = statement

    def execute(self, *args: object) -> sqlite3.Cursor:
        """As the connection's."""
        self._count()
        return self._connection.execute(*args)  # type: ignore[arg-type]

    def executemany(self, *args: object) -> sqlite3.Cursor:
        """As the connection's."""
        self._count()
        return self._connection.executemany(*args)  # type: ignore[arg-type]

    def close(self) -> None:
        """As the connection's."""
        self._connection.close()

    @property
    def in_transaction(self) -> bool:
        """As the connection's."""
        return self._connection.in_transaction

    def _count(self) -> None:
        self._left -= 1
        if self._left == 0:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorname = "SQLITE_FULL"
            raise error
