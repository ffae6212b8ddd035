"""`setup`: reads old logs, starts the unit, and prints the scrape configuration and the first report."""

import socket
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from pathlib import Path

from exporter.cli import access, report
from exporter.cli.asking import Asking, heading, say
from exporter.cli.bringing_in import bring_in
from exporter.config import Config
from exporter.ledger import LedgerError, care
from exporter.reports import By
from exporter.setup import scrape, unit
from exporter.setup.machine import Machine

START_SECONDS = 60
READY_SECONDS = 10
PAUSE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Start:
    """The steps from a configuration to a running exporter."""

    machine: Machine
    path: Path
    config: Config
    asking: Asking

    def bring_in(self) -> None:
        """Read the existing logs; a running daemon does so itself."""
        heading("Old logs")
        if access.mode_of(self.config.ledger):
            say(f"The ledger {self.config.ledger} already exists: the exporter continues from it.")
        elif self.asking.does(f"read the existing logs into {self.config.ledger}"):
            problems = bring_in(self.config)
            say(f"Read into {self.config.ledger}; the exporter continues from there.")
            for problem in problems:
                say(f"WARNING: {problem}")

    def enable(self, told: bool | None) -> None:  # noqa: FBT001 - an option's value
        """Start it through systemd, or print how to start it."""
        heading("The service")
        command = f"{program()} run --config.file {self.path}"
        if not self.machine.has_systemd:
            say(f"systemd is not running. Start the exporter with: {command}")
        elif not access.is_root():
            say("This user cannot start it. Run: sudo systemctl enable --now pop3-exporter")
        elif not self.asking.answer(told, "Start it now and at every boot?"):
            say("Start it with: systemctl enable --now pop3-exporter")
        else:
            self._enable(unit.installed(self.machine), command)

    def _enable(self, found: unit.Unit | None, command: str) -> None:
        if found is None:
            if hidden := access.hidden_from_unit(Path(program())):
                say(f"{program()}: {hidden}. Install the program in /opt, or start it with: {command}")
                return
            if self.asking.does(f"write the unit {unit.FILE}"):
                self.machine.path(unit.FILE).write_text(unit.text(program(), self.path), encoding="utf-8")
                say(f"{unit.FILE}: written")
        elif Path(found.config) != self.path:
            say(f"The unit {unit.NAME} uses {found.config}, not {self.path}: change it (systemctl edit --full), or")
            say(f"start it with: {command}")
            return
        if self.asking.does(f"start it: systemctl enable --now {unit.NAME}"):
            self._started(unit.start(self.machine, restart=found is not None and found.is_active).err.strip())

    def _started(self, complaint: str) -> None:
        address = scrape.target(self.config.web.listen[0], "127.0.0.1")
        told = _against(address, self.config)
        if told is None:
            say(
                f"The service did not start{f': {complaint}' if complaint else ''}. See: journalctl -u"
                " pop3-exporter -n 20"
            )
        else:
            say(f"The service is running and starts at boot: http://{address}/")
            say(f"It is not ready yet:\n{told}" if told else "")


def end(machine: Machine, config: Config, asking: Asking) -> None:
    """Print the scrape configuration and the first report."""
    heading("Prometheus")
    listen = next((one for one in config.web.listen if not scrape.is_local(one)), config.web.listen[0])
    where = f"{scrape.CONFIG}, below" if machine.exists(scrape.CONFIG) else "prometheus.yml, below"
    say(f"Add to {where} scrape_configs:\n\n{scrape.snippet(scrape.target(listen, socket.getfqdn()))}\n")
    if scrape.is_local(listen) and not scrape.has_prometheus(machine):
        say(
            'Only this machine can connect to that address. For Prometheus on another one, set web: {listen: ":10110"},'
        )
        say("restart the exporter and open the port in the firewall. docs/web.md explains TLS and passwords.")
    heading("What was counted")
    _report(config, asking)


def _report(config: Config, asking: Asking) -> None:
    try:
        first = care.info(config.ledger).first_day
    except LedgerError:
        first = None
    if first is None:
        say("Nothing yet." if not asking.dry_run else "(dry run) nothing was read")
        say(f"To see this again: {program()} report --by domain")
        return
    report.show(config.ledger, By.DOMAIN, date.fromordinal(first))


def program() -> str:
    """The command that starts this program."""
    called = Path(sys.argv[0])
    if called.name == "pop3-exporter" and called.exists():
        return str(called.absolute())
    beside = Path(sys.executable).with_name("pop3-exporter")
    return str(beside) if beside.exists() else f"{sys.executable} -m exporter"


def _against(address: str, config: Config) -> str | None:
    """The problems that the daemon reports; empty if it is ready, None if it does not respond.

    With TLS and passwords they may be hidden; a response is then enough.
    """
    url = f"{'https' if config.web.config_file else 'http'}://{address}/-/ready"
    began, told = time.monotonic(), _said(url)
    # At the start the daemon may not have checked its sources yet.
    while (told is None and time.monotonic() < began + START_SECONDS) or (
        told and time.monotonic() < began + READY_SECONDS
    ):
        time.sleep(PAUSE_SECONDS)
        told = _said(url)
    return told


def _said(url: str) -> str | None:
    try:
        urllib.request.urlopen(url, timeout=2).close()  # noqa: S310 - our own address
    except urllib.error.HTTPError as error:
        with error:
            return error.read().decode(errors="replace").strip() if error.code == HTTPStatus.SERVICE_UNAVAILABLE else ""
    except urllib.error.URLError as error:
        return "" if "certificate" in str(error.reason).lower() else None
    except OSError:
        return None
    return ""
