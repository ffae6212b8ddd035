"""Options that several commands share."""

import os
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from exporter import DEFAULT_FILE
from exporter.cli import access
from exporter.errors import OperatorError

FILE_VARIABLE = "POP3_EXPORTER_CONFIG_FILE"
MACHINES = "this machine's"


def default(value: object) -> str:
    """How the help shows a default, also one that depends on something else.

    In parentheses, because several releases of typer treat brackets as markup, or escape them.
    """
    return f"(default: {value})"


ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config.file",
        metavar="FILE",
        help=f"The configuration file {default(DEFAULT_FILE)} [env var: {FILE_VARIABLE}]",
        show_default=False,
    ),
]
# The configuration as an argument: commands about it accept both.
ConfigArgument = Annotated[
    Path | None, typer.Argument(metavar="FILE", help="The same as --config.file", show_default=False)
]
LogConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config.file",
        metavar="FILE",
        help="Use the format, server and time zones of this configuration's sources",
        show_default=False,
    ),
]
FormatName = Annotated[
    str,
    typer.Option("--format", metavar="NAME", help=f"The log format {default('auto')}", show_default=False),
]
ServerName = Annotated[
    str | None,
    typer.Option(
        "--server",
        metavar="NAME",
        help=f"The value of the server label {default('the host name in the lines, else of this machine')}",
        show_default=False,
    ),
]
DefaultDomain = Annotated[
    str | None,
    typer.Option(
        "--default-domain", metavar="DOMAIN", help="The domain of users who log in without one", show_default=False
    ),
]
SiteZone = Annotated[
    str | None,
    typer.Option(
        "--time-zone", metavar="ZONE", help=f"The time zone in which days begin {default(MACHINES)}", show_default=False
    ),
]
LogZone = Annotated[
    str | None,
    typer.Option(
        "--log-time-zone",
        metavar="ZONE",
        help=f"The time zone of timestamps that name none {default(MACHINES)}",
        show_default=False,
    ),
]
SourceName = Annotated[
    str | None,
    typer.Option(
        "--source",
        metavar="NAME",
        help=f"The source that the files belong to {default('the one whose paths match')}",
        show_default=False,
    ),
]
LogFiles = Annotated[
    list[str], typer.Argument(metavar="FILE", help="Log files, plain or .gz .bz2 .xz .zip; - is standard input")
]
OwnLedger = Annotated[
    Path | None,
    typer.Option(
        "--ledger", metavar="FILE", help=f"The ledger {default('the one in the configuration')}", show_default=False
    ),
]
LedgerFiles = Annotated[list[Path] | None, typer.Option("--ledger", metavar="FILE", help="A ledger. Repeatable")]

FirstDay = Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="The first day", show_default=False)]
LastDay = Annotated[str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="The last day", show_default=False)]


def config_path(file: Path | None, named: Path | None = None) -> Path:
    """The path of the configuration."""
    if file and named and file != named:
        raise typer.BadParameter(f"two different configurations given: {named} and --config.file {file}")
    return file or named or default_file()


def default_file() -> Path:
    """The path of the configuration if none is given."""
    return Path(os.environ.get(FILE_VARIABLE) or DEFAULT_FILE)


def with_folder(ledger: Path) -> Path:
    """The path of the ledger, whose directory is created if only that is missing; FileProblem if it cannot be.

    A ledger has names of users and their networks, so new files are only readable by their owner. For the systemd unit,
    files created by root change their owner at the start (StateDirectory=).
    """
    os.umask(0o077)
    folder = ledger.parent
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except FileNotFoundError as error:
        advice = f"create it (mkdir -p -m 700 {folder}), or name another ledger"
        raise FileProblem(f"{ledger}: there is no directory {folder}; {advice}") from error
    except PermissionError as error:
        advice = "run this as root (sudo), or name another ledger"
        raise FileProblem(
            f"{ledger}: there is no directory {folder}, and this user cannot create it: {advice}"
        ) from error
    except OSError as error:
        raise FileProblem(f"{folder}: {error.strerror}") from error
    return ledger


def existing(files: Sequence[str]) -> list[str]:
    """The files; FileProblem for the first that cannot be opened."""
    for file in files:
        if file == "-":
            continue
        try:
            if Path(file).is_fifo():  # opening it would wait for a writer
                raise FileProblem(f"{file}: is a named pipe; read it through standard input (-)")
            Path(file).open("rb").close()
        except PermissionError as error:
            raise FileProblem(f"{file}: {error.strerror}; {access.advice(Path(file))}") from error
        except IsADirectoryError as error:
            raise FileProblem(f"{file}: is a directory; name the files in it: {file.rstrip('/')}/*") from error
        except OSError as error:
            raise FileProblem(f"{file}: {error.strerror}") from error
    return list(files)


def days(first: str | None, last: str | None) -> tuple[date | None, date | None]:
    """The dates of `--from` and `--to`."""
    begin, end = _day(first, "--from"), _day(last, "--to")
    if begin and end and begin > end:
        raise typer.BadParameter(f"--from {begin} is after --to {end}")
    return begin, end


def _day(text: str | None, option: str) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{option} {text}: not a date; write it like 2026-11-30") from error


class FileProblem(OperatorError):  # noqa: N818 - it is told as it stands
    """A file named on the command line cannot be read."""


def interactive() -> bool:
    """Whether standard error is a terminal, so that progress is shown."""
    return sys.stderr.isatty()
