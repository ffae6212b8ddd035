"""Decompresses files in order; no call takes long or much memory, whatever the file contains."""

import bz2
import lzma
import os
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Protocol

IN_BLOCK = 1 << 16
IN_MOST = 1 << 22  # compressed bytes taken by one call that finds nothing in them
MEMBERS_MOST = 1_000  # per call: a file may consist of millions of empty ones
XZ_MEMORY = 1 << 27  # bytes; `xz -9` needs half of it
LIST_MOST = 1 << 18  # bytes of a .zip file's list of what it holds: one log's entry has at most 192 KiB

_ZIP_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2}


class Torn(Exception):  # noqa: N818  (a state of the world)
    """A compressed file cannot be decompressed, or not yet."""


class Refused(Torn):
    """A compressed file needs more resources than allowed: it is not read."""


class StillSkipping(Exception):  # noqa: N818  (not an error)
    """A compressed file is being read up to something; the next call goes on with it."""


class Inside(Protocol):
    """The bytes inside, in order."""

    def read(self, size: int, /) -> bytes:
        """At most so many, at least one; none: the end. What the decompressor raises, Torn, or StillSkipping."""

    def close(self) -> None:
        """Free it."""


class _Decompressor(Protocol):
    """What bz2's and lzma's have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gzip:
    """zlib's decompressor, called as the others are."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


def _xz() -> _Decompressor:
    return lzma.LZMADecompressor(memlimit=XZ_MEMORY)


_MAKERS: dict[str, tuple[Callable[[], _Decompressor], bool]] = {
    ".gz": (_Gzip, False),
    ".bz2": (bz2.BZ2Decompressor, True),
    ".xz": (_xz, True),
}


def inside(path: str, file: IO[bytes]) -> Inside:
    """What the open `file` holds, by the ending of its name. Torn, or what zipfile raises."""
    ending = Path(path).suffix
    return _zipped(file) if ending == ".zip" else _Members(file, *_MAKERS[ending])


class _Members:
    """One compressed member after the other; `tolerant`: what follows the last one may be anything."""

    def __init__(self, file: IO[bytes], make: Callable[[], _Decompressor], tolerant: bool) -> None:  # noqa: FBT001
        self._file = file
        self._make = make
        self._tolerant = tolerant
        self._member = make()
        self._begun = False  # of this member something was taken
        self._first = True

    def read(self, size: int, /) -> bytes:
        taken = members = 0
        while taken < IN_MOST and members < MEMBERS_MOST:
            member, data = self._member, b""
            if member.eof:
                members += 1
                data = self._next_member()
                if not data:
                    return b""
            elif member.needs_input:
                data = self._file.read(IN_BLOCK)
                taken += IN_BLOCK
            part = self._decompress(data, size)
            if part is None:
                return b""
            if part:
                return part
            if not data and not self._member.eof:
                raise EOFError("truncated")
        raise StillSkipping

    def _decompress(self, data: bytes, size: int) -> bytes | None:
        """None: what stands behind the last member is no member."""
        try:
            part = self._member.decompress(data, size)
        except (OSError, ValueError, EOFError, lzma.LZMAError):
            if self._tolerant and not self._first and not self._begun:
                self._file.seek(0, os.SEEK_END)
                return None
            raise
        self._begun = True
        return part

    def _next_member(self) -> bytes:
        """Begin it; its first bytes, none: there is none. Zeros between members are padding."""
        data = self._member.unused_data.lstrip(b"\0")
        while not data and (block := self._file.read(IN_BLOCK)):
            data = block.lstrip(b"\0")
        if data:
            self._member, self._begun, self._first = self._make(), False, False
        return data

    def close(self) -> None:
        """Nothing but memory."""


class _List:
    """The file of an archive while its list is read, so that a forged one of any length costs nothing."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self.reads_list = True

    def read(self, size: int = -1) -> bytes:
        if not self.reads_list:
            return self.file.read(size)
        data = self.file.read(LIST_MOST + 1 if size < 0 else min(size, LIST_MOST + 1))
        if len(data) > LIST_MOST:
            raise Refused("an archive, not a compressed log: unpack it")
        return data


def opened_zip(file: IO[bytes]) -> tuple[zipfile.ZipFile, zipfile.ZipInfo]:
    """The archive and the one log in it. Torn, or what zipfile raises."""
    guarded = _List(file)
    archive = zipfile.ZipFile(guarded)  # what zipfile asks of a file when reading
    guarded.reads_list = False
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) != 1:
        raise Refused(f"an archive of {len(members)} files: unpack it")
    if members[0].compress_type not in _ZIP_METHODS:
        raise Refused(f"unsupported compression method {members[0].compress_type}: unpack it")
    return archive, members[0]


def _zipped(file: IO[bytes]) -> Inside:
    archive, member = opened_zip(file)
    return archive.open(member)
