"""One generation of a log: which file it is, how far it was read, and how to read on."""

import os
from dataclasses import dataclass, field

from exporter.inputs.generations import Name
from exporter.inputs.identity import HEAD_BYTES, Head, head_of
from exporter.inputs.lines import MAX_LINE, UTF_16_MARKS
from exporter.inputs.readers import Reader, open_reader
from exporter.inputs.survey import Family, Found, Identity, family_of, identity_of, name_of
from exporter.model import Position

Signature = tuple[int, int, int]


class Replaced(Exception):  # noqa: N818  (a state of the world, not an error)
    """The file does not hold any more what was read from it."""


@dataclass(slots=True, eq=False)
class Stream:
    """A generation. `bound`: we know which file it is at present. `moved`: it is no longer where it is written."""

    key: str
    path: str
    label: str
    identity: Identity
    head: Head
    offset: int = 0
    modified: float = 0.0
    skipping: bool = False
    finished: bool = False
    bound: bool = True
    verified: bool = False
    moved: bool = False
    live: bool = True
    unlinked: bool = False
    listed: bool = False
    limit: int | None = None
    size: int = 0
    quiet_since: float = 0.0
    seen: Signature = (0, 0, 0)
    exhausted: Signature | None = None
    scanned: int = 0
    unwritten: bool = False
    reader: Reader | None = None
    saved: Position | None = None
    first: bytes = field(default=b"", repr=False)

    @classmethod
    def restored(cls, position: Position) -> "Stream":
        """The stream that a saved position speaks of; not yet looked for."""
        head = Head(position.head_length, position.head_digest, None if position.head_length else b"")
        stream = cls(position.stream, position.path, position.path, (position.device, position.inode), head)
        stream.offset, stream.modified = position.offset, position.modified
        stream.skipping, stream.finished = position.skipping, position.finished
        stream.moved = stream.name.rotated
        stream.saved = position
        return stream

    @property
    def name(self) -> Name:
        return name_of(self.path)

    @property
    def family(self) -> Family:
        return family_of(self.path)

    def position(self) -> Position:
        """What is to be saved; the same object while nothing has changed."""
        values = (self.path, *self.identity, self.head.length, self.head.digest, self.offset, self.modified)
        flags = (self.skipping, self.finished)
        saved = self.saved
        if saved is None or (*_values(saved), saved.skipping, saved.finished) != (*values, *flags):
            saved = Position(self.key, *values, skipping=self.skipping, finished=self.finished)
            self.saved = saved
        return saved

    # ── the file ────────────────────────────────────────────────────────────────────────────────────────────

    @classmethod
    def found(cls, key: str, found: Found, first: bytes) -> "Stream":
        """A generation never seen before, to be read from its begin."""
        stream = cls(key, found.path, found.label, found.identity, head_of(first))
        stream.first, stream.verified = first[:3], True
        stream.moved, stream.modified = found.name.rotated, found.status.st_mtime
        stream.bind(found)
        return stream

    @classmethod
    def unreadable(cls, key: str, found: Found) -> "Stream":
        """A file that could not be opened when the source was first seen, to be left out as it is now."""
        stream = cls.found(key, found, b"")
        stream.verified, stream.offset = False, found.status.st_size
        return stream

    def bind(self, found: Found) -> None:
        """This stream is (again, still) that file."""
        if self.identity != found.identity:
            self.release()
            self.verified = False
        self.identity, self.path, self.label = found.identity, found.path, found.label
        self.bound, self.live, self.unlinked, self.listed = True, found.live, False, True
        if found.live and not found.name.rotated:
            self.moved = False
        self.sight(found.status)

    def skip_to_end(self) -> None:
        """Leave out what is there; a line not yet ended is not there yet."""
        if self.name.compression:
            self.finished = True
            return
        size = self.opened().stat().st_size
        wide = self.first[:2] in UTF_16_MARKS
        for length in (1 << 16, MAX_LINE):
            begin = max(0, size - length) & ~1
            tail = self.opened().read(begin, size - begin)
            end = len(tail) & ~1 if wide else tail.rfind(b"\n") + 1
            self.offset = begin + end
            if end or not begin:
                return

    @property
    def readable(self) -> bool:
        """Whether a step may give something."""
        if not (self.bound and self.verified) or self.finished:
            return False
        return self.unwritten or (
            self.exhausted != self.seen and (self.size > self.offset or bool(self.name.compression))
        )

    @property
    def unread(self) -> int:
        """Bytes not yet read, those of a line without an end included."""
        if not self.bound or self.finished:
            return 0
        if self.name.compression:
            return 0 if self.exhausted == self.seen else self.size
        return max(0, self.size - self.offset)

    @property
    def is_blank(self) -> bool:
        """Whether nothing was seen of the file yet."""
        return not (self.offset or self.head.length)

    def holds_no_more(self) -> bool:
        """Whether the file is known to end where reading ended; of some compressions that is not to be known."""
        if not self.name.compression:
            return self.size <= self.offset
        return self.opened().size_inside() == self.offset

    def sight(self, status: os.stat_result) -> None:
        """Note the file's present state."""
        self.size = status.st_size
        self.seen = (status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    def sight_open(self) -> None:
        """Note the state of a file that has no name any more, or none that we know. OSError."""
        status = self.opened().stat()
        self.unlinked, self.listed = not status.st_nlink, False
        self.sight(status)

    def unbind(self) -> None:
        """The file is gone, or has become another."""
        self.release()
        self.bound = self.verified = False
        self.seen, self.exhausted = (0, 0, 0), None  # should it be found again, all is looked at anew

    def release(self) -> None:
        """Close the file if it is open."""
        if self.reader is not None:
            self.reader.close()
            self.reader = None

    def opened(self) -> Reader:
        """The open file. OSError; Replaced if the path leads to another file by now."""
        if self.reader is None:
            reader = open_reader(self.path)
            if identity_of(reader.stat()) != self.identity:
                reader.close()
                raise FileNotFoundError(self.path)
            self.reader = reader
        return self.reader

    def release_deleted(self) -> bool:
        """Close the file if it has no name any more; whether it was so."""
        if self.reader is None or self.reader.stat().st_nlink:
            return False
        self.finished = self.finished or not self.unread
        self.unbind()
        return True

    def verify(self) -> None:
        """Check that the file still begins as it did and is not shorter than what was read; learn its head.

        Replaced if not; a file cut back to a part of what was read is read on from its end (True).
        """
        reader = self.opened()
        first = reader.read(0, HEAD_BYTES)
        if not self.head.begins(first):
            if not (first and self.head.data and self.head.data.startswith(first)):
                raise Replaced
            self.head = head_of(first)
        elif not self.head.full or self.head.data is None:
            self.head = head_of(first)
        self.first = first[:3]
        self.verified = True

    def cut_back(self) -> bool:
        """Whether the file was cut back to a part of what was read; then read on from its present end."""
        size = self.opened().stat().st_size
        if self.name.compression or size >= self.offset:
            return False
        if not size:
            raise Replaced
        self.skipping = self.opened().read(size - 1, 1) != b"\n"
        self.offset = size
        return True


def _values(position: Position) -> tuple[str, int, int, int, str, int, float]:
    head = (position.head_length, position.head_digest)
    return (position.path, position.device, position.inode, *head, position.offset, position.modified)
