"""Where the first data of a file is: at its beginning, or after the zeros that it begins with.

A stale writer's log begins with a hole after each truncation: all such files look alike but for what follows it.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from exporter.inputs.identity import HEAD_BYTES
from exporter.inputs.inflating import StillSkipping
from exporter.inputs.readers import Reader, open_reader
from exporter.inputs.signature import signature_of
from exporter.inputs.survey import Found, Identity, identity_of

_BLOCK = 1 << 20
_BLOCKS = 4  # looked through per call
_SEARCHED = 16  # files at a time; each stays open meanwhile


class Beginning(NamedTuple):
    """The first bytes of data, at most 1 KiB, and where they are; none if the file has only zeros."""

    begin: int
    first: bytes


def is_hollow(first: bytes) -> bool:
    """Whether a file with these first bytes may begin with a hole."""
    return len(first) >= HEAD_BYTES and not first.strip(b"\0")


def search(reader: Reader, start: int = 0) -> Beginning | int:
    """Search the first data from `start` on; a number: not found yet, where to continue."""
    if not start:
        first = reader.read(0, HEAD_BYTES)
        if not is_hollow(first):
            return Beginning(0, first)
    at = start
    for _ in range(_BLOCKS):
        at = reader.next_data(at)
        block = reader.read(at, _BLOCK)
        if not block:
            return Beginning(0, b"")
        zeros = len(block) - len(block.lstrip(b"\0"))
        if zeros < len(block):
            return Beginning(at + zeros, reader.read(at + zeros, HEAD_BYTES))
        at += zeros
    return at


def beginning_of(reader: Reader) -> Beginning:
    """Search the first data, however long it takes."""
    found: Beginning | int = 0
    while isinstance(found, int):
        with suppress(StillSkipping):
            found = search(reader, found)
    return found


class _Search:
    """The file while it is looked through."""

    def __init__(self, found: Found) -> None:
        self.signature = signature_of(found.status)
        self.reader: Reader | None = None
        self.at = 0
        self.result: Beginning | None = None

    def close(self) -> None:
        if self.reader is not None:
            self.reader.close()
            self.reader = None


class Beginnings:
    """The beginnings of unknown files; each is read once, as long as it does not change."""

    def __init__(self) -> None:
        self._searches: dict[Identity, _Search] = {}
        self._open: set[Identity] = set()

    def of(self, found: Found, *, recent: bool) -> Beginning:
        """The beginning; `recent`: the file's times cannot be believed yet.

        OSError or Torn; FileNotFoundError too if the path leads to another by now; StillSkipping: not found yet.
        """
        if not found.status.st_size:
            return Beginning(0, b"")
        search_ = self._searches.get(found.identity)
        if search_ is None or search_.signature != signature_of(found.status) or (recent and search_.result):
            self._drop(found.identity)
            search_ = self._searches[found.identity] = _Search(found)
        if search_.result is None:
            search_.result = self._go_on(search_, found)
        return search_.result

    def _go_on(self, one: _Search, found: Found) -> Beginning:
        if one.reader is None and len(self._open) >= _SEARCHED:
            raise StillSkipping
        self._open.add(found.identity)
        try:
            one.reader = one.reader or open_same(found.path, found.identity)
            result = search(one.reader, one.at)
        except StillSkipping:
            raise
        except BaseException:
            self._drop(found.identity)
            raise
        if isinstance(result, int):
            one.at = result
            raise StillSkipping
        one.close()
        self._open.discard(found.identity)
        return result

    def keep_only(self, identities: Iterable[Identity]) -> None:
        """Forget the other files."""
        for identity in self._searches.keys() - set(identities):
            self._drop(identity)

    def close(self) -> None:
        """Close what is open."""
        self.keep_only(())

    def _drop(self, identity: Identity) -> None:
        self._open.discard(identity)
        search_ = self._searches.pop(identity, None)
        if search_ is not None:
            search_.close()


def open_same(path: str, identity: Identity) -> Reader:
    """Open the file; FileNotFoundError if another file has the path by now."""
    reader = open_reader(path)
    if identity_of(reader.stat()) == identity:
        return reader
    reader.close()
    raise FileNotFoundError(path)
