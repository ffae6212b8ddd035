"""What the keys of a server's connections are (`Fact.key`): by it the sessions stage joins their lines."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Keys:
    """The default: a process, or an address and port, that serves one connection for as long as that lasts.

    `are_unique`: ids that are never used again, so what comes again is told again. `are_passed_on`: one may serve
    several connections in a second, one after the other. `front`: the `Fact.process` of connections that the server
    passes on to another one, whose log may tell the same key on the same host; None: it does not.
    """

    are_unique: bool = False
    are_passed_on: bool = False
    front: bytes | None = None
