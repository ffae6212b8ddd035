"""`parse`: what each line of a log was taken for."""

import json
import re
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
from exporter.cli.files import batches
from exporter.cli.understood import understood
from exporter.formats.advice import told
from exporter.history import Heard
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
    masked: Annotated[bool, typer.Option("--masked", help="Names and addresses replaced: to be sent in")] = False,  # noqa: FBT002
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
            pipeline.observer = _printer(file, counts, _Mask() if masked else None, unknown=unknown)
            for batch in batches(file):
                pipeline.feed(batch, None)
            _summary(file, pipeline, counts)
            counts.clear()


class _Mask:
    """Replaces names and addresses, each by the same stand-in everywhere, so that lines still belong together."""

    # An address of mail or of a client; then what stands as a user's name in the logs of the servers we know.
    _NAMED = re.compile(
        r"[^\s<>()\[\],;:\"'=`]+@[^\s<>()\[\],;:\"'=`]+|(?<![\w.:])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])"
        r"|(?<=[Uu]ser=)[^\s,<>]+|(?<=user=<)[^<>]+(?=>)|(?<=USER )\S+|(?<=[Uu]ser )[^\s,:]+|(?<=for user )\S+"
    )

    def __init__(self) -> None:
        self._stand_ins: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        return self._NAMED.sub(lambda found: self._stand_in(found[0]), text)

    def _stand_in(self, name: str) -> str:
        number = len(self._stand_ins) + 1
        if name.replace(".", "").isdigit():
            return self._stand_ins.setdefault(name, f"192.0.2.{number % 255}")
        user, at, domain = name.rpartition("@")
        if at:
            return f"{self._stand_in(user)}@{self._stand_in(domain)}.example"
        return self._stand_ins.setdefault(name, f"name{number}")


def _printer(
    file: str, counts: Counter[str], mask: _Mask | None, *, unknown: bool
) -> Callable[[bytes, Record | None, Fact | Verdict], None]:
    """Prints each line as it is taken, and counts."""
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
        text = json.dumps(row, ensure_ascii=False)
        print(mask(text) if mask else text)  # noqa: T201 - the command's output

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
    heard = Heard.of(pipeline.verdicts)
    server = f"{pipeline.format_name or 'no server recognised'}, " if heard.events or heard.unmatched else ""
    console.print(f"{file}: {server}{understood(heard)}", soft_wrap=True, style="" if heard.events else "bold")
    table = Table(box=None, show_header=False)
    for verdict, count in pipeline.verdicts.items():
        table.add_row(verdict.value, f"{count:,}")
        if verdict is Verdict.EVENT:
            for kind in sorted(counts):
                table.add_row(f"  {kind}", f"{counts[kind]:,}")
    console.print(table)
    wanted = (text for one in told(pipeline.format_name, pipeline.quality) for text in one.advice)
    for sentence in (*pipeline.problems, *(f"to be told to the server: {text}" for text in dict.fromkeys(wanted))):
        console.print(sentence, soft_wrap=True)


COMMANDS = {"parse": _parse}
