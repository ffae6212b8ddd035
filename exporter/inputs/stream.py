"""One generation of a log: which file it is, how far it was read, and how to read on."""

import os
from dataclasses import dataclass, field

from exporter.inputs.beginnings import Beginning, open_same
from exporter.inputs.generations import Name
from exporter.inputs.identity import Head, head_of
from exporter.inputs.lines import MAX_LINE, UTF_16_MARKS
from exporter.inputs.readers import Reader
from exporter.inputs.signature import Signature, signature_of
from exporter.inputs.survey import Family, Found, Identity, family_of, name_of
from exporter.model import Position

BARREN_SECONDS = 5.0  # so long an archive or a hole may hold up the younger generations of its log


@dataclass(slots=True, eq=False)
class Stream:
    """A generation. `bound`: we know which file it is at present. `moved`: it is no longer where it is written."""

    key: str
    path: str
    label: str
    identity: Identity
    head: Head
    head_begin: int = 0
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
    missed: bool = False
    limit: int | None = None
    size: int = 0
    quiet_since: float = 0.0
    seen: Signature = (0, 0, 0)
    exhausted: Signature | None = None
    scanned: int = 0
    unwritten: bool = False
    hollow: bool = True
    barren_since: float | None = None
    reader: Reader | None = None
    saved: Position | None = None
    first: bytes = field(default=b"", repr=False)

    @classmethod
    def restored(cls, position: Position) -> "Stream":
        """The stream that a saved position speaks of; not yet looked for."""
        head = Head(position.head_length, position.head_digest, None if position.head_length else b"")
        stream = cls(position.stream, position.path, position.path, (position.device, position.inode), head)
        stream.head_begin, stream.hollow = position.head_begin, not position.offset
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
        flags = (self.skipping, self.finished, self.head_begin)
        saved = self.saved
        if saved is None or (*_values(saved), saved.skipping, saved.finished, saved.head_begin) != (*values, *flags):
            saved = Position(
                self.key, *values, skipping=self.skipping, finished=self.finished, head_begin=self.head_begin
            )
            self.saved = saved
        return saved

    # ── the file ────────────────────────────────────────────────────────────────────────────────────────────

    @classmethod
    def found(cls, key: str, found: Found, beginning: Beginning) -> "Stream":
        """A generation never seen before, to be read from its begin."""
        stream = cls(key, found.path, found.label, found.identity, head_of(beginning.first), beginning.begin)
        stream.first, stream.verified = b"" if beginning.begin else beginning.first[:3], True
        stream.moved, stream.modified = found.name.rotated, found.status.st_mtime
        stream.bind(found)
        return stream

    @classmethod
    def unreadable(cls, key: str, found: Found) -> "Stream":
        """A file that could not be opened when the source was first seen, to be left out as it is now."""
        stream = cls.found(key, found, Beginning(0, b""))
        stream.verified, stream.offset = False, found.status.st_size
        stream.finished = bool(stream.name.compression)
        return stream

    def bind(self, found: Found) -> None:
        """This stream is (again, still) that file."""
        if self.identity != found.identity:
            self.release()
            self.verified = False
        self.identity, self.path, self.label = found.identity, found.path, found.label
        self.bound, self.live, self.unlinked, self.listed, self.missed = True, found.live, False, True, False
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
        self.skipping = bool(tail.strip(b"\0"))  # a line of more than that was begun

    @property
    def readable(self) -> bool:
        """Whether a step may give something."""
        return self.bound and self.verified and not self.finished and (self.unwritten or not self.at_end)

    @property
    def at_end(self) -> bool:
        """Whether the file holds nothing more but, perhaps, a line without an end."""
        return self.exhausted == self.seen or (self.size <= self.offset and not self.name.compression)

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

    @property
    def was_empty(self) -> bool:
        """Whether the file held nothing when it was last looked at, or nothing is known of it."""
        return self.is_blank and not self.seen[0]

    @property
    def given_up(self) -> bool:
        """Whether this is an archive that could not be read as it is; `offset` is its size."""
        return bool(self.finished and self.offset and not self.head.length and self.name.compression)

    def is_barren(self, now: float) -> bool:
        """Whether reading it has brought no line for some seconds: a hole, a line without end, an archive's begin."""
        return self.barren_since is not None and abs(now - self.barren_since) >= BARREN_SECONDS

    def note_step(self, now: float, *, fruitful: bool, ended: bool) -> None:
        """A step of reading was done."""
        if fruitful or ended:
            self.barren_since = None
        elif self.barren_since is None:
            self.barren_since = now
        if not ended:
            self.quiet_since = now

    def holds_no_more(self) -> bool:
        """Whether the file is known to end where reading ended; of some compressions that is not to be known."""
        if not self.name.compression:
            return self.size <= self.offset
        if self.finished and self.modified == self.seen[1] / 1e9:
            return True  # as it was when it was read to its end: not again at each start
        return self.opened().size_inside() == self.offset

    def sight(self, status: os.stat_result) -> None:
        """Note the file's present state."""
        self.size = status.st_size
        self.seen = signature_of(status)

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
            self.reader = open_same(self.path, self.identity)
        return self.reader

    def release_deleted(self) -> bool:
        """Close the file if it has no name any more; whether it was so."""
        if self.reader is None or self.reader.stat().st_nlink:
            return False
        self.finished = self.finished or not self.unread
        self.unbind()
        return True

    def begins(self, beginning: Beginning) -> bool:
        """Whether a file with this beginning can be this one."""
        return beginning.begin == self.head_begin and self.head.begins(beginning.first)


def _values(position: Position) -> tuple[str, int, int, int, str, int, float]:
    head = (position.head_length, position.head_digest)
    return (position.path, position.device, position.inode, *head, position.offset, position.modified)
