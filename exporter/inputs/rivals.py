"""Several unknown files that may each be the one that a generation has lost: the log, and older copies of it."""

from collections.abc import Callable, Iterator, Sequence

from exporter.inputs.beginnings import Beginning, open_same
from exporter.inputs.identity import HEAD_BYTES, digest_of
from exporter.inputs.inflating import StillSkipping
from exporter.inputs.survey import Family, Found

Begin = Callable[[Found], Beginning]


class Rivals:
    """The unknown files of one look, by log and by first bytes; `begin(found)` may raise anything."""

    def __init__(self, unknown: Sequence[Found], begin: Begin) -> None:
        self._unknown = unknown
        self._begin = begin
        self._by_family: dict[Family, list[Found]] = {}
        self._by_digest: dict[str, list[Found]] = {}

    def of(self, found: Found, beginning: Beginning) -> Iterator[tuple[Found, Beginning]]:
        """The other files that begin alike, of a short one those of its log.

        StillSkipping, FileNotFoundError: not known yet.
        """
        if not self._by_family:
            self._index()
        # Of a short file the first bytes may have become more.
        full = len(beginning.first) >= HEAD_BYTES
        alike = self._by_digest.get(digest_of(beginning.first)) if full else self._by_family.get(found.family)
        for other in alike or ():
            if other.identity == found.identity:
                continue
            try:
                yield other, self._begin(other)
            except (FileNotFoundError, StillSkipping):
                raise  # the next look tells
            except Exception:  # noqa: BLE001,S112  (it is told where it is recognised itself)
                continue

    def _index(self) -> None:
        for found in self._unknown:
            self._by_family.setdefault(found.family, []).append(found)
            try:
                first = self._begin(found).first
            except Exception:  # noqa: BLE001,S112  (as above)
                continue
            self._by_digest.setdefault(digest_of(first), []).append(found)


def is_fuller(one: Found, other: Found, path: str) -> bool:
    """Whether, of two files that begin alike, `one` holds more, or is the one at `path`. OSError or Torn."""
    size, other_size = _size_inside(one), _size_inside(other)
    if size is not None and other_size is not None and size != other_size:
        return size > other_size
    if path in {one.path, other.path}:
        return one.path == path
    # Nobody appends to a copy, so the newer one holds at least as much.
    return None in {size, other_size} and one.status.st_mtime_ns > other.status.st_mtime_ns


def _size_inside(found: Found) -> int | None:
    reader = open_same(found.path, found.identity)
    try:
        return reader.size_inside()
    finally:
        reader.close()
