"""`setup`: configures and starts the exporter on a machine with a POP3 server, step by step."""

import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from exporter.cli import findings, options, serving
from exporter.cli.asking import Asking, heading, say
from exporter.cli.setup_dovecot import advise_or_apply
from exporter.cli.setup_start import Start, end
from exporter.cli.setup_write import Target, tell_sources, written
from exporter.config import PORT, Config, Source, Web
from exporter.ledger.zones import machine_zone
from exporter.setup import plan, scrape
from exporter.setup.discovery import Finding, discover
from exporter.setup.machine import Machine

NAME_THEM = "Name its logs: pop3-exporter setup --log '/var/log/hosts/*/mail.log*'"
NOTHING = f"Found no POP3 server, and no line of one in the logs. {NAME_THEM}"
LEDGER: Path = Config.model_fields["ledger"].default
LISTEN_LOCAL, LISTEN_ALL = Web().listen[0], f":{PORT}"


LedgerFile = Annotated[
    Path | None,
    typer.Option("--ledger", metavar="FILE", help=f"The ledger {options.default(LEDGER)}", show_default=False),
]
Listen = Annotated[
    str | None,
    typer.Option(
        "--listen",
        "--web.listen-address",
        metavar="ADDRESS",
        help=f'Address to listen on; ":{PORT}" lets other machines connect {options.default(LISTEN_LOCAL)}',
        show_default=False,
    ),
]
Logs = Annotated[
    list[str] | None,
    typer.Option("--log", metavar="PATTERN", help="Read these logs instead of looking for some. Repeatable"),
]


def _setup(  # noqa: PLR0917 - options
    config_file: options.ConfigFile = None,
    ledger: LedgerFile = None,
    listen: Listen = None,
    logs: Logs = None,
    default_domain: options.DefaultDomain = None,
    old_logs: Annotated[
        bool | None,
        typer.Option("--old-logs/--no-old-logs", help="Also count what the logs already contain", show_default=False),
    ] = None,
    enable: Annotated[
        bool | None,
        typer.Option("--enable/--no-enable", help="Start the systemd unit, now and at boot", show_default=False),
    ] = None,
    *,
    apply_dovecot: Annotated[
        bool, typer.Option("--apply-dovecot", help="Write a file to Dovecot's conf.d that makes it log everything")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace an existing configuration; a backup is kept")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show every step but change nothing")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; accept every default")] = False,
) -> None:
    """Find the POP3 server of this machine, write a configuration for it, read its old logs and start the exporter."""
    if not (yes or dry_run or sys.stdin.isatty()):
        raise typer.BadParameter("standard input is not a terminal: add --yes, or --dry-run to see what would happen")
    serving.listened([listen] if listen else None)  # a mistake is reported before anything is done
    wanted = Wanted(
        target=Target(options.config_path(config_file), ledger or LEDGER, replace=replace),
        listen=listen,
        logs=tuple(logs or ()),
        default_domain=default_domain,
        old_logs=old_logs,
        enable=enable,
        apply_dovecot=apply_dovecot,
        asking=Asking(yes=yes, dry_run=dry_run),
    )
    go_through(Machine(), wanted)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options; None: ask."""

    target: Target
    listen: str | None
    logs: tuple[str, ...]
    default_domain: str | None
    old_logs: bool | None
    enable: bool | None
    apply_dovecot: bool
    asking: Asking

    def shape(self) -> str:
        """The given options that only affect a new configuration."""
        given = {"--listen": self.listen, "--log": self.logs, "--old-logs": self.old_logs}
        given["--default-domain"] = self.default_domain
        return ", ".join(name for name, value in given.items() if value)


def go_through(machine: Machine, wanted: Wanted) -> None:
    """All steps, in the order in which an administrator would do them."""
    asking, zone = wanted.asking, machine_zone()
    title = machine.title()
    heading(f"Looking at {socket.gethostname()}{f' ({title})' if title else ''}")
    finding = discover(machine, ZoneInfo(zone), time.time())
    for sentence in findings.of_machine(finding):
        say(sentence)
    target = wanted.target
    target.refuse_unwritable(asking)
    if target.stays and (given := wanted.shape()):
        raise options.FileProblem(f"{target.config} already exists, so {given} would change nothing; add --replace")
    made = [] if target.stays else _sources(finding, wanted)
    config = written(target, plan.text(zone, str(target.ledger), _listen(machine, wanted), made), asking)
    advise_or_apply(machine, finding, tell_sources(config), asking, apply=wanted.apply_dovecot)
    start = Start(machine, target.config, config, asking)
    if any(map(_counts_old_logs, config.sources)):
        start.bring_in()
    start.enable(wanted.enable)
    end(machine, config, asking)


def _sources(finding: Finding, wanted: Wanted) -> list[plan.Source]:
    found = () if wanted.logs else finding.sources
    if not found and not wanted.logs:
        raise options.FileProblem(NOTHING if not finding.servers else f"Its log was not found. {NAME_THEM}")
    old_logs = wanted.asking.answer(wanted.old_logs, "Also count what the logs already contain?")
    return plan.sources(found, wanted.logs, old_logs=old_logs, default_domain=wanted.default_domain)


def _listen(machine: Machine, wanted: Wanted) -> str:
    if wanted.listen is not None:
        return wanted.listen
    if wanted.target.stays or wanted.asking.silent or scrape.has_prometheus(machine):
        return LISTEN_LOCAL
    question = "  Does Prometheus run on another machine? If so, the exporter listens on all addresses"
    return LISTEN_ALL if typer.confirm(question, default=False) else LISTEN_LOCAL


def _counts_old_logs(source: Source) -> bool:
    return source.start == "beginning" or (source.journal is not None and source.journal.since is not None)


COMMANDS = {"setup": _setup}
