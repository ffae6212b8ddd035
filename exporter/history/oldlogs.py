"""Old log files: when each begins, and how far each was already read."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from glob import escape
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from exporter.envelopes.opener import Opener
from exporter.inputs.beginnings import Beginning, beginning_of
from exporter.inputs.copies import SEARCHED_FILES, holds, telling
from exporter.inputs.generations import take_apart
from exporter.inputs.identity import HEAD_BYTES, Head, digest_of, head_of
from exporter.inputs.readers import Reader, Torn, open_reader
from exporter.inputs.whole import Piece, read_whole
from exporter.model import Position, Record

# How many lines are searched for the first timestamp of a file, which may follow a header.
STAMP_LINES = 1_000
# A file written recently may end in half a line.
QUIET_SECONDS = 30.0
_BLOCK = 1 << 20
# A compressed file is searched as far as this, and so many files beside one that is gone.
_INFLATED_BYTES = 256 << 20
_MOST_PLACES = 64
# Shorter beginnings may stand in any log.
_LEAST_HEAD = 64
# How the file input marks, among positions, that its source was seen before.
SEEN_BEFORE = Position(stream="", path="")


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file to be imported into `source`; `zone` is that of stamps without one.

    `format`: the name of the only one whose lines are to be counted; empty: to be recognised. `behind`: the source
    whose back end wrote it, as in the configuration; empty: it stands for itself.
    """

    path: str
    source: str
    zone: ZoneInfo
    format: str = ""
    behind: str = ""


def by_first_stamp(files: Iterable[LogFile]) -> list[tuple[float, LogFile]]:
    """The files with the time they begin at (UNIX seconds), oldest first, however they were given.

    A file without any stamp has its own age. Those of back ends come last, because they add to what their fronts
    tell. OSError if one cannot be read.
    """
    begun = [(first_stamp(file), file) for file in dict.fromkeys(files)]
    return sorted(begun, key=lambda pair: (bool(pair[1].behind), pair[0], pair[1].path))


def first_stamp(file: LogFile) -> float:
    """The first stamp of a file, by the envelope of its lines; else the file's age. OSError."""
    opener, looked_at, modified = Opener(file.zone), 0, Path(file.path).stat().st_mtime
    try:
        for batch in read_whole(file.path, modified):
            opener.begin(batch.name, modified, modified, batch.lines)
            for line in batch.lines:
                record = opener.open(line)
                if isinstance(record, Record):
                    return record.stamp
            looked_at += len(batch.lines)
            if looked_at > STAMP_LINES:
                break
    except Torn:
        pass  # told when it is read
    return modified


class Positions:
    """How far the files of one source were read, as the file input keeps it: it can go on from there."""

    def __init__(self, saved: Sequence[Position]) -> None:
        self._positions = {position.stream: position for position in saved if position.path}
        self._saved = tuple(self._positions.values())
        self._others = [position for position in saved if not position.path and position.stream]
        self._next = 1 + max((int(key) for key in self._positions if key.isdigit()), default=0)

    def all(self) -> tuple[Position, ...]:
        """To be committed."""
        return (SEEN_BEFORE, *self._others, *self._positions.values())

    def of(self, path: str, reader: Reader) -> Position:
        """The position of the file, by its content wherever it lies now; at its begin if it was never read."""
        beginning = beginning_of(reader)
        known = self.like(beginning)
        if known:
            return max(known, key=lambda position: position.offset)
        head, status = head_of(beginning.first), reader.stat()
        key, self._next = str(self._next), self._next + 1
        return Position(
            key,
            str(Path(path).absolute()),
            device=status.st_dev,
            inode=status.st_ino,
            head_length=head.length,
            head_digest=head.digest,
            modified=status.st_mtime,
            head_begin=beginning.begin,
        )

    def like(self, beginning: Beginning) -> list[Position]:
        """Those of files that begin like this."""
        return [position for position in self._positions.values() if _is_same(position, beginning)]

    def holder(self, path: str, beginning: Beginning) -> str:
        """The file that was read, lies where it lay or beside it, and holds this one's first lines; empty: none."""
        lines = telling(beginning.first)
        known = sorted(self._positions.values(), key=lambda position: position.modified, reverse=True)
        for position in known[:SEARCHED_FILES] if lines else ():
            for place in _places(Path(position.path)):
                with suppress(OSError, Torn):
                    if place.samefile(path):
                        continue
                    with closing(open_reader(str(place))) as reader:
                        if _is_same(position, beginning_of(reader)) and _holds(place, reader, lines):
                            return str(place)
        return ""

    def part(self, reader: Reader) -> str:
        """The file that an earlier run has read, wherever it is now, and that is a part of this one; empty: none.

        A part is known by its first bytes, which begin with a line of this file.
        """
        heads: dict[int, dict[str, str]] = {}
        for position in self._saved:
            if position.offset and position.head_length >= _LEAST_HEAD:
                heads.setdefault(position.head_length, {})[position.head_digest] = position.path
        at = 0
        while heads:
            block = reader.read(at, _BLOCK + HEAD_BYTES)
            for begin in _line_begins(block):
                for length, paths in heads.items():
                    found = paths.get(digest_of(block[begin : begin + length]))
                    if found:
                        return found
            if len(block) <= _BLOCK:
                break
            at += _BLOCK
        return ""

    def keep(self, position: Position) -> None:
        """A file was read up to there."""
        self._positions[position.stream] = position


def moved(position: Position, path: str, reader: Reader, piece: Piece) -> Position:
    """Where a file is when the piece was read."""
    status, head = reader.stat(), None
    if position.head_length < HEAD_BYTES and not take_apart(Path(path).name).compression:  # it may have grown
        head = head_of(reader.read(position.head_begin, HEAD_BYTES), piece.offset - position.head_begin)
    return replace(
        position,
        path=str(Path(path).absolute()),
        device=status.st_dev,
        inode=status.st_ino,
        head_length=head.length if head else position.head_length,
        head_digest=head.digest if head else position.head_digest,
        offset=piece.offset,
        modified=status.st_mtime,
        skipping=piece.skipping,
    )


def is_complete(path: str, reader: Reader, now: float) -> bool:
    """Whether nothing is being written to the file any more, as far as can be told, so that its last line is whole."""
    return bool(take_apart(Path(path).name).compression) or abs(now - reader.stat().st_mtime) >= QUIET_SECONDS


def _line_begins(block: bytes) -> Iterator[int]:
    """Where lines begin in the first part of a block, but for its first one."""
    at = block.find(b"\n") + 1
    while 0 < at <= _BLOCK:
        yield at
        at = block.find(b"\n", at) + 1


def _places(path: Path) -> Iterable[Path]:
    """Where a log may be now: at its place, or beside it under a name that rotation or compression gave it."""
    return [path, *sorted(one for one in islice(path.parent.glob(f"{escape(path.name)}?*"), _MOST_PLACES))]


def _holds(path: Path, reader: Reader, lines: list[bytes]) -> bool:
    if not take_apart(path.name).compression:
        return holds(str(path), lines)
    wanted = set(lines)
    for at in range(0, _INFLATED_BYTES, _BLOCK):
        block = b"\n" * (not at) + reader.read(at, _BLOCK + HEAD_BYTES)
        wanted = {line for line in wanted if b"\n" + line + b"\n" not in block}
        if not wanted or len(block) <= _BLOCK:
            break
    return not wanted


def _is_same(position: Position, beginning: Beginning) -> bool:
    known = Head(position.head_length, position.head_digest, None)
    return known.length > 0 and position.head_begin == beginning.begin and known.begins(beginning.first)
