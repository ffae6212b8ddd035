"""Finds the POP3 servers of a machine and their logs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from exporter.setup import containers, evidence, syslog
from exporter.setup.evidence import Evidence
from exporter.setup.machine import Machine
from exporter.setup.ownlogs import MAIL, OwnLogs
from exporter.setup.places import Place
from exporter.setup.servers import SERVERS, Server

POP3_PORTS = (110, 995)
UNITS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system", "/run/systemd/system")
JOURNALS = ("/var/log/journal", "/run/log/journal")


@dataclass(frozen=True, slots=True)
class FoundServer:
    """A server of this machine, or one whose log is here.

    `place`: where its log is; None: not found. `is_set_up`: whether it serves POP3 according to its
    configuration. `lines`: how many of its lines were seen, and when the `newest` was written (0: none was).
    `advice`: what to set so that it logs more. `behind`: the format of the proxy before it.
    """

    server: Server
    place: Place | None
    version: str = ""
    is_installed: bool = True
    is_running: bool = False
    is_set_up: bool = True
    lines: int = 0
    newest: float = 0.0
    advice: tuple[str, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether to read it: it serves POP3 here, or did."""
        return self.place is not None and (self.lines > 0 or (self.is_set_up and self.is_running))


@dataclass(frozen=True, slots=True)
class Finding:
    """Everything found. `ports`: POP3 ports in use. `closed`: unreadable logs."""

    title: str
    servers: tuple[FoundServer, ...] = ()
    ports: tuple[int, ...] = ()
    syslog: str = ""
    closed: tuple[str, ...] = ()

    @property
    def sources(self) -> tuple[FoundServer, ...]:
        """The servers to read; if none runs and nothing was logged, those that are configured.

        A proxy that does not run is left out beside a server that does: no session has gone through it lately, or
        each has, and counts by the other's lines.
        """
        counted = tuple(one for one in self.servers if one.counts)
        if any(one.is_running for one in counted):
            return tuple(one for one in counted if one.is_running or not one.server.is_proxy)
        return counted or tuple(one for one in self.servers if one.is_set_up and one.place is not None)


class _Logs:
    """The logs of the machine; each is read once."""

    def __init__(self, machine: Machine, zone: ZoneInfo, now: float) -> None:
        self.machine = machine
        self._zone = zone
        self._now = now
        self._known: dict[str, Evidence] = {}

    def of(self, name: str) -> Evidence:
        """What the file shows."""
        if name not in self._known:
            self._known[name] = evidence.in_file(self.machine.path(name), self._zone, self._now)
        return self._known[name]

    def shared(self, facility: str = MAIL) -> list[str]:
        """Files with lines of several programs: from the rules of syslog, and the usual paths."""
        return list(dict.fromkeys((*syslog.files_of(self.machine, facility), *syslog.LOGS)))

    def in_journal(self, units: Iterable[str], identifiers: Iterable[str]) -> Evidence:
        """What the journal shows about these."""
        return evidence.in_journal(self.machine, units, identifiers, self._zone, self._now)


def discover(machine: Machine, zone: ZoneInfo, now: float) -> Finding:
    """Examine the machine; `zone`: of timestamps without one, `now`: UNIX seconds."""
    logs, running = _Logs(machine, zone, now), machine.processes()
    found = [one for server in SERVERS if (one := _server(server, logs, running)) is not None]
    found += _from_elsewhere(logs, {one.server.format for one in found if one.place is not None})
    found += [FoundServer(one.server, one.place, is_running=True) for one in containers.found(machine)]
    return Finding(
        title=machine.title(),
        servers=tuple(found),
        ports=tuple(port for port in POP3_PORTS if port in machine.listening()),
        syslog=syslog.daemon(machine),
        closed=tuple(_closed(machine, logs.shared())),
    )


def _server(server: Server, logs: _Logs, running: frozenset[str]) -> FoundServer | None:
    """The server as it is installed here."""
    if not any(map(logs.machine.matching, server.programs)):
        return None
    own = server.own_logs(logs.machine)
    place, seen = _place(server, own, logs)
    return FoundServer(
        server,
        place if own.serves or seen.lines[server.format] else None,
        version=own.version,
        is_running=not running.isdisjoint(server.processes) or _is_active(server, logs.machine),
        is_set_up=own.serves,
        lines=seen.lines[server.format],
        newest=seen.newest.get(server.format, 0.0),
        advice=own.advice,
    )


def _is_active(server: Server, machine: Machine) -> bool:
    """Whether one of its systemd units is active (its processes may have any name)."""
    units = [unit for unit in server.units if any(machine.exists(f"{one}/{unit}") for one in UNITS)]
    return machine.has_systemd and any(machine.run(("systemctl", "is-active", "-q", unit)).code == 0 for unit in units)


def _place(server: Server, own: OwnLogs, logs: _Logs) -> tuple[Place | None, Evidence]:
    """Where the server logs, and what the lines show."""
    if own.files:
        shown = [logs.of(name) for name in own.files]
        best = max(shown, key=lambda one: one.lines[server.format])
        return Place(files=own.files), best
    machine, files = logs.machine, logs.shared(own.facility or MAIL)
    written = next((name for name in files if logs.of(name).lines[server.format]), "")
    daemon = syslog.daemon(machine)
    if daemon and not written:
        written = next((name for name in files if machine.exists(name)), files[0])
    if daemon or (written and not has_journal(machine)):
        return Place(files=(written,)), logs.of(written)
    return _in_journal(server, own, logs) if has_journal(machine) else (None, Evidence())


def _in_journal(server: Server, own: OwnLogs, logs: _Logs) -> tuple[Place, Evidence]:
    """By its units, which cannot be forged; by its identifier if it has none, or they have no lines."""
    identifiers = own.identifiers or server.identifiers
    units = tuple(unit for unit in server.units if any(logs.machine.exists(f"{one}/{unit}") for one in UNITS))
    by_unit = logs.in_journal(units, ()) if units else Evidence()
    if units and by_unit.lines[server.format]:
        return Place(units=units), by_unit
    by_name = logs.in_journal((), identifiers)
    if units and not by_name.lines[server.format]:
        return Place(units=units), by_unit
    return Place(identifiers=identifiers), by_name


def _from_elsewhere(logs: _Logs, known: set[str]) -> Iterator[FoundServer]:
    """Servers of other machines, or removed ones, with lines in the logs of this machine."""
    for server in SERVERS:
        names = (name for name in logs.shared() if logs.of(name).lines[server.format])
        name = next(names, None)
        if server.format not in known and name is not None:
            seen = logs.of(name)
            lines, newest = seen.lines[server.format], seen.newest[server.format]
            yield FoundServer(server, Place(files=(name,)), is_installed=False, lines=lines, newest=newest)


def has_journal(machine: Machine) -> bool:
    """Whether systemd keeps a journal here."""
    return machine.has_systemd or any(machine.matching(f"{folder}/*/*.journal") for folder in JOURNALS)


def _closed(machine: Machine, names: Iterable[str]) -> Iterator[str]:
    """Logs that may have POP3 lines but that this user cannot read."""
    for name in names:
        path: Path = machine.path(name)
        if machine.exists(name) and path.is_file() and not evidence.is_readable(path):
            yield name
    journals = [name for folder in JOURNALS for name in machine.matching(f"{folder}/*/system.journal")]
    if journals and not any(evidence.is_readable(machine.path(name)) for name in journals):
        yield "the systemd journal"
