"""`ledger` and `forget`: managing the ledger."""

import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from exporter.catalogue import Scope
from exporter.cli import options
from exporter.ledger import care, forget, restore

commands = typer.Typer(no_args_is_help=True, help="Manage the ledger, the SQLite file with all totals.")
Target = Annotated[Path, typer.Argument(metavar="FILE", help="The copy; must not exist yet")]
Ledger = options.OwnLedger


def _path(ledger: Path | None, config_file: Path | None) -> Path:
    if ledger is not None:
        return ledger
    from exporter.cli.configured import loaded  # noqa: PLC0415 - a named ledger needs no configuration

    return loaded(config_file).ledger


@commands.command("info")
def _info(ledger: Ledger = None, config_file: options.ConfigFile = None) -> None:
    """Show what a ledger holds, also while a daemon writes to it."""
    found = care.info(_path(ledger, config_file))
    table = Table(title=str(found.path), title_justify="left", show_header=False)
    table.add_row("size", f"{found.size_bytes:,} bytes")
    table.add_row("schema", str(found.schema))
    for since, zone in found.zones:
        table.add_row("time zone", zone if since == 0 else f"{zone} from {datetime.fromtimestamp(since, UTC):%F %TZ}")
    for scope, number in found.keys.items():
        table.add_row(f"{scope}s", f"{number:,}")
    if found.first_day is not None and found.last_day is not None:
        table.add_row("days", f"{date.fromordinal(found.first_day)} to {date.fromordinal(found.last_day)}")
    for source, stamp in found.last_events.items():
        table.add_row(f"source {source}", f"newest line {datetime.fromtimestamp(stamp, UTC):%F %TZ}")
    Console().print(table)


@commands.command("backup")
def _backup(target: Target, ledger: Ledger = None, config_file: options.ConfigFile = None) -> None:
    """Copy a ledger as of its last commit, also while a daemon writes to it."""
    care.backup(_path(ledger, config_file), target)
    typer.echo(f"{target}: written")


@commands.command("restore")
def _restore(
    prometheus: Annotated[
        str, typer.Option("--prometheus", metavar="URL", help="The Prometheus to read the last values from")
    ],
    ledger: Ledger = None,
    config_file: options.ConfigFile = None,
    selector: Annotated[
        str,
        typer.Option(
            "--selector", metavar="MATCHER", help='Label matcher of this exporter, such as instance="mx1:10110"'
        ),
    ] = "",
    time_zone: options.SiteZone = None,
) -> None:
    """Rebuild a lost ledger from the last values in Prometheus; counters continue from there."""
    path = _path(ledger, config_file)
    restored = restore.restore(path, prometheus, selector=selector, zone=time_zone)
    counts = ", ".join(f"{number:,} {scope}s" for scope, number in restored.keys.items())
    typer.echo(f"{path}: {counts}, as of {datetime.fromtimestamp(restored.moment, UTC):%F %TZ}")


@commands.command("zone")
def _zone(
    name: Annotated[str, typer.Argument(metavar="ZONE", help="A time zone, such as Europe/Berlin")],
    ledger: Ledger = None,
    config_file: options.ConfigFile = None,
) -> None:
    """Change the time zone in which days begin, from its next midnight on."""
    since = care.change_zone(_path(ledger, config_file), name, time.time())
    typer.echo(f"days begin in {name} from {datetime.fromtimestamp(since, UTC):%F %TZ} on")


def _forget(
    name: Annotated[str, typer.Argument(metavar="USER|DOMAIN|SERVER", help="A user, domain or server")],
    scope: Annotated[Scope | None, typer.Option("--scope", help="Needed if the name is more than one of these")] = None,
    ledger: Ledger = None,
    config_file: options.ConfigFile = None,
) -> None:
    """Remove a user, domain or server from the ledger. Counts of a removed domain move to _other."""
    found = forget.forget(_path(ledger, config_file), name, scope)
    typer.echo(f"forgotten: {found.scope} {name} ({len(found.keys)} entries). In Prometheus:\n{found.delete_series}")


COMMANDS = {"ledger": commands, "forget": _forget}
