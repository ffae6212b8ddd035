"""Reading a file, plain or compressed, by offset; the same few calls for both."""

import errno
import lzma
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from exporter.inputs.generations import take_apart
from exporter.inputs.inflating import Inside, StillSkipping, Torn, inside, opened_zip

__all__ = ["CompressedFile", "PlainFile", "Reader", "StillSkipping", "Torn", "open_reader"]

_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_SKIP_BLOCK = 1 << 20
_GZIP_LEAST = 18  # header and trailer
_SKIP_MOST = 1 << 22  # per call: some hundredths of a second

# What the decompressors raise, beside an OSError without a number, for what they do not understand: a file that is
# damaged or still being written, an encrypted archive (RuntimeError), a method or a version too new for them.
_NOT_UNDERSTOOD = (
    EOFError,
    IndexError,
    OverflowError,
    RuntimeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


class Reader(Protocol):
    """An open file."""

    def stat(self) -> os.stat_result:
        """The open file's own state, whatever its name is by now."""

    def read(self, offset: int, size: int) -> bytes:
        """The bytes at `offset`, fewer only at the end. OSError, Torn or StillSkipping."""

    def size_inside(self) -> int | None:
        """How many bytes it holds, if that can be told without reading it all. OSError or Torn."""

    def next_data(self, offset: int) -> int:
        """Where something but a sparse file's hole begins, at `offset` or behind it; the end, if nothing follows."""

    def close(self) -> None:
        """Free it."""


def open_reader(path: str) -> Reader:
    """Open by the name's ending. OSError; what is no regular file is refused with EINVAL."""
    return CompressedFile(path) if take_apart(path).compression else PlainFile(path)


def _open(path: str) -> int:
    # Without blocking: the log may have been replaced by a named pipe.
    descriptor = os.open(path, _FLAGS)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", path)
    return descriptor


class PlainFile:
    """A file whose offsets are those on the disk."""

    def __init__(self, path: str) -> None:
        self._descriptor = _open(path)

    def stat(self) -> os.stat_result:
        return os.fstat(self._descriptor)

    def read(self, offset: int, size: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self._descriptor, size, offset)
        os.lseek(self._descriptor, offset, os.SEEK_SET)
        return os.read(self._descriptor, size)

    def size_inside(self) -> int | None:
        return os.fstat(self._descriptor).st_size

    def next_data(self, offset: int) -> int:
        try:
            return os.lseek(self._descriptor, offset, os.SEEK_DATA)
        except AttributeError:
            return offset
        except OSError as error:  # ENXIO: nothing but a hole follows
            return max(offset, os.fstat(self._descriptor).st_size) if error.errno == errno.ENXIO else offset

    def close(self) -> None:
        os.close(self._descriptor)


@contextmanager
def _decompressing() -> Iterator[None]:
    try:
        yield
    except Torn:
        raise
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # invalid are the places that a damaged archive names
            raise
        raise Torn(str(error)) from error
    except _NOT_UNDERSTOOD as error:
        raise Torn(str(error) or type(error).__name__) from error


class CompressedFile:
    """A compressed file; offsets count what is inside.

    Read in order, for going back starts again; but the bytes of the last call, which may end in a part of a line,
    are kept for the next one.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = os.fdopen(_open(path), "rb")
        self._inside: Inside | None = None
        self._at = 0
        self._last = b""  # ends at _at
        self._tear: Torn | None = None

    def stat(self) -> os.stat_result:
        return os.fstat(self._file.fileno())

    @_decompressing()
    def read(self, offset: int, size: int) -> bytes:
        if self._inside is None or offset < self._at - len(self._last):
            self._file.seek(0)
            self._inside, self._at, self._last, self._tear = inside(self._path, self._file), 0, b"", None
        self._skip(self._inside, offset)
        if self._at < offset:
            return b""
        self._last = self._last[len(self._last) - (self._at - offset) :] if self._at > offset else b""
        self._fill(self._inside, size)
        return self._last[:size]

    def _skip(self, inside: Inside, offset: int) -> None:
        most = self._at + _SKIP_MOST
        while self._at < offset:
            if self._at >= most:
                raise StillSkipping
            skipped = self._next(inside, min(_SKIP_BLOCK, offset - self._at))
            if not skipped:
                return
            self._at += len(skipped)
            self._last = b""

    def _fill(self, inside: Inside, size: int) -> None:
        """Have so many bytes, fewer at the end. What comes before a tear is good; the next call meets the tear.

        StillSkipping: what was found by then is kept, and the next call goes on.
        """
        parts, missing = [self._last], size - len(self._last)
        try:
            while missing > 0 and (part := self._next(inside, missing)):
                parts.append(part)
                missing -= len(part)
                self._at += len(part)
        except Torn:
            if len(parts) == 1:
                raise
        finally:
            self._last = b"".join(parts)

    def _next(self, inside: Inside, size: int) -> bytes:
        if self._tear is not None:
            raise self._tear
        try:
            with _decompressing():
                return inside.read(size)
        except Torn as tear:
            self._tear = tear  # behind it a decompressor may give anything
            raise

    def _trailer(self) -> bytes:
        at = self._file.tell()
        self._file.seek(-4, os.SEEK_END)
        trailer = self._file.read(4)
        self._file.seek(at)  # where the decompressor goes on
        return trailer

    @_decompressing()
    def size_inside(self) -> int | None:
        if Path(self._path).suffix == ".zip":
            at = self._file.tell()
            archive, member = opened_zip(self._file)
            archive.close()
            self._file.seek(at)
            return member.file_size
        if Path(self._path).suffix != ".gz" or self.stat().st_size < _GZIP_LEAST:
            return None
        # The trailer holds the size modulo 2^32; of several members' sum it says nothing, and will not agree.
        return int.from_bytes(self._trailer(), "little")

    def next_data(self, offset: int) -> int:
        return offset

    def close(self) -> None:
        if self._inside is not None:
            self._inside.close()
        self._file.close()
