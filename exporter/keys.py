"""What the keys of a server's connections are (`Fact.key`): by it the sessions stage joins their lines."""

from dataclasses import dataclass
from typing import Final

# The key of lines that should have one, and have none: whoever is served last has it.
ANY: Final = b"-"


@dataclass(frozen=True, slots=True)
class Keys:
    """By default, a process, or an address and port, that serves one connection for as long as that lasts.

    `are_unique`: ids that are never used again, so a line of a connection that has ended is a duplicate.
    `are_passed_on`: the next connection may have the same key in the same second. `front`: the `Fact.process` of
    connections that the server proxies to another one, which may log the same key under the same host; None: it does
    not proxy.
    """

    are_unique: bool = False
    are_passed_on: bool = False
    front: bytes | None = None
