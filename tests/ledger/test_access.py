"""A ledger that another user keeps for himself is told as that, never as one that is not there."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exporter.ledger import LedgerError, care, restore
from exporter.ledger.reading import Reading
from tests.ledger.books import opened

MESSAGE = r"ledger\.sqlite: this user cannot read it; run the command as root \(sudo\) or as the exporter's user"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other users can reach, unlike pytest's, with a ledger in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="pop3-exporter-access-") as name:
        Path(name).chmod(0o755)
        (Path(name) / "state").mkdir()
        opened(Path(name) / "state").close()
        yield Path(name)


@pytest.fixture
def as_nobody() -> Iterator[Callable[[], None]]:
    """Root becomes nobody when it is called; other users need not."""
    user = os.geteuid()
    yield lambda: os.seteuid(65534) if user == 0 else None
    os.seteuid(user)


@pytest.mark.parametrize("closed", ["folder", "file"])
@pytest.mark.parametrize("use", [Reading, care.info], ids=["report", "info"])
def test_another_users_ledger(
    folder: Path, as_nobody: Callable[[], None], closed: str, use: Callable[[Path], object]
) -> None:
    """Where the folder is closed (systemd's StateDirectory is 0700), and where the file is."""
    ledger = folder / "state" / "ledger.sqlite"
    shut = ledger if closed == "file" else ledger.parent
    shut.chmod(0)
    as_nobody()
    with pytest.raises(LedgerError, match=MESSAGE):
        use(ledger)
    if os.geteuid() != 65534:
        shut.chmod(0o700)


def test_what_cannot_be_looked_at_is_not_written_over(folder: Path, as_nobody: Callable[[], None]) -> None:
    """A copy or a restored ledger below a closed folder: one clear line."""
    (folder / "closed").mkdir(mode=0)
    (folder / "state").chmod(0o755)
    (folder / "state" / "ledger.sqlite").chmod(0o644)
    as_nobody()
    target = folder / "closed" / "copy.sqlite"
    with pytest.raises(LedgerError, match=r"copy\.sqlite: Permission denied"):
        care.backup(folder / "state" / "ledger.sqlite", target)
    with pytest.raises(LedgerError, match=r"copy\.sqlite: Permission denied"):
        restore.restore(target, "http://127.0.0.1:9")
    if os.geteuid() != 65534:
        (folder / "closed").chmod(0o700)


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    """A NUL, as a slip of a configuration's editor: there is no such ledger."""
    with pytest.raises(LedgerError, match="no such ledger"):
        Reading(f"{tmp_path}/a\0b")


def test_a_folder_is_no_ledger(tmp_path: Path) -> None:
    """Its ledger is likely in it."""
    with pytest.raises(LedgerError, match="is a directory; name the ledger in it"):
        Reading(tmp_path)
