"""Options that several commands share, and the configuration made from them."""

import os
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from exporter.cli import access
from exporter.config import DEFAULT_FILE, Config, Source
from exporter.configfile import ConfigError, load
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

FLAGS_SOURCE = "files"


_NO_FILE = """\
  `pop3-exporter setup` writes one for this machine.
  One line is enough: sources: [{name: mail, paths: ["/var/log/mail.log*"]}]
  `pop3-exporter files config DIRECTORY` writes an example that explains every key."""


def loaded(file: Path | None, named: Path | None = None) -> Config:
    """The configuration of the daemon, named by an option or an argument."""
    try:
        return load(config_path(file, named), Config)
    except ConfigError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise ConfigError([*error.problems, _NO_FILE]) from error
        raise


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


def for_files(  # noqa: PLR0917 - the options of all commands that read logs
    files: Sequence[str],
    config_file: Path | None,
    format_name: str,
    server: str | None,
    default_domain: str | None,
    time_zone: str | None,
    log_time_zone: str | None,
) -> Config:
    """The configuration for reading `files`: from `config_file`, or a single source made from the flags."""
    given = {"--server": server, "--default-domain": default_domain, "--log-time-zone": log_time_zone}
    if config_file is not None:
        wrong = [flag for flag, value in given.items() if value is not None]
        if wrong or format_name != "auto":
            raise typer.BadParameter(
                f"{', '.join(wrong or ['--format'])} cannot be combined with --config.file, which sets it"
            )
        return load(config_file, Config)
    try:
        source = Source(
            name=FLAGS_SOURCE,
            paths=tuple(files) or ("-",),
            format=format_name,
            server=server,
            default_domain=default_domain,
            time_zone=log_time_zone,
            start="beginning",
        )
        return Config(time_zone=time_zone, sources=(source,))
    except ValidationError as error:
        raise ConfigError(
            [
                f"{one['loc'][-1] if one['loc'] else ''}: {one['msg'].removeprefix('Value error, ')}"
                for one in error.errors()
            ]
        ) from error


def source_of(file: str, config: Config, chosen: str | None) -> Source:
    """The source that a file belongs to: the only one, the chosen one, or the one whose paths match."""
    if chosen is not None:
        for source in config.sources:
            if source.name == chosen:
                return source
        raise typer.BadParameter(f"no source {chosen!r}; there are: {', '.join(s.name for s in config.sources)}")
    if len(config.sources) == 1:
        return config.sources[0]
    path = Path(file).absolute()
    matching = [source for source in config.sources if any(path.match(pattern) for pattern in source.paths)]
    if len(matching) == 1:
        return matching[0]
    names = ", ".join(source.name for source in matching or config.sources)
    raise typer.BadParameter(f"{file}: several sources could read it; choose one with --source: {names}")


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


def day(text: str | None, option: str) -> date | None:
    """A date given as an option."""
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{option} {text}: not a date; write it like 2026-11-30") from error


class FileProblem(OperatorError):  # noqa: N818 - it is told as it stands
    """A file named on the command line cannot be read."""


def interactive() -> bool:
    """Whether standard error is a terminal, so that progress is shown."""
    return sys.stderr.isatty()
