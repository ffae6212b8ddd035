"""The files of a ledger: where they are, who owns them, and whether the ledger has only one name.

SQLite keeps the newest commits in a write-ahead file beside the database, by the name it was opened with. A ledger
that is opened by two names (hard links, a single file that is mounted) has two of them, and loses what is in one.
"""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from exporter.ledger.errors import LedgerError

MOUNTS = Path("/proc/self/mountinfo")
LOCKS = Path("/proc/locks")
# The files next to the ledger, of SQLite and the lock.
BESIDE = ("-wal", "-shm", ".lock")
_PRIVATE = 0o600


def real(path: Path) -> Path:
    """The path with symbolic links resolved; SQLite names the write-ahead file after it."""
    return Path(os.path.realpath(path))


def beside(path: Path, suffix: str) -> Path:
    """The file `suffix` (one of BESIDE) of the ledger at `path`."""
    path = real(path)
    return path.with_name(path.name + suffix)


def identity(path: Path) -> tuple[int, int] | None:
    """Device and inode; None if the file does not exist."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def open_private(path: Path) -> int:
    """A descriptor of the file, created if missing and readable only by its owner.

    Files created by root belong to the owner of the directory, so that the daemon's user can use them. OSError.
    """
    flags = os.O_RDWR | getattr(os, "O_CLOEXEC", 0)
    with suppress(FileNotFoundError):
        return os.open(path, flags)
    file = os.open(path, flags | os.O_CREAT, _PRIVATE)
    give_away(path)
    return file


def give_away(path: Path) -> None:
    """Give a file created by root to the owner of its directory."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        with suppress(OSError):  # a file system without owners
            owner = path.parent.stat()
            os.chown(path, owner.st_uid, owner.st_gid)


def refuse_second_name(path: Path) -> None:
    """LedgerError if the existing ledger has another name than this one, by which it could be opened too."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise LedgerError(f"{path}: not a regular file; name the ledger file")
    if status.st_nlink > 1:
        raise LedgerError(
            f"{path}: has {status.st_nlink} names (hard links), and the newest commits are stored next to one"
            " of them; keep one"
            f" name (find {path.parent} -samefile {path}), or use a copy (pop3-exporter ledger backup)"
        )
    if str(real(path)) in _mounted():
        raise LedgerError(
            f"{path}: mounted as a single file, but the newest commits are stored next to it; mount its"
            " directory instead"
        )


def refuse_stale_name(path: Path) -> None:
    """LedgerError if a daemon has the ledger open under another name: by this one its newest commits are not seen."""
    status = path.stat()
    if (status.st_nlink > 1 or str(real(path)) in _mounted()) and not beside(path, "-wal").exists():
        file = f" {os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino} ".encode()
        if any(b"OFDLCK" in line and file in line for line in _lines(LOCKS)):
            raise LedgerError(
                f"{path}: in use under another name, with its newest commits next to that one; use that name"
            )


def denied(path: Path, error: OSError) -> str:
    """Why the ledger's files cannot be opened, with the command that fixes it."""
    if error.errno == errno.ENOENT and not path.parent.exists():
        return f"there is no directory {path.parent}; create it: mkdir -m 700 {path.parent}"
    return f"{error.strerror} ({error.filename or path}){ownership(path) or _closed(path.parent, error)}"


def _closed(folder: Path, error: OSError) -> str:
    """Who may create files in the ledger's directory, if this user may not; else nothing."""
    if error.errno != errno.EACCES or os.access(
        folder, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids
    ):
        return ""
    return f"; this user cannot create files in {folder}: run the command as root (sudo) or as the exporter's user"


def ownership(path: Path) -> str:
    """The command that gives this user the ledger's files, if another user owns them; else nothing."""
    if not hasattr(os, "geteuid") or os.geteuid() == 0:
        return ""
    several = (real(path), *(beside(path, suffix) for suffix in BESIDE))
    files = [file for file in several if os.path.exists(file)]  # noqa: PTH110 - Path.exists raises in a closed directory
    foreign = [file for file in files if not os.access(file, os.R_OK | os.W_OK, effective_ids=True)]
    if not foreign:
        return ""
    mine, names = f"{os.geteuid()}:{os.getegid()}", " ".join(map(str, foreign))
    owner = foreign[0].stat().st_uid
    return f"; the files belong to user {owner}, this is user {os.geteuid()}: run as root: chown {mine} {names}"


def _mounted() -> set[str]:
    """Mount points from proc(5); none on other systems."""
    return {_unescaped(fields[4]) for line in _lines(MOUNTS) if len(fields := line.split()) > 4}  # noqa: PLR2004 - the point


def _lines(file: Path) -> list[bytes]:
    try:
        return file.read_bytes().splitlines()
    except OSError:
        return []


def _unescaped(point: bytes) -> str:
    """Spaces and the like are written as three octal digits."""
    for code in (b"\\040", b"\\011", b"\\012", b"\\134"):
        point = point.replace(code, bytes([int(code[1:], 8)]))
    return os.fsdecode(point)
