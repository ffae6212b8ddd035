"""Files with lines that are already read from elsewhere: overlapping patterns, or copies.

A rotation's own copies are found by matching.py. This is about the others: a file of another source, a second log
with the same lines (`mail.info` beside `mail.log`), a part of a log (`grep dovecot mail.log > mail.log.dovecot`).
"""

import os
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from itertools import chain

from exporter.inputs.identity import HEAD_BYTES
from exporter.inputs.leftout import LeftOut
from exporter.inputs.stream import Stream
from exporter.inputs.survey import Family, Found, Identity, identity_of

Streams = Mapping[str, Stream]

# A file's first lines, without headers, that must all stand in another one: so many, at least so long.
_LINES, _LEAST = 3, 40
# They are searched once, when a file appears: at the beginning and the end of the newest files.
SEARCHED_FILES = 8
SEARCHED_BYTES = 32 << 20
# How many bytes are searched at a time: about half a second.
SEARCHED_A_LOOK = 1 << 30
_BLOCK = 1 << 20


class Claims:
    """Which source reads which files. `may_share(one, other)`: whether two sources may read the same ones."""

    def __init__(self, may_share: Callable[[str, str], bool]) -> None:
        self._may_share = may_share
        self._streams: dict[str, Streams] = {}
        self._patterns: dict[str, tuple[str, ...]] = {}

    def join(self, name: str, streams: Streams, patterns: Iterable[str]) -> None:
        """Register a source that reads these files, now and later, and those that match the patterns."""
        self._streams[name] = streams
        self._patterns[name] = tuple(patterns)

    def holder(self, name: str, found: Found, first: bytes) -> str | None:
        """The other source that reads the file or has read it."""
        for other, streams in self._streams.items():
            if other == name or self._may_share(name, other):
                continue
            if any(_is_same(stream, found, first) for stream in streams.values()):
                return other
            # What looks like a generation of one log (`host-2.log` beside `host-1.log`) may be another one.
            if not found.live and any(fnmatchcase(found.path, pattern) for pattern in self._patterns[other]):
                return other
        return None


class Copies:
    """The files of one source that are not read, and why; `left_out`: those of an earlier run."""

    def __init__(
        self, name: str, streams: Streams, patterns: Iterable[str], claims: Claims | None, left_out: LeftOut
    ) -> None:
        self._name = name
        self._streams = streams
        self._claims = claims
        self._left_out = left_out
        self._files: list[Found] = []
        self._left = SEARCHED_A_LOOK
        self._searched: dict[Identity, str] = {}
        self._twins: dict[Family, str] = {}
        if claims is not None:
            claims.join(name, streams, patterns)

    def look(self, files: Iterable[Found], *, all_seen: bool = True) -> None:
        """All that lies there at this look; not `all_seen`: there may be more."""
        self._files, self._left = list(files), SEARCHED_A_LOOK
        alive = {found.identity for found in self._files}
        self._searched = {identity: told for identity, told in self._searched.items() if identity in alive}
        if all_seen:
            self._left_out.keep_only(alive)

    def original(self, found: Found, first: bytes) -> str:
        """Which file or source has the lines of an unknown file; empty: none.

        FileNotFoundError: files have changed their names since they were listed, so that the next look must tell.
        """
        other = self._claims.holder(self._name, found, first) if self._claims is not None else None
        if other is not None:
            return f"source {other} reads it or has read it"
        if not (found.name.rotated or self.is_new_log(found)):
            return ""
        told = "" if found.name.rotated else self._twins.get(found.family, "")
        lines = telling(first)
        if not told and lines:
            told = self._searched.get(found.identity) or self._search(found, lines)
            if told:
                self._left_out.add(found, first)
            elif self._left_out.has(found, first):
                told = "its lines were read from another file"
            self._searched[found.identity] = told
        if told and not found.name.rotated:
            self._twins[found.family] = told
        return told

    def is_new_log(self, found: Found) -> bool:
        """Whether nothing of the log was read yet: then it is not the writer's next file."""
        return all(
            stream.family != found.family or (stream.is_blank and stream.identity == found.identity)
            for stream in self._streams.values()
        )

    def _search(self, found: Found, lines: list[bytes]) -> str:
        others = [one for one in self._files if one.identity != found.identity and not one.name.compression]
        for other in sorted(others, key=lambda one: one.status.st_mtime_ns, reverse=True)[:SEARCHED_FILES]:
            self._left -= min(other.status.st_size, 2 * SEARCHED_BYTES)
            if self._left < 0:
                break
            try:
                if holds(other.path, lines, other.identity) and not self._is_the_original(found, other):
                    return f"{other.label} has the same lines"
            except FileNotFoundError:
                raise
            except OSError:
                continue
        return ""

    @staticmethod
    def _is_the_original(found: Found, other: Found) -> bool:
        """If two files contain each other's first lines, the larger one is read."""
        if (found.status.st_size, found.path) < (other.status.st_size, other.path) or found.name.compression:
            return False
        with open(other.path, "rb") as file:  # noqa: PTH123  (paths as text)
            lines = telling(file.read(HEAD_BYTES))
        return bool(lines) and holds(found.path, lines, found.identity)


def telling(first: bytes) -> list[bytes]:
    """The first whole lines that can be told from those of any other log: no headers, and not too short."""
    whole = first.split(b"\n")[:-1]
    return [line for line in whole if len(line) >= _LEAST and not line.startswith(b"#")][:_LINES]


def holds(path: str, lines: list[bytes], identity: Identity | None = None) -> bool:
    """Whether a plain file has all the lines, as far as it is looked through.

    OSError; FileNotFoundError also if the path leads to another file than that of the `identity` by now.
    """
    wanted = set(lines)
    with open(path, "rb") as file:  # noqa: PTH123  (paths as text)
        status = os.fstat(file.fileno())
        if identity not in {None, identity_of(status)}:
            raise FileNotFoundError(path)
        size = status.st_size
        begin = range(0, min(size, SEARCHED_BYTES), _BLOCK)
        end = range(max(len(begin) * _BLOCK, size - SEARCHED_BYTES), size, _BLOCK)
        for at in chain(begin, end):
            file.seek(at)
            block = file.read(_BLOCK + HEAD_BYTES)
            wanted = {line for line in wanted if b"\n" + line + b"\n" not in block and not _begins(at, block, line)}
            if not wanted:
                return True
    return False


def _begins(at: int, block: bytes, line: bytes) -> bool:
    return not at and block.startswith(line + b"\n")


def _is_same(stream: Stream, found: Found, first: bytes) -> bool:
    if stream.identity == found.identity:
        return stream.bound or (not stream.is_blank and stream.head.begins(first))
    return stream.head.full and len(first) >= HEAD_BYTES and stream.head.begins(first)
