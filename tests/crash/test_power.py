"""What is left after a power cut: a write-ahead file that ends anywhere, or one that is gone."""

import shutil
from pathlib import Path

import pytest

from exporter.ledger import LedgerError
from exporter.ledger.care import check
from tests.crash.history import CHUNK, LOG, committed_lines, milestones, open_ledger, read_on
from tests.ledger.books import contents, folder


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
    """Wherever the write-ahead file ends, the ledger is as after one of the commits, more bytes never less."""
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
            ledger = open_ledger(cut / "running.sqlite")
            lines = committed_lines(ledger)
            ledger.close()
            assert reached <= lines
            assert states[lines] == contents(ledger.path)
            reached = lines
        assert len(LOG) - CHUNK <= reached


def states_of_a_new_file(cut: Path) -> bool:
    """Whether the cut lies before the ledger's own creation."""
    return (cut / "running.sqlite").stat().st_size == 0


def test_a_missing_write_ahead_file_is_refused_until_the_loss_is_accepted() -> None:
    """Without the file that has the newest commits counters would fall, so the ledger says what to do."""
    with folder() as memory:
        image = image_after_all_commits(memory)
        (image / "running.sqlite-wal").unlink()
        for _ in range(2):
            with pytest.raises(LedgerError, match=r"-wal, with the newest commits, is missing; put it back or restore"):
                open_ledger(image / "running.sqlite")
        (image / "running.sqlite.lock").unlink()
        open_ledger(image / "running.sqlite").close()


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
