"""How a file is recognised: (device, inode), and a fingerprint of its first bytes.

Neither is enough alone: inodes are given out again at once, and small files look alike.
"""

import hashlib
from typing import NamedTuple

HEAD_BYTES = 1024


class Head(NamedTuple):
    """The first bytes of a file, as far as seen: up to 1 KiB; `data` is unknown after a restart."""

    length: int = 0
    digest: str = ""
    data: bytes | None = b""

    @property
    def full(self) -> bool:
        """Whether the fingerprint has its full length."""
        return self.length >= HEAD_BYTES

    def begins(self, first: bytes) -> bool:
        """Whether a file that begins with `first` (at least 1 KiB, or all it has) can be this one."""
        if len(first) < self.length:
            return False
        if self.data is not None:
            return first.startswith(self.data)
        return digest_of(first[: self.length]) == self.digest

    def shares(self, first: bytes) -> bool:
        """Whether `first` and this head agree as far as both are known, which is more than nothing."""
        if self.data is not None:
            known = min(len(first), self.length)
            return known > 0 and first[:known] == self.data[:known]
        return self.length > 0 and self.begins(first)


def head_of(first: bytes, settled: int = 0) -> Head:
    """The fingerprint of a file that begins with `first`; zeros at its end are not yet written.

    `settled`: so many bytes are known to stay, zeros or not.
    """
    seen = first[:HEAD_BYTES]
    seen = seen[: max(settled, len(seen.rstrip(b"\0")))]
    return Head(len(seen), digest_of(seen), seen)


def digest_of(data: bytes) -> str:
    """128 bits, hexadecimal; empty for no data."""
    return hashlib.blake2b(data, digest_size=16).hexdigest() if data else ""
