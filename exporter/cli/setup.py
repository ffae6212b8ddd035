"""`setup`: from a machine with a POP3 server to an exporter that counts it; each step says what it does."""

import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from exporter.cli import findings, options
from exporter.cli.asking import Asking, heading, say
from exporter.cli.setup_dovecot import advise_or_apply
from exporter.cli.setup_start import Start, end
from exporter.cli.setup_write import Target, tell_sources, written
from exporter.config import PORT, Config, Source, Web
from exporter.ledger.zones import machine_zone
from exporter.setup import plan, scrape
from exporter.setup.discovery import Finding, discover
from exporter.setup.machine import Machine

NAME_THEM = "Say where the logs are: pop3-exporter setup --log '/var/log/hosts/*/mail.log*'"
NOTHING = f"No POP3 server was found here, and no line of one in the logs. {NAME_THEM}"
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
        help=f'Where /metrics is served; ":{PORT}" for other machines {options.default(LISTEN_LOCAL)}',
        show_default=False,
    ),
]
Logs = Annotated[
    list[str] | None,
    typer.Option("--log", metavar="PATTERN", help="Read these logs instead of what is found; may be repeated"),
]


def _setup(  # noqa: PLR0917 - options
    config_file: options.ConfigFile = None,
    ledger: LedgerFile = None,
    listen: Listen = None,
    logs: Logs = None,
    old_logs: Annotated[
        bool | None,
        typer.Option("--old-logs/--no-old-logs", help="Count what the logs hold already", show_default=False),
    ] = None,
    enable: Annotated[
        bool | None, typer.Option("--enable/--no-enable", help="Start the systemd unit", show_default=False)
    ] = None,
    *,
    apply_dovecot: Annotated[
        bool, typer.Option("--apply-dovecot", help="Let Dovecot log what is missing, by a file in its conf.d")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a configuration; the old one is kept")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show all of it and change nothing")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing")] = False,
) -> None:
    """Look at this machine, write a configuration for its POP3 server, read its old logs and start the exporter."""
    if not (yes or dry_run or sys.stdin.isatty()):
        raise typer.BadParameter("nobody can be asked here: add --yes, or --dry-run to see what would be done")
    wanted = Wanted(
        target=Target(options.config_path(config_file), ledger or LEDGER, replace=replace),
        listen=listen,
        logs=tuple(logs or ()),
        old_logs=old_logs,
        enable=enable,
        apply_dovecot=apply_dovecot,
        asking=Asking(yes=yes, dry_run=dry_run),
    )
    go_through(Machine(), wanted)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the options say; None: to be asked."""

    target: Target
    listen: str | None
    logs: tuple[str, ...]
    old_logs: bool | None
    enable: bool | None
    apply_dovecot: bool
    asking: Asking

    def shape(self) -> str:
        """The options that only shape a new configuration, as given."""
        given = {"--listen": self.listen, "--log": self.logs, "--old-logs": self.old_logs}
        return ", ".join(name for name, value in given.items() if value)


def go_through(machine: Machine, wanted: Wanted) -> None:
    """All steps, in the order in which a person would take them."""
    asking, zone = wanted.asking, machine_zone()
    title = machine.title()
    heading(f"Looking at {socket.gethostname()}{f' ({title})' if title else ''}")
    finding = discover(machine, ZoneInfo(zone), time.time())
    for sentence in findings.of_machine(finding):
        say(sentence)
    target = wanted.target
    target.refuse_unwritable(asking)
    if target.stays and (given := wanted.shape()):
        raise options.FileProblem(f"{target.config} is there already, so {given} would change nothing; add --replace")
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
        raise options.FileProblem(NOTHING if not finding.servers else f"No log of it was found. {NAME_THEM}")
    old_logs = wanted.asking.answer(wanted.old_logs, "Count what the logs hold already, too?")
    return plan.sources(found, wanted.logs, old_logs=old_logs)


def _listen(machine: Machine, wanted: Wanted) -> str:
    if wanted.listen is not None:
        return wanted.listen
    if wanted.target.stays or wanted.asking.silent or scrape.has_prometheus(machine):
        return LISTEN_LOCAL
    question = "  Does Prometheus run on another machine? Then the exporter listens on all addresses"
    return LISTEN_ALL if typer.confirm(question, default=False) else LISTEN_LOCAL


def _counts_old_logs(source: Source) -> bool:
    return source.start == "beginning" or (source.journal is not None and source.journal.since is not None)


COMMANDS = {"setup": _setup}
