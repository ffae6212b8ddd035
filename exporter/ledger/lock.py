"""One writer at a time: a locked file beside the ledger that names who holds it.

It is the operating system's lock that counts, so nothing has to be cleaned up after a crash. What the file says
is for people, and for the one thing that the lock cannot tell: that a ledger was not closed, so that its
write-ahead file, with the newest commits, must be there.
"""

import contextlib
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from exporter.ledger.errors import LedgerError

# Far behind the text, because Windows keeps others from reading what is locked.
LOCKED_BYTE = 1 << 30

_OPEN = "open"


class Lock:
    """Holds the ledger at `path` until `release`.

    LedgerError if another process does, with its id, or if the ledger was not closed and lost its write-ahead file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.with_name(path.name + ".lock")
        try:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o640)
        except OSError as error:
            raise LedgerError(f"{path}: cannot be locked: {error.strerror} ({self.path})") from error
        owner, was_open = self._read()
        if not _try_lock(self._file):
            os.close(self._file)
            raise LedgerError(f"{path}: in use by process {owner}; stop it first, or use another ledger")
        if was_open and _is_torn(path):
            os.close(self._file)
            raise LedgerError(
                f"{path}: was not closed, and its write-ahead file {path.name}-wal, with the newest commits, is"
                f" missing; put it back or restore a backup, or remove {self.path.name} to accept the loss"
            )
        with contextlib.suppress(OSError):  # a full disk keeps nobody from reading the ledger
            self._write(str(os.getpid()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def mark_open(self) -> None:
        """From now on the write-ahead file is there; until `mark_closed` its absence means a loss."""
        self._write(f"{os.getpid()} {_OPEN}")

    def mark_closed(self) -> None:
        """From now on the write-ahead file may go, also if the machine stops at once."""
        self._write(str(os.getpid()))
        os.fsync(self._file)

    def release(self) -> None:
        """Give the ledger free, as properly closed."""
        with contextlib.suppress(OSError):
            self._write("")
        self.abandon()

    def abandon(self) -> None:
        """Give the ledger free without calling it closed."""
        os.close(self._file)

    def _read(self) -> tuple[str, bool]:
        os.lseek(self._file, 0, os.SEEK_SET)
        owner, _, state = os.read(self._file, 64).decode("ascii", "replace").partition(" ")
        return owner or "unknown", state == _OPEN

    def _write(self, text: str) -> None:
        os.ftruncate(self._file, 0)
        os.lseek(self._file, 0, os.SEEK_SET)
        os.write(self._file, text.encode())


def _is_torn(path: Path) -> bool:
    """Whether a ledger that was not closed has no write-ahead file: an open one always has, so it was removed."""
    return path.exists() and path.stat().st_size > 0 and not path.with_name(path.name + "-wal").exists()


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: int) -> bool:
        os.lseek(file, LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
