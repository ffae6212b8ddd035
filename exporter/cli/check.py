"""`check`: all problems of a configuration, with their lines; what each source would read; the ledger's soundness."""

import os
from collections.abc import Iterator
from glob import glob
from pathlib import Path
from typing import Annotated

import typer

from exporter.catalogue import Quality
from exporter.cli import options
from exporter.cli.files import sampled
from exporter.config import DEFAULT_FILE, Config, Source
from exporter.configfile import ConfigError
from exporter.formats.advice import told
from exporter.ledger import care
from exporter.overlap import left_out, shared
from exporter.wiring import STANDARD_INPUT, inputs_named


def _check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The configuration")] = DEFAULT_FILE,
    *,
    ledger: Annotated[bool, typer.Option("--ledger", help="Read all of the ledger, too, and check its sums")] = False,
) -> None:
    """Say all that is wrong with a configuration (exit code 2), and what it would read."""
    config = options.loaded(file)
    twice = [*shared(config), *(f"source {source}: {problem}" for source, problem in left_out(config))]
    if twice:
        raise ConfigError([f"{file}: {problem}" for problem in twice])
    typer.echo(f"{file}: good")
    for source in config.sources:
        typer.echo(f"  source {source.name} ({source.format}): {', '.join(inputs_named(source))}")
        for remark in _remarks(source, config):
            typer.echo(f"    {remark}")
    if ledger:
        wrong = care.check(config.ledger)
        typer.echo("\n".join((f"{config.ledger}:", *wrong)) if wrong else f"{config.ledger}: sound, and its sums agree")
        if wrong:
            raise typer.Exit(1)


def _remarks(source: Source, config: Config) -> Iterator[str]:
    """What an operator would want to know before the start; none of it is an error, files may come later."""
    if source.journal is not None or source.paths == STANDARD_INPUT:
        return
    readable = []
    for pattern in source.paths:
        matching = glob(pattern, recursive=True)  # noqa: PTH207 - an absolute pattern
        found = sorted(path for path in matching if Path(path).is_file())
        if not found:
            yield f"{pattern}: nothing there now; it is read as soon as it appears"
        for path in found:
            if os.access(path, os.R_OK):
                readable.append(path)
                yield f"{path}: {Path(path).stat().st_size:,} bytes"
            else:
                yield f"{path}: may not be read by this user"
    if readable:
        yield from _told(max(readable, key=lambda path: Path(path).stat().st_mtime), source, config)


def _told(path: str, source: Source, config: Config) -> Iterator[str]:
    """What the newest file's begin shows of the server and its logging, and what to set so that it tells more."""
    try:
        pipeline = sampled(path, source, config)
    except options.FileProblem as problem:
        yield str(problem)
        return
    servers = told(pipeline.format_name, pipeline.checkpoint(()).quality)
    if not servers:
        yield f"{path}: no line of a POP3 server in its first megabytes; is it the right file, and format?"
    for one in servers:
        silent = ", ".join(measure for measure, quality in one.quality.items() if quality is Quality.NONE)
        yield f"{one.server}: {pipeline.format_name}" + (
            f"; not logged: {silent}" if silent else "; tells all measures"
        )
        yield from (f"  {sentence}" for sentence in one.advice)
    yield from pipeline.problems


COMMANDS = {"check": _check}
