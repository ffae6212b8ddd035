"""What is left after a power cut: a write-ahead file that ends anywhere, or one that is gone."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from exporter.ledger import LedgerError
from exporter.ledger.care import change_zone, check, info
from exporter.ledger.forget import forget
from exporter.ledger.reading import Reading
from tests.crash.history import CHUNK, LOG, NOW, committed_lines, milestones, open_ledger, read_on
from tests.ledger.books import contents, crashed, folder


def image_after_all_commits(into: Path) -> Path:
    """The files of a ledger that was not closed after its last commit."""
    ledger = open_ledger(into / "running.sqlite")
    read_on(ledger)
    image = into / "image"
    image.mkdir()
    for part in into.glob("running.sqlite*"):
        shutil.copy(part, image)
    ledger.close()
    return image


def test_a_write_ahead_file_cut_anywhere_gives_a_commit() -> None:
    """Wherever the write-ahead file ends, the ledger is as after one of the commits, more bytes never less; if it is
    not the newest one, that is told first."""
    with folder() as memory:
        image, states = image_after_all_commits(memory), milestones(memory)
        wal = (image / "running.sqlite-wal").read_bytes()
        reached = 0
        for length in range(0, len(wal) + 1, 1021):
            cut = memory / f"cut-{length}"
            shutil.copytree(image, cut)
            (cut / "running.sqlite-shm").unlink()
            (cut / "running.sqlite-wal").write_bytes(wal[:length])
            if states_of_a_new_file(cut):
                continue
            refused = is_refused(cut / "running.sqlite")
            (cut / "running.sqlite.lock").unlink()
            ledger = open_ledger(cut / "running.sqlite")
            lines = committed_lines(ledger)
            ledger.close()
            assert refused == (lines < len(LOG))
            assert reached <= lines
            assert states[lines] == contents(ledger.path)
            reached = lines
        assert len(LOG) - CHUNK <= reached


def is_refused(path: Path) -> bool:
    """Whether a start says that commits are missing."""
    try:
        open_ledger(path).close()
    except LedgerError as error:
        assert "with the newest commits is missing" in str(error)  # noqa: PT017 - or not
        return True
    return False


def states_of_a_new_file(cut: Path) -> bool:
    """Whether the cut lies before the ledger's own creation."""
    return (cut / "running.sqlite").stat().st_size == 0


def test_a_missing_write_ahead_file_is_refused_until_the_loss_is_accepted() -> None:
    """Without the file that has the newest commits counters would fall, so the ledger says what to do."""
    with folder() as memory:
        image = image_after_all_commits(memory)
        (image / "running.sqlite-wal").unlink()
        for _ in range(2):
            with pytest.raises(LedgerError, match=r"-wal with the newest commits is missing; put it back, restore"):
                open_ledger(image / "running.sqlite")
        (image / "running.sqlite.lock").unlink()
        open_ledger(image / "running.sqlite").close()


@pytest.mark.parametrize("reader", ["report", "info", "sqlite"])
def test_a_reader_does_not_hide_that_the_write_ahead_file_is_missing(reader: str) -> None:
    """Whoever has looked at the ledger meanwhile, and left an empty write-ahead file: readers are refused, too."""
    with folder() as memory:
        image = image_after_all_commits(memory)
        path = image / "running.sqlite"
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink()
        if reader == "sqlite":
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("SELECT * FROM sqlite_master").fetchall()
            path.with_name(path.name + "-wal").touch()
        else:
            with pytest.raises(LedgerError, match="with the newest commits is missing"):
                info(path) if reader == "info" else Reading(path)
        with pytest.raises(LedgerError, match="with the newest commits is missing"):
            open_ledger(path)


def test_a_tool_does_not_hide_it_either() -> None:
    """What changes a ledger is refused as the daemon is, and leaves the mark where it was."""
    with folder() as memory:
        image = image_after_all_commits(memory)
        (image / "running.sqlite-wal").unlink()
        for change in (lambda path: forget(path, "alice@a"), lambda path: change_zone(path, "UTC", NOW)):
            with pytest.raises(LedgerError, match="with the newest commits is missing"):
                change(image / "running.sqlite")
        with pytest.raises(LedgerError, match="with the newest commits is missing"):
            open_ledger(image / "running.sqlite")


def test_a_write_ahead_file_removed_in_use_is_told_at_the_next_commit_and_loses_nothing() -> None:
    """Commits fail from then on; what was committed before is saved into the ledger itself."""
    with folder() as memory:
        ledger, states = open_ledger(memory / "l.sqlite"), milestones(memory)
        read_on(ledger)
        (memory / "l.sqlite-wal").unlink()
        look = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT * FROM sqlite_master').fetchall()"
        subprocess.run(
            [sys.executable, "-c", look, ledger.path], check=False, stderr=subprocess.DEVNULL
        )  # makes a new one
        for _ in range(2):
            with pytest.raises(LedgerError, match=r"l\.sqlite-wal: was removed or replaced while in use"):
                ledger.commit(NOW)
        left = crashed(ledger, memory / "crashed")
        again = open_ledger(left)
        assert len(LOG) == committed_lines(again)
        again.close()
        assert states[len(LOG)] == contents(left)


@pytest.mark.parametrize("where", [100, 4096, 5 * 4096])
def test_a_damaged_page_is_found(where: int) -> None:
    """Noise at the begin of a page is refused at the start or found by the check, never a traceback."""
    with folder() as memory:
        ledger = open_ledger(memory / "l.sqlite")
        read_on(ledger)
        ledger.close()
        content = bytearray(ledger.path.read_bytes())
        content[where : where + 600] = b"\x5a" * 600
        ledger.path.write_bytes(content)
        try:
            problems: tuple[str, ...] = check(ledger.path)
        except LedgerError as error:
            problems = (str(error),)
        assert () != problems
