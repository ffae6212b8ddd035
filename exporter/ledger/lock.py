"""Ensures one writer at a time, by the file and not by its name.

It is the operating system's lock that counts, so nothing has to be cleaned up after a crash: on a file beside the
ledger, and on the ledger's own inode, which has the same lock under whatever name. What the file beside it says is
for people, and for the one thing that no lock can tell: that a ledger was not closed, and how many commits it had.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from exporter.ledger import place
from exporter.ledger.errors import LedgerError

# Far behind the text, because Windows keeps others from reading what is locked.
LOCKED_BYTE = 1 << 30
# Far behind the bytes that SQLite locks (from 1 << 30), and behind the end of any ledger.
INODE_BYTE = 1 << 60

_OPEN = "open"
# An older version did not tell how many commits there were.
UNTOLD = -1
# Closing a file drops SQLite's own locks on it, so a ledger that this process holds is not opened a second time.
_held: set[tuple[int, int]] = set()


class Lock:
    """Holds the ledger at `path` until `release`; with `create` an empty file is made where there is none.

    `commits`: how many there were when it was last open, if it was not closed since; else None. LedgerError if
    another process has the ledger, by this or another name, or its files may not be opened.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.path = place.beside(path, ".lock")
        self.commits: int | None = None
        self._ledger = path
        self._inode: int | None = None
        self._identity: tuple[int, int] | None = None
        with _explained(path):
            self._file = place.open_private(self.path)
        try:
            self._hold_name()
            self._hold_inode(create=create)
        except BaseException:
            self.abandon()
            raise
        if self.commits is None:
            with contextlib.suppress(OSError):  # a full disk must not prevent reading the ledger
                self._write(str(os.getpid()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.release()
        else:
            self.abandon()  # whether it was closed is as before

    def mark_open(self, commits: int) -> None:
        """Record that the ledger is open, with its number of commits, to detect a loss. OSError."""
        self._write(f"{os.getpid()} {_OPEN} {commits}")

    def release(self) -> None:
        """Release the ledger as properly closed; SQLite's connections must be closed."""
        with contextlib.suppress(OSError):
            self._write("")
        self.abandon()

    def abandon(self) -> None:
        """Release the ledger without marking it as closed."""
        _held.discard(self._identity or (0, 0))
        for file in (self._inode, self._file):
            if file is not None:
                os.close(file)
        self._inode = None

    def _hold_name(self) -> None:
        owner, self.commits = self._read()
        if not _try_lock(self._file):
            raise LedgerError(f"{self._ledger}: in use by process {owner}; stop it first, or use another ledger")

    def _hold_inode(self, *, create: bool) -> None:
        identity = place.identity(self._ledger)
        if identity is None and not create:
            return
        if identity in _held:
            raise LedgerError(f"{self._ledger}: in use by this process under another name")
        with _explained(self._ledger):
            self._inode = place.open_private(place.real(self._ledger))
        if not _try_lock_inode(self._inode):
            raise LedgerError(
                f"{self._ledger}: in use by another process under another name (a link, a mount); stop it first"
                f" (lsof {self._ledger}), or use another ledger"
            )
        place.refuse_second_name(self._ledger)
        self._identity = place.identity(self._ledger)
        _held.add(self._identity or (0, 0))

    def _read(self) -> tuple[str, int | None]:
        os.lseek(self._file, 0, os.SEEK_SET)
        return _taken_apart(os.read(self._file, 64))

    def _write(self, text: str) -> None:
        """Write the whole text at once, so that a kill leaves either the old or the new one."""
        line = f"{text}\n".encode() if text else b""
        os.lseek(self._file, 0, os.SEEK_SET)
        os.write(self._file, line)
        os.ftruncate(self._file, len(line))


def commits_beside(path: Path) -> int | None:
    """How many commits the ledger at `path` had at least; None: it was closed, UNTOLD: it does not say."""
    try:
        return _taken_apart(place.beside(path, ".lock").read_bytes()[:64])[1]
    except OSError:
        return None


def _taken_apart(content: bytes) -> tuple[str, int | None]:
    owner, *state = content.partition(b"\n")[0].decode("ascii", "replace").split() or ["unknown"]
    if state[:1] != [_OPEN]:
        return owner, None
    return owner, int(state[1]) if len(state) > 1 and state[1].isdigit() else UNTOLD


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LedgerError(f"{path}: cannot be locked: {place.denied(path, error)}") from error


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: int) -> bool:
        os.lseek(file, LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _try_lock_inode(file: int) -> bool:  # noqa: ARG001 - the file beside it has to do
        return True

else:
    import errno
    import fcntl
    import struct

    def _try_lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _try_lock_inode(file: int) -> bool:
        """An open file description's lock (Linux): it is not dropped by what SQLite, or a reader here, closes.

        Elsewhere whole-file locks would get in the way of SQLite's: there the other writer is found at the commit.
        """
        if not hasattr(fcntl, "F_OFD_SETLK"):
            return True
        wanted = struct.pack("hhqqi0q", fcntl.F_WRLCK, os.SEEK_SET, INODE_BYTE, 1, 0)
        try:
            fcntl.fcntl(file, fcntl.F_OFD_SETLK, wanted)
        except OSError as error:
            return error.errno not in (errno.EAGAIN, errno.EACCES)
        return True
