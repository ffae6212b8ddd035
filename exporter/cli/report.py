"""`report`: what SmarterMail's report shows, in the terminal, as CSV and JSON."""

import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from exporter.catalogue import Scope
from exporter.cli import options
from exporter.ledger.reading import Reading
from exporter.periods import Step
from exporter.reports import By, failed_names, report, sort_columns, table, unused
from exporter.reports import output as reports


class Output(StrEnum):
    """How a report is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


Mode = Annotated[
    By,
    typer.Option("--by", help=f"One row per period, domain or user {options.default(By.TREND)}", show_default=False),
]
Inactive = Annotated[
    int | None,
    typer.Option("--inactive", metavar="DAYS", help="With --by user: list accounts unused for this many days"),
]
Form = Annotated[
    Output, typer.Option("--output", help=f"Output format {options.default(Output.TABLE)}", show_default=False)
]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What to report; `first` and `last` None: this month until today, as far as known.

    `inactive`: list accounts unused for this many days instead.
    """

    by: By
    step: Step
    first: date | None
    last: date | None
    domain: str | None
    servers: list[str] | None
    sort: str | None
    inactive: int | None


OnlyDomain = Annotated[str | None, typer.Option("--domain", metavar="DOMAIN", help="Only this domain")]
OnlyServers = Annotated[list[str] | None, typer.Option("--server", metavar="NAME", help="Only this server. Repeatable")]


def _report(  # noqa: PLR0917 - the options of a report
    files: Annotated[
        list[str] | None, typer.Argument(metavar="FILE", help="Log files to report on, instead of a ledger")
    ] = None,
    ledgers: options.LedgerFiles = None,
    by: Mode = By.TREND,
    step: Annotated[
        Step | None, typer.Option("--step", help="Length of a period (--by trend only); hour requires --domain")
    ] = None,
    first: options.FirstDay = None,
    last: options.LastDay = None,
    domain: OnlyDomain = None,
    servers: OnlyServers = None,
    sort: Annotated[str | None, typer.Option("--sort", metavar="COLUMN", help="Sort by this column")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="List the user names of failed logins")] = False,  # noqa: FBT002
    inactive: Inactive = None,
    output: Form = Output.TABLE,
    config_file: options.LogConfigFile = None,
    format_name: options.FormatName = "auto",
    default_domain: options.DefaultDomain = None,
    time_zone: options.SiteZone = None,
    log_time_zone: options.LogZone = None,
) -> None:
    """Report by time, domain or user, from the configured ledger, other ledgers or log files."""
    if files and ledgers:
        raise typer.BadParameter("give either --ledger or log files, not both")
    if not files and not ledgers:
        ledgers = [_configured(config_file)]
    column = _checked(by, step, domain, sort)
    if inactive is not None:
        _check_inactive(inactive, by, {"--from": first, "--to": last, "--sort": sort, "--failed": failed})
    days = options.days(first, last)
    wanted = _Wanted(by, step or Step.DAY, *days, domain, servers, column, inactive)
    with ExitStack() as stack:
        clock = time.time()
        if files:
            from exporter.cli import configured, report_logs  # noqa: PLC0415 - all stages, which a ledger does not need

            settings = config_file, format_name, None, default_domain, time_zone, log_time_zone
            ledger, clock = stack.enter_context(report_logs.read(files, configured.for_files(files, *settings)))
            ledgers = [ledger]
        reading = [stack.enter_context(Reading(path)) for path in ledgers or ()]
        write = _write_failed if failed else _write if inactive is None else _write_unused
        write(reading, wanted, clock, output)


def show(ledger: Path, by: By, first: date) -> None:
    """Print the report since `first` as a table."""
    with Reading(ledger) as reading:
        wanted = _Wanted(by, Step.DAY, first, None, None, None, None, None)
        _write([reading], wanted, time.time(), Output.TABLE)


def _checked(by: By, step: Step | None, domain: str | None, sort: str | None) -> str | None:
    """Check which options can be combined; returns the name of the column to sort by."""
    if step is not None and by is not By.TREND:
        raise typer.BadParameter("--step requires --by trend")
    if step is Step.HOUR and domain is None:
        raise typer.BadParameter("--step hour requires --domain: hours are kept for one domain at a time")
    column = sort.replace(" ", "_").lower() if sort else None
    if column is not None and column not in sort_columns(by):
        raise typer.BadParameter(f"--sort {sort}: the columns are {', '.join(sort_columns(by))}")
    return column


def _check_inactive(days: int, by: By, others: Mapping[str, object]) -> None:
    """`--inactive` is a list of users as of now."""
    if by is not By.USER:
        raise typer.BadParameter("--inactive requires --by user")
    if days < 1:
        raise typer.BadParameter(f"--inactive {days}: must be at least 1 day")
    if given := [option for option, value in others.items() if value]:
        raise typer.BadParameter(f"--inactive counts back from now and cannot be combined with {', '.join(given)}")


def _configured(config_file: Path | None) -> Path:
    """The ledger of the configuration."""
    from exporter.cli.configured import loaded  # noqa: PLC0415 - a named ledger needs no configuration

    default_file = options.default_file()
    if config_file is None and not default_file.exists():
        raise typer.BadParameter(f"give --ledger FILE or log files: there is no {default_file} that names a ledger")
    return loaded(config_file).ledger


def _days(reading: Sequence[Reading], wanted: _Wanted, clock: float) -> tuple[date, date]:
    today = date.fromordinal(max(one.calendar.day(int(clock)) for one in reading))
    last = wanted.last or today
    return wanted.first or max(last.replace(day=1), min(_begin(reading), last)), last


def _begin(reading: Sequence[Reading]) -> date:
    """The first day that is known: earlier days are unknown, not empty."""
    births = [(one, key.first_seen) for one in reading for key in one.keys(Scope.SERVER)]
    return date.fromordinal(min((one.calendar.day(stamp) for one, stamp in births), default=1))


def _write(reading: Sequence[Reading], wanted: _Wanted, clock: float, output: Output) -> None:
    first, last = _days(reading, wanted, clock)
    found = report(
        reading,
        by=wanted.by,
        step=wanted.step,
        first=first,
        last=last,
        domain=wanted.domain,
        servers=wanted.servers,
        sort=wanted.sort,
        clock=clock,
    )
    match output:
        case Output.TABLE:
            table.write_table(found, Console())
        case Output.CSV:
            reports.write_csv(found, sys.stdout)
        case Output.JSON:
            reports.write_json(found, sys.stdout)


def _write_failed(reading: Sequence[Reading], wanted: _Wanted, clock: float, output: Output) -> None:
    first, last = _days(reading, wanted, clock)
    names = failed_names(reading, first=first, last=last, domain=wanted.domain, servers=wanted.servers)
    zone = reading[0].calendar.zone(int(clock))
    match output:
        case Output.TABLE:
            table.write_failed_table(names, zone, Console())
        case Output.CSV:
            reports.write_failed_csv(names, zone, sys.stdout)
        case Output.JSON:
            reports.write_failed_json(names, zone, sys.stdout)


def _write_unused(reading: Sequence[Reading], wanted: _Wanted, clock: float, output: Output) -> None:
    found = unused(reading, days=wanted.inactive or 0, clock=clock, domain=wanted.domain, servers=wanted.servers)
    zone = reading[0].calendar.zone(int(clock))
    match output:
        case Output.TABLE:
            table.write_unused_table(found, zone, Console())
        case Output.CSV:
            reports.write_unused_csv(found, zone, sys.stdout)
        case Output.JSON:
            reports.write_unused_json(found, zone, sys.stdout)


COMMANDS = {"report": _report}
