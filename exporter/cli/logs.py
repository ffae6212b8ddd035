"""`parse` and `replay`: what a log says, line by line and as a whole."""

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from exporter.cli import options
from exporter.cli.files import batches, replayed
from exporter.exposition.renderer import Exposition
from exporter.ledger.reading import Reading
from exporter.model import Fact, Record, Verdict
from exporter.pipeline import Pipeline
from exporter.wiring import open_ledger, pipeline_of

_DEFAULTS = Fact._field_defaults


def _parse(  # noqa: PLR0917 - options
    files: options.LogFiles,
    config_file: options.LogConfigFile = None,
    source_name: options.SourceName = None,
    format_name: options.FormatName = "auto",
    server: options.ServerName = None,
    default_domain: options.DefaultDomain = None,
    time_zone: options.SiteZone = None,
    log_time_zone: options.LogZone = None,
    unknown: Annotated[bool, typer.Option("--unknown", help="Only lines that were not understood")] = False,  # noqa: FBT002
) -> None:
    """What each line was taken for (JSON lines), then a summary: for people who add wordings."""
    config = options.for_files(files, config_file, format_name, server, default_domain, time_zone, log_time_zone)
    counts: Counter[str] = Counter()
    with (
        tempfile.TemporaryDirectory(prefix="pop3-exporter-") as folder,
        closing(open_ledger(config, 0.0, Path(folder) / "ledger.sqlite")) as ledger,
    ):
        for file in options.existing(files):
            pipeline = pipeline_of(options.source_of(file, config, source_name), config, ledger)
            pipeline.observer = _printer(file, counts, unknown=unknown)
            for batch in batches(file):
                pipeline.feed(batch, None)
            _summary(file, pipeline, counts)
            counts.clear()


def _printer(
    file: str, counts: Counter[str], *, unknown: bool
) -> Callable[[bytes, Record | None, Fact | Verdict], None]:
    """Prints each line as it is taken, and counts."""
    number = 0

    def printed(line: bytes, record: Record | None, taken: Fact | Verdict) -> None:
        nonlocal number
        number += 1
        verdict = Verdict.EVENT if isinstance(taken, Fact) else taken
        counts[verdict] += 1
        if isinstance(taken, Fact):
            counts[f"  {taken.kind.name.lower()}"] += 1
        if unknown and verdict in (Verdict.EVENT, Verdict.IGNORED):
            return
        row: dict[str, Any] = {"file": file, "line": number, "verdict": verdict.value}
        if record is not None:
            row |= {"stamp": record.stamp, "host": _text(record.host)}
        if isinstance(taken, Fact):
            row |= {name: _plain(value) for name, value in taken._asdict().items() if value != _DEFAULTS.get(name)}
        row["text"] = _text(line)
        print(json.dumps(row, ensure_ascii=False))  # noqa: T201 - the command's output

    return printed


def _plain(value: Any) -> Any:  # noqa: ANN401 - any field of a fact
    if isinstance(value, bytes):
        return _text(value)
    return value.name.lower() if hasattr(value, "name") else value


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _summary(file: str, pipeline: Pipeline, counts: Counter[str]) -> None:
    """To standard error, so that the JSON lines can be piped."""
    console = Console(stderr=True)
    table = Table(
        title=f"{file}: {pipeline.format_name or 'no server recognised'}", title_justify="left", show_header=False
    )
    for verdict in Verdict:
        table.add_row(verdict.value, f"{counts[verdict]:,}")
        if verdict is Verdict.EVENT:
            for kind in sorted(key for key in counts if key.startswith("  ")):
                table.add_row(kind, f"{counts[kind]:,}")
    console.print(table)
    for problem in pipeline.problems:
        console.print(problem)


def _replay(  # noqa: PLR0917 - options
    files: options.LogFiles,
    config_file: options.LogConfigFile = None,
    source_name: options.SourceName = None,
    format_name: options.FormatName = "auto",
    server: options.ServerName = None,
    default_domain: options.DefaultDomain = None,
    time_zone: options.SiteZone = None,
    log_time_zone: options.LogZone = None,
) -> None:
    """The whole pipeline over whole files; prints /metrics as it would stand at the newest stamp read."""
    config = options.for_files(files, config_file, format_name, server, default_domain, time_zone, log_time_zone)
    sources = [(file, options.source_of(file, config, source_name)) for file in options.existing(files)]
    with tempfile.TemporaryDirectory(prefix="pop3-exporter-") as folder:
        path = Path(folder) / "ledger.sqlite"
        view, clock = replayed(path, config, sources)
        with Reading(path) as reading:
            calendar = reading.calendar
        for piece in Exposition(calendar).render(view, clock):
            sys.stdout.buffer.write(piece)


COMMANDS = {"parse": _parse, "replay": _replay}
