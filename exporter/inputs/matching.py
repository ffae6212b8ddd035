"""Finds the known file that an unknown one continues: by identity, else by its first bytes."""

from collections.abc import Iterable

from exporter.inputs.beginnings import Beginning
from exporter.inputs.identity import HEAD_BYTES, digest_of
from exporter.inputs.stream import Stream
from exporter.inputs.survey import Family, Found


class Matcher:
    """The known generations of one look, indexed for files that no generation has for its own."""

    def __init__(self, streams: Iterable[Stream]) -> None:
        self._by_digest: dict[str, list[Stream]] = {}
        self._by_family: dict[Family, list[Stream]] = {}
        self._lost: set[int] = set()
        for stream in streams:
            self.add(stream)

    def add(self, stream: Stream) -> None:
        """One more generation."""
        if stream.head.full:
            self._by_digest.setdefault(stream.head.digest, []).append(stream)
        self._by_family.setdefault(stream.family, []).append(stream)
        if not stream.bound:
            self._lost.add(stream.identity[1])

    def precedence(self, found: Found) -> tuple[bool, bool, bool, int]:
        """Sort key: whose inode is missed comes first, compressed files come after the plain ones."""
        missed = found.status.st_ino in self._lost
        return (not missed, bool(found.name.compression), not found.live, found.status.st_mtime_ns)

    def owner(self, found: Found, beginning: Beginning) -> Stream | None:
        """The generation without a file that can only be this one."""
        fitting = [s for s in self._alike(found, beginning) if s.begins(beginning) and _fits(s, found)]
        if len(fitting) > 1 and not found.name.rotated:
            # In the place where logs are written a guess would lose what is new; only what else agrees decides.
            fitting = [s for s in fitting if found.status.st_ino == s.identity[1] or found.path == s.path]
        return min(fitting, key=lambda s: _distance(s, found), default=None)

    def is_copy(self, found: Found, beginning: Beginning) -> bool:
        """Whether a rotated name holds what a known generation holds (or nothing yet): not to be read again."""
        if not found.name.rotated:
            return False
        begin, first = beginning
        return not first or any(s.head_begin == begin and s.head.shares(first) for s in self._alike(found, beginning))

    def _alike(self, found: Found, beginning: Beginning) -> list[Stream]:
        streams = {s.key: s for s in self._by_family.get(found.family, ())}
        if len(beginning.first) >= HEAD_BYTES:
            streams |= {s.key: s for s in self._by_digest.get(digest_of(beginning.first), ())}
        return list(streams.values())


def _fits(stream: Stream, found: Found) -> bool:
    """Whether the generation has lost its file and the one found holds at least what was read of it."""
    if stream.bound and not (stream.unlinked and stream.path == found.path and stream.head.full):
        return False
    if stream.is_blank:
        return False  # nothing is known of it that could be found again
    if stream.identity == found.identity:
        return True
    if not found.name.compression and found.status.st_size < stream.offset:
        return False
    if stream.head.full:
        return True
    # A short head is believed only for a rotated name of the same log, and only if it is all that was read.
    covered = stream.head.length >= max(1, min(stream.offset - stream.head_begin, HEAD_BYTES))
    return covered and found.name.rotated and stream.family == found.family


def _distance(stream: Stream, found: Found) -> tuple[bool, bool, bool]:
    inode = stream.identity[1] != found.identity[1]
    return (stream.identity != found.identity, inode, stream.path != found.path)
