"""The command line: all commands, and how errors are reported."""

import gc
import io
import os
import sys
from typing import Annotated

import typer

from exporter import __version__
from exporter.cli.commands import Commands
from exporter.errors import OperatorError

STREAMS = 3  # standard input, output and error

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
    """Run the command line; an OperatorError is printed as one line, without a traceback."""
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # names may have characters that the terminal's encoding lacks
            stream.reconfigure(errors="backslashreplace")
    # Objects made for a line are rarely garbage and never in cycles: tests/bench/lines.py and attack.py.
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    try:
        app()
    except OperatorError as error:
        sys.exit(_told(error, error.exit_code))
    except BrokenPipeError:
        # The reader closed the pipe (`| head`); the interpreter must not complain when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _open_streams() -> None:
    """Open the standard streams that our caller has closed: no file of ours must get their numbers."""
    while (number := os.open(os.devnull, os.O_RDWR)) < STREAMS:
        os.set_inheritable(number, True)
    os.close(number)
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8")
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8")


def _told(error: Exception, code: int) -> int:
    print(f"pop3-exporter: {error}" if code == 1 else str(error), file=sys.stderr)  # noqa: T201
    return code
