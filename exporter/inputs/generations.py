"""Which file names belong to one log: the log itself and its rotated files, compressed or not.

Known are the names that logrotate (`dateext`, `dateformat`, `extension`, `addextension`), savelog, newsyslog and
multilog-like tools give: `mail.log.1`, `mail.log-20261122.gz`, `mail-20261122.log.xz`, `mail.log.old`.
"""

import re
from functools import lru_cache
from typing import NamedTuple

COMPRESSIONS = (".gz", ".bz2", ".xz", ".zip")

_COUNTED = r"\d[\d.:_T+-]*"
_AFTER = re.compile(rf"(?P<base>.+?)[.\-_](?P<mark>{_COUNTED}|old|bak|prev|orig|save)\Z", re.ASCII)
_INSIDE = re.compile(rf"(?P<stem>.+?)[.\-_](?P<mark>{_COUNTED})(?P<extension>\.[A-Za-z][A-Za-z0-9]*)\Z", re.ASCII)


class Name(NamedTuple):
    """A file name taken apart: the log's own name, the rotation's mark (``: none), the compression (``: none)."""

    base: str
    mark: str
    compression: str

    @property
    def rotated(self) -> bool:
        """Whether the name is one that a rotation gives."""
        return bool(self.mark or self.compression)


@lru_cache(maxsize=65536)
def take_apart(name: str) -> Name:
    """Take a file name (no directory) apart."""
    compression = next((ending for ending in COMPRESSIONS if name.endswith(ending)), "")
    plain = name.removesuffix(compression)
    if match := _AFTER.match(plain):
        return Name(match["base"], match["mark"], compression)
    if match := _INSIDE.match(plain):
        return Name(match["stem"] + match["extension"], match["mark"], compression)
    return Name(plain, "", compression)


def age_order(name: Name, modified_ns: int) -> tuple[bool, int, int]:
    """Sort key of the generations of one log, oldest first; equal times are told apart by `.3` before `.2`."""
    number = int(name.mark) if name.mark.isdigit() else 0
    return (not name.rotated, modified_ns, -number)
