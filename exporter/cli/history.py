"""`report`, `export` and `import`: what the ledger knows, out and in."""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from exporter.cli import options
from exporter.cli.files import replayed
from exporter.history import LogFile, export_openmetrics, import_files
from exporter.ledger.reading import Reading
from exporter.periods import Step
from exporter.reports import By, failed_names, report, sort_columns
from exporter.reports import output as reports
from exporter.wiring import log_zone, open_ledger, pipeline_of


class Output(StrEnum):
    """How a report is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def _report(  # noqa: PLR0917 - the options of a report
    files: Annotated[list[str] | None, typer.Argument(metavar="[FILE...]", help="Log files instead of ledgers")] = None,
    ledgers: options.LedgerFiles = None,
    by: Annotated[By, typer.Option("--by", help="Trend over time, or a row for each domain or user")] = By.TREND,
    step: Annotated[Step | None, typer.Option("--step", help="With --by trend; hour needs --domain")] = None,
    first: Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="First day, inside")] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="Last day, inside")] = None,
    domain: Annotated[str | None, typer.Option("--domain", help="Only this one")] = None,
    servers: Annotated[list[str] | None, typer.Option("--server", help="Only these; may be repeated")] = None,
    sort: Annotated[str | None, typer.Option("--sort", metavar="COLUMN", help="Another order")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="The names that failed to log in")] = False,  # noqa: FBT002
    output: Annotated[Output, typer.Option("--output", help="How to write it")] = Output.TABLE,
    config_file: options.LogConfigFile = None,
    format_name: options.FormatName = "auto",
    default_domain: options.DefaultDomain = None,
    time_zone: options.SiteZone = None,
    log_time_zone: options.LogZone = None,
) -> None:
    """The report: connections, blocked, bad commands, terminations, bandwidth; from ledgers or log files."""
    if bool(files) == bool(ledgers):
        raise typer.BadParameter("give either --ledger LEDGER or log files")
    if step is not None and by is not By.TREND:
        raise typer.BadParameter("--step goes with --by trend only")
    if step is Step.HOUR and domain is None:
        raise typer.BadParameter("--step hour needs --domain: hours are shown inside one domain")
    if sort is not None and sort.replace(" ", "_").lower() not in sort_columns(by):
        raise typer.BadParameter(f"--sort {sort}: the columns are {', '.join(sort_columns(by))}")
    with ExitStack() as stack:
        if files:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pop3-exporter-")))
            one = servers[0] if servers and len(servers) == 1 and config_file is None else None
            config = options.for_files(files, config_file, format_name, one, default_domain, time_zone, log_time_zone)
            sources = [(file, options.source_of(file, config, None)) for file in options.existing(files)]
            _, clock = replayed(folder / "ledger.sqlite", config, sources)
            ledgers = [folder / "ledger.sqlite"]
        else:
            clock = time.time()
        reading = [stack.enter_context(Reading(path)) for path in ledgers or ()]
        day = date.fromordinal(max(one.calendar.day(int(clock)) for one in reading))
        begin, end = _day(first, "--from", day.replace(day=1)), _day(last, "--to", day)
        if failed:
            _write_failed(reading, begin, end, domain, servers, output)
            return
        found = report(
            reading, by=by, step=step or Step.DAY, first=begin, last=end, domain=domain, servers=servers,
            sort=sort.replace(" ", "_").lower() if sort else None, clock=clock,
        )  # fmt: skip
        writers: dict[Output, Callable[[Any, Any], None]] = {
            Output.TABLE: reports.write_table,
            Output.CSV: reports.write_csv,
            Output.JSON: reports.write_json,
        }
        writers[output](found, Console() if output is Output.TABLE else sys.stdout)


def _write_failed(  # noqa: PLR0917
    reading: Sequence[Reading], first: date, last: date, domain: str | None, servers: list[str] | None, output: Output
) -> None:
    names = failed_names(reading, first=first, last=last, domain=domain, servers=servers)
    zone = reading[0].calendar.zone(int(time.time()))
    if output is Output.TABLE:
        reports.write_failed_table(names, zone, Console())
    elif output is Output.CSV:
        reports.write_failed_csv(names, zone, sys.stdout)
    else:
        reports.write_failed_json(names, zone, sys.stdout)


def _day(text: str | None, option: str, default: date) -> date:
    try:
        return default if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{option} {text}: a date looks like 2026-11-30") from error


def _export(
    ledgers: options.LedgerFiles,
    openmetrics: Annotated[Path, typer.Option("--openmetrics", metavar="FILE", help="Where to write it")],
    first: Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="First day, inside")] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="Last day, inside")] = None,
) -> None:
    """History for Prometheus (promtool), VictoriaMetrics and Mimir, in the form that the dashboards read."""
    with ExitStack() as stack:
        reading = [stack.enter_context(Reading(path)) for path in ledgers or ()]
        try:
            written = export_openmetrics(
                reading,
                openmetrics,
                first=_day(first, "--from", date.min) if first else None,
                last=_day(last, "--to", date.max) if last else None,
                clock=time.time(),
            )
        except OSError as error:
            raise options.FileProblem(f"{openmetrics}: {error.strerror}") from error
    typer.echo(f"{openmetrics}: {written.samples:,} samples, {written.first} to {written.last}", err=True)


def _import(  # noqa: PLR0917 - options
    files: options.LogFiles,
    ledger: Annotated[
        Path | None, typer.Option("--ledger", metavar="FILE", help="[default: the configured one]")
    ] = None,
    config_file: options.LogConfigFile = None,
    source_name: options.SourceName = None,
    format_name: options.FormatName = "auto",
    server: options.ServerName = None,
    default_domain: options.DefaultDomain = None,
    time_zone: options.SiteZone = None,
    log_time_zone: options.LogZone = None,
) -> None:
    """Old logs, in any order, into a ledger that never ran, or one of their own; a daemon then goes on from there."""
    if ledger is None and config_file is None:
        raise typer.BadParameter("say into which --ledger, or give the daemon's --config.file")
    config = options.for_files(files, config_file, format_name, server, default_domain, time_zone, log_time_zone)
    found = [(file, options.source_of(file, config, source_name)) for file in options.existing(files)]
    logs = [LogFile(file, source.name, log_zone(source)) for file, source in found]
    sources = {source.name: source for source in config.sources}
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True, disable=not options.interactive())
    with bar, closing(open_ledger(config, time.time(), ledger)) as book:
        task = bar.add_task("reading", total=None)
        imported = import_files(
            book,
            logs,
            lambda name: pipeline_of(sources[name], config, book),
            now=time.time(),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    for one in imported.files:
        seen = f", {one.skipped:,} bytes of it were read before" if one.skipped else ""
        left = f", {one.left:,} bytes of an unfinished line are left" if one.left else ""
        typer.echo(f"{one.path}: {one.lines:,} lines{seen}{left}", err=True)
    problems = [f"{one.path}: {one.problem}" for one in imported.files if one.problem]
    if problems:
        raise options.FileProblem("\n".join(problems))


COMMANDS = {"report": _report, "export": _export, "import": _import}
