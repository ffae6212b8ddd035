"""The command line: its commands in one place, and how errors are told."""

import gc
import io
import os
import sys
from typing import Annotated

import typer

from exporter import __version__
from exporter.cli.commands import Commands
from exporter.errors import OperatorError

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Exact POP3 usage metrics for Prometheus, read from the logs of POP3 servers.",
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer's callback
    if wanted:
        typer.echo(f"pop3-exporter {__version__}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version")]


@app.callback()
def _options(*, version: Version = False) -> None:
    del version


def main() -> None:
    """Run the command line; errors of the world are one line for people, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # names may hold what an old terminal's encoding does not
            stream.reconfigure(errors="backslashreplace")
    # Of what is made for each line hardly anything is garbage, and nothing is a cycle: looking for some took a fifth of
    # the time of tests/bench/lines.py.
    gc.freeze()
    gc.set_threshold(20_000, 50, 50)
    try:
        app()
    except OperatorError as error:
        sys.exit(_told(error, error.exit_code))
    except BrokenPipeError:
        # Somebody read as much as he wanted (`| head`); the interpreter must not complain when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _told(error: Exception, code: int) -> int:
    print(f"pop3-exporter: {error}" if code == 1 else str(error), file=sys.stderr)  # noqa: T201
    return code
