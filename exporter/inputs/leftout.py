"""Copies that are not read, kept over restarts: what they are copies of may be compressed or gone by then."""

from collections.abc import Iterable, Sequence

from exporter.inputs.identity import Head, head_of
from exporter.inputs.survey import Found, Identity
from exporter.model import Position

# Among the positions of a source; without a path, so that nobody takes one for a file that is read.
_MARK = "copy "
_MOST = 1_000


class LeftOut:
    """By identity, with the first bytes, because an inode may be another file's by now."""

    def __init__(self, positions: Sequence[Position]) -> None:
        self._known: dict[Identity, Position] = {
            (one.device, one.inode): one for one in positions if one.stream.startswith(_MARK) and not one.path
        }

    def has(self, found: Found, first: bytes) -> bool:
        """Whether the file, which begins with `first`, was left out before."""
        one = self._known.get(found.identity)
        return one is not None and Head(one.head_length, one.head_digest, None).begins(first)

    def add(self, found: Found, first: bytes) -> None:
        """The file is a copy; beyond a thousand, they are judged anew after a restart."""
        if len(self._known) >= _MOST or self.has(found, first):
            return
        device, inode = found.identity
        head = head_of(first)
        self._known[found.identity] = Position(
            f"{_MARK}{device} {inode}", "", device, inode, head_length=head.length, head_digest=head.digest
        )

    def keep_only(self, identities: Iterable[Identity]) -> None:
        """Forget files that are gone."""
        for identity in self._known.keys() - set(identities):
            del self._known[identity]

    def positions(self) -> tuple[Position, ...]:
        """To be saved."""
        return tuple(self._known.values())
