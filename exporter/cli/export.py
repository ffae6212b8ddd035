"""`export`: the history of a ledger for other databases."""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from exporter.cli import options
from exporter.history.openmetrics import export_openmetrics
from exporter.ledger.reading import Reading


def _export(
    ledgers: options.LedgerFiles,
    openmetrics: Annotated[Path, typer.Option("--openmetrics", metavar="FILE", help="The file to write")],
    first: options.FirstDay = None,
    last: options.LastDay = None,
) -> None:
    """Write the history of a ledger for Prometheus (promtool), VictoriaMetrics or Mimir."""
    begin, end = options.days(first, last)
    with ExitStack() as stack:
        reading = [stack.enter_context(Reading(path)) for path in ledgers or ()]
        try:
            written = export_openmetrics(reading, openmetrics, first=begin, last=end, clock=time.time())
        except OSError as error:
            raise options.FileProblem(f"{openmetrics}: {error.strerror}") from error
    span = f", {written.first} to {written.last}" if written.samples else ": the ledger has no history of these days"
    typer.echo(f"{openmetrics}: {written.samples:,} samples{span}", err=True)


COMMANDS = {"export": _export}
