"""`import`: old logs into a ledger."""

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from exporter.cli import configured, options
from exporter.cli.files import log_files, problems_of, refuse_mixed, refuse_torn, sentences
from exporter.cli.understood import tell
from exporter.config import Source
from exporter.history.importing import ForeignFile, import_files
from exporter.history.outcome import Imported
from exporter.inputs.whole import STANDARD_INPUT
from exporter.ledger import Ledger
from exporter.pipeline import Pipeline
from exporter.wiring import open_ledger, pipelines_of

NewLedger = Annotated[
    Path | None, typer.Option("--ledger", metavar="FILE", help="The ledger; required unless --config.file names it")
]


def _import(  # noqa: PLR0917 - options
    files: options.LogFiles,
    ledger: NewLedger = None,
    config_file: options.LogConfigFile = None,
    source_name: options.SourceName = None,
    format_name: options.FormatName = "auto",
    server: options.ServerName = None,
    default_domain: options.DefaultDomain = None,
    time_zone: options.SiteZone = None,
    log_time_zone: options.LogZone = None,
) -> None:
    """Read old logs, in any order, into a new ledger. A daemon continues from there."""
    if ledger is None and config_file is None:
        raise typer.BadParameter("name a ledger with --ledger, or give the daemon's --config.file")
    if STANDARD_INPUT in files:
        raise typer.BadParameter("give files: standard input cannot be compared with what was imported before")
    config = configured.for_files(files, config_file, format_name, server, default_domain, time_zone, log_time_zone)
    found = [(file, configured.source_of(file, config, source_name)) for file in options.existing(files)]
    refuse_mixed(config, found)
    where = options.with_folder(ledger or config.ledger)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True, disable=not options.interactive())
    with bar, closing(open_ledger(config, time.time(), where)) as book, problems_of("a file"):
        imported = _imported(book, found, pipelines_of(config, book), bar)
        bar.stop()
        remark = "; nothing was counted, so it is not marked as read"
        tell(imported.files, book.calendar, *sentences(imported.problems), remark=remark)
    refuse_torn(imported)
    if not any(one.heard.events or one.skipped for one in imported.files):
        raise options.FileProblem("nothing was counted; are these the logs of the POP3 server?")


def _imported(
    book: Ledger, found: Sequence[tuple[str, Source]], pipelines: Mapping[str, Pipeline], bar: Progress
) -> Imported:
    """Import with progress; FileProblem if a file was read as part of another source."""
    task = bar.add_task("reading", total=None)
    try:
        return import_files(
            book,
            log_files(found),
            pipelines.__getitem__,
            now=time.time(),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    except ForeignFile as error:
        how = (
            "leave out --config.file and --source"
            if error.source == configured.FLAGS_SOURCE
            else f"give the daemon's --config.file and --source {error.source}"
        )
        raise options.FileProblem(
            f"{error.path}: already read as part of source {error.source!r}; importing it would count it twice."
            f" To continue that source, {how}. Nothing was imported"
        ) from error


COMMANDS = {"import": _import}
