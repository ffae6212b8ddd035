"""What the lines of a source do not show: its server, zone, formats and domain."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from exporter.addresses import Network
from exporter.formats.contract import Format
from exporter.sessions import Neighbours, Sessions

# Hosts may be forged: so many servers of one source are told apart. Each costs ten series and a part of every commit.
SERVERS_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class SourceContext:
    """One source.

    `server`: the label; None: the host of the lines, else `host`, this machine's name. `zone`: of stamps without
    one. `formats`: one, or those to recognise the right one among. `default_domain`: of names without a domain.
    `keeps_names`: whether names of users may be stored (`users.series` is not off). `hosts`: patterns of the hosts
    whose lines are read; empty: all. `probes`: networks whose connections count only if they try to log in.
    `neighbours`: the sources of the installation.
    """

    formats: tuple[Format, ...]
    zone: ZoneInfo
    host: str
    server: str | None = None
    default_domain: str | None = None
    keeps_names: bool = True
    hosts: tuple[str, ...] = ()
    probes: tuple[Network, ...] = ()
    neighbours: Neighbours[Sessions] | None = None

    def server_of(self, host: bytes) -> str:
        """The label of a host's lines."""
        return self.server or host.decode("utf-8", "replace").strip().lower() or self.host

    def reads(self, host: bytes) -> bool:
        """Whether the source reads lines of this host."""
        return not self.hosts or any(fnmatchcase(host.decode("utf-8", "replace").lower(), one) for one in self.hosts)
