"""Which server the lines of a host are of: hosts may be forged, so that so many are told apart and no more."""

from collections.abc import Callable, Collection

from exporter.catalogue import OTHER
from exporter.context import SERVERS_KEPT, SourceContext
from exporter.envelopes.programs import host_problem

LONGEST_HOST = 255
HOSTS_KEPT = 10_000


class Servers:
    """By the host in the lines; beyond so many it is `_other`.

    `known`: the servers that have been told of, which are those that `met` was called for, and those before the start.
    `problem`: what to settle about the hosts' names; empty: nothing.
    """

    def __init__(self, context: SourceContext, known: Collection[str], met: Callable[[str], None]) -> None:
        self.by_host: dict[bytes, str] = {}
        self.problem = ""
        self._context = context
        self._known = known
        self._met = met

    def of(self, host: bytes) -> str:
        """The server that lines of the host are of."""
        server = self.by_host.get(host)
        if server is None:
            server = self._context.server or self._told_apart(host)
            if len(self.by_host) >= HOSTS_KEPT:
                self.by_host.clear()
            if len(host) <= LONGEST_HOST:
                self.by_host[host] = server
            self._met(server)
        return server

    def are_several(self, server: str) -> bool:
        """Whether it stands for hosts that nobody tells apart."""
        return server == OTHER and self._context.server is None

    def forget(self) -> None:
        """Each is to be met again."""
        self.by_host.clear()

    def _told_apart(self, host: bytes) -> str:
        self.problem = self.problem or host_problem(host)
        name = self._context.server_of(host)
        is_one = name in self._known or len(self._known) < SERVERS_KEPT
        return name if is_one and len(host) <= LONGEST_HOST else OTHER
