"""The sources that log for the same server: their lines may belong to the same connections."""

from collections.abc import Iterator, Sequence
from typing import Generic, Protocol, TypeVar

from exporter.model import Charge, Fact

# How many logins' session ids are remembered, to see whether another server logs them, too.
IDS_KEPT = 8_192


class Neighbour(Protocol):
    """The sessions of one source."""

    def knows(self, server: str, fact: Fact) -> bool:
        """Whether the line belongs to a connection of this source."""

    def share(self, server: str) -> None:
        """Note that another source logs for this server, too."""

    def has_told(self, server: str, stamp: int, fact: Fact) -> bool:
        """Whether this source has an equal line without an id."""

    def take_told(self, server: str, stamp: int, fact: Fact) -> Sequence[Charge]:
        """The charges for a line that another source has read."""


Source = TypeVar("Source", bound=Neighbour)


class Neighbours(Generic[Source]):
    """All sources of one format, by the server that they log for."""

    def __init__(self) -> None:
        self._sources: dict[tuple[str, str], list[Source]] = {}
        self._ids: dict[bytes, str] = {}
        self._older_ids: dict[bytes, str] = {}
        # Whether a session id can appear at two servers.
        self.has_several_servers = False

    def meet(self, source: Source, form: str, server: str) -> Sequence[Source]:
        """Note that a source of the format `form` logs for the server; tell all its sources, if there are several."""
        sources = self._sources.setdefault((form, server), [])
        if source not in sources:
            sources.append(source)
        self.has_several_servers = len(self._sources) > 1
        return sources if len(sources) > 1 else ()

    def others(self, source: Source, form: str, server: str) -> Iterator[Source]:
        """The other sources that log for it."""
        return (one for one in self._sources.get((form, server), ()) if one is not source)

    def leave(self, source: Source) -> None:
        """Remove a source; one that replaces it meets the servers again."""
        for key, sources in list(self._sources.items()):
            self._sources[key] = [one for one in sources if one is not source]

    def companions(self, source: Source) -> list[Source]:
        """All sources that log for a server of this one."""
        return [one for sources in self._sources.values() if source in sources for one in sources]

    def elsewhere(self, server: str, session_id: bytes) -> str | None:
        """Another server at which this id has just logged in, if any; remembers this login."""
        before = self._ids.get(session_id) or self._older_ids.get(session_id)
        if len(self._ids) >= IDS_KEPT:
            self._older_ids, self._ids = self._ids, {}
        self._ids[session_id] = server
        return before if before != server else None
