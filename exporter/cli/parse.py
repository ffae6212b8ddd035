"""`parse`: how each line of a log is understood."""

import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from exporter.cli import configured, options
from exporter.cli.files import batches
from exporter.cli.masking import Mask
from exporter.cli.understood import understood
from exporter.config import Source
from exporter.formats.advice import advice_by_server
from exporter.history.outcome import Heard
from exporter.inputs.whole import STANDARD_INPUT
from exporter.model import Fact, Record, Verdict
from exporter.pipeline import Pipeline
from exporter.wiring import open_ledger, pipeline_of

_DEFAULTS = Fact._field_defaults
Observer = Callable[[bytes, Record | None, Fact | Verdict], None]


def _parse(  # noqa: PLR0917 - options
    files: options.LogFiles,
    config_file: options.LogConfigFile = None,
    source_name: options.SourceName = None,
    format_name: options.FormatName = "auto",
    server: options.ServerName = None,
    default_domain: options.DefaultDomain = None,
    time_zone: options.SiteZone = None,
    log_time_zone: options.LogZone = None,
    unknown: Annotated[bool, typer.Option("--unknown", help="Only show lines that were not understood")] = False,  # noqa: FBT002
    masked: Annotated[bool, typer.Option("--masked", help="Hide names, addresses and passwords, to share it")] = False,  # noqa: FBT002
) -> None:
    """Show how each line of a log is understood, as JSON lines, followed by a summary."""
    config = configured.for_files(files, config_file, format_name, server, default_domain, time_zone, log_time_zone)
    counts: Counter[str] = Counter()
    with (
        tempfile.TemporaryDirectory(prefix="pop3-exporter-") as folder,
        closing(open_ledger(config, 0.0, Path(folder) / "ledger.sqlite")) as ledger,
    ):
        logs = [(file, configured.source_of(file, config, source_name)) for file in options.existing(files)]

        def run(file: str, source: Source, observer: Observer) -> Pipeline:
            pipeline = pipeline_of(source, config, ledger)
            pipeline.observer = observer
            for batch in batches(copies.get(file, file)):
                pipeline.feed(batch, None)
            return pipeline

        mask = Mask() if masked else None
        copies = _copied(files, Path(folder)) if mask else {}
        if mask is not None:
            for file, source in logs:
                run(file, source, _learning(mask))
        for file, source in logs:
            pipeline = run(file, source, _printer(file, counts, mask, unknown=unknown))
            _summary(file, pipeline, counts)
            counts.clear()


def _copied(files: Sequence[str], folder: Path) -> dict[str, str]:
    """Standard input as a file, because it is read twice."""
    if STANDARD_INPUT not in files:
        return {}
    with (folder / "input").open("wb") as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy)
    return {STANDARD_INPUT: str(folder / "input")}


def _learning(mask: Mask) -> Observer:
    def learn(line: bytes, record: Record | None, taken: Fact | Verdict) -> None:
        mask.learn(_text(line), record, taken if isinstance(taken, Fact) else None)

    return learn


def _printer(file: str, counts: Counter[str], mask: Mask | None, *, unknown: bool) -> Observer:
    """Prints how each line is understood, and counts."""
    number = 0

    def printed(line: bytes, record: Record | None, taken: Fact | Verdict) -> None:
        nonlocal number
        number += 1
        verdict = Verdict.EVENT if isinstance(taken, Fact) else taken
        if isinstance(taken, Fact):
            counts[taken.kind.name.lower()] += 1
        if unknown and verdict in (Verdict.EVENT, Verdict.IGNORED):
            return
        row: dict[str, Any] = {"file": file, "line": number, "verdict": verdict.value}
        if record is not None:
            row |= {"stamp": record.stamp, "host": _text(record.host)}
        if isinstance(taken, Fact):
            row |= {name: _plain(value) for name, value in taken._asdict().items() if value != _DEFAULTS.get(name)}
        row["text"] = _text(line)
        print(json.dumps(mask.row(row) if mask else row, ensure_ascii=False))  # noqa: T201 - the command's output

    return printed


def _plain(value: Any) -> Any:  # noqa: ANN401 - any field of a fact
    if isinstance(value, bytes):
        return _text(value)
    return value.name.lower() if hasattr(value, "name") else value


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _summary(file: str, pipeline: Pipeline, counts: Counter[str]) -> None:
    """To standard error, so that the JSON lines can be piped."""
    console = Console(stderr=True, highlight=False)
    # Problems of timestamps are known before a checkpoint, doubts only after it.
    problems, heard, quality = pipeline.problems, Heard.of(pipeline), pipeline.checkpoint(()).quality
    problems = tuple(dict.fromkeys((*problems, *pipeline.problems)))
    server = f"{pipeline.format_name or 'no server recognised'}, " if heard.events or heard.unmatched else ""
    console.print(f"{file}: {server}{understood(heard)}", soft_wrap=True, style="" if heard.events else "bold")
    table = Table(box=None, show_header=False)
    for verdict, count in pipeline.told()[0].items():
        table.add_row(verdict.value, f"{count:,}")
        if verdict is Verdict.EVENT:
            for kind in sorted(counts):
                table.add_row(f"  {kind}", f"{counts[kind]:,}")
    console.print(table)
    wanted = (text for one in advice_by_server(pipeline.format_name, quality) for text in one.advice)
    for sentence in (*problems, *(f"to log more: {text}" for text in dict.fromkeys(wanted))):
        console.print(sentence, soft_wrap=True)


COMMANDS = {"parse": _parse}
