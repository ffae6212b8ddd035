"""`check`: all problems of a configuration, with their lines; what each source would read; the ledger's soundness."""

import os
from glob import glob
from pathlib import Path
from typing import Annotated

import typer

from exporter.cli import options
from exporter.config import DEFAULT_FILE, Source
from exporter.ledger import care
from exporter.wiring import STANDARD_INPUT, inputs_named


def _check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The configuration")] = DEFAULT_FILE,
    *,
    ledger: Annotated[bool, typer.Option("--ledger", help="Read all of the ledger, too, and check its sums")] = False,
) -> None:
    """Say all that is wrong with a configuration (exit code 2), and what it would read."""
    config = options.loaded(file)
    typer.echo(f"{file}: good")
    for source in config.sources:
        typer.echo(f"  source {source.name} ({source.format}): {', '.join(inputs_named(source))}")
        for remark in _remarks(source):
            typer.echo(f"    {remark}")
    if ledger:
        wrong = care.check(config.ledger)
        typer.echo("\n".join((f"{config.ledger}:", *wrong)) if wrong else f"{config.ledger}: sound, and its sums agree")
        if wrong:
            raise typer.Exit(1)


def _remarks(source: Source) -> list[str]:
    """What an operator would want to know before the start; none of it is an error, files may come later."""
    if source.journal is not None or source.paths == STANDARD_INPUT:
        return []
    remarks = []
    for pattern in source.paths:
        found = [path for path in glob(pattern) if Path(path).is_file()]  # noqa: PTH207 - an absolute pattern
        if not found:
            remarks.append(f"{pattern}: nothing there now; it is read as soon as it appears")
        remarks += [f"{path}: may not be read by this user" for path in found if not os.access(path, os.R_OK)]
        remarks += [f"{path}: {Path(path).stat().st_size:,} bytes" for path in found if os.access(path, os.R_OK)]
    return remarks


COMMANDS = {"check": _check}
