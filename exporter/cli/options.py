"""The options that commands share, and the configuration that comes of them."""

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from exporter.config import DEFAULT_FILE, Config, Source
from exporter.configfile import ConfigError, load

ConfigFile = Annotated[
    Path | None, typer.Option("--config.file", metavar="FILE", help=f"The configuration [default: {DEFAULT_FILE}]")
]
LogConfigFile = Annotated[
    Path | None,
    typer.Option("--config.file", metavar="FILE", help="Take format, server and zones from this file's sources"),
]
FormatName = Annotated[str, typer.Option("--format", metavar="NAME", help="The server's format, or auto")]
ServerName = Annotated[
    str | None, typer.Option("--server", help="The server label [default: the host in the lines, else this machine]")
]
DefaultDomain = Annotated[
    str | None, typer.Option("--default-domain", metavar="DOMAIN", help="For users who log in without @domain")
]
SiteZone = Annotated[
    str | None, typer.Option("--time-zone", metavar="ZONE", help="In which days begin [default: the machine's]")
]
LogZone = Annotated[
    str | None,
    typer.Option("--log-time-zone", metavar="ZONE", help="Of stamps without a zone [default: the machine's]"),
]
SourceName = Annotated[str | None, typer.Option("--source", metavar="NAME", help="Which source the files are of")]
LogFiles = Annotated[
    list[str], typer.Argument(metavar="FILE...", help="Log files, also .gz .bz2 .xz .zip; - is standard input")
]
LedgerFile = Annotated[Path, typer.Option("--ledger", metavar="FILE", help="The ledger")]
LedgerFiles = Annotated[list[Path] | None, typer.Option("--ledger", metavar="FILE", help="A ledger; may be repeated")]

FirstDay = Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="First day, inside")]
LastDay = Annotated[str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="Last day, inside")]

FLAGS_SOURCE = "files"


def loaded(file: Path | None) -> Config:
    """The configuration of the daemon."""
    return load(file or DEFAULT_FILE, Config)


def for_files(  # noqa: PLR0917 - the options of all commands that read logs
    files: Sequence[str],
    config_file: Path | None,
    format_name: str,
    server: str | None,
    default_domain: str | None,
    time_zone: str | None,
    log_time_zone: str | None,
) -> Config:
    """The configuration for reading `files`: the file's, or one made of the flags with a single source."""
    given = {"--server": server, "--default-domain": default_domain, "--log-time-zone": log_time_zone}
    if config_file is not None:
        wrong = [flag for flag, value in given.items() if value is not None]
        if wrong or format_name != "auto":
            raise typer.BadParameter(f"{', '.join(wrong or ['--format'])} cannot go with --config.file, which says it")
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
            [f"{one['loc'][-1] if one['loc'] else ''}: {one['msg']}" for one in error.errors()]
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
    raise typer.BadParameter(f"{file}: which source is it of? Say --source NAME, one of: {names}")


def existing(files: Sequence[str]) -> list[str]:
    """The files, all of which can be opened; else the first that cannot is told."""
    for file in files:
        if file == "-":
            continue
        try:
            if Path(file).is_fifo():  # to open it would wait for a writer
                raise FileProblem(f"{file}: is no file; pipe it into -")
            Path(file).open("rb").close()
        except OSError as error:
            raise FileProblem(f"{file}: {error.strerror}") from error
    return list(files)


def day(text: str | None, option: str) -> date | None:
    """A date given as an option."""
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{option} {text}: a date looks like 2026-11-30") from error


class FileProblem(Exception):  # noqa: N818 - it is told as it stands
    """A file named on the command line cannot be read."""


def interactive() -> bool:
    """Whether somebody looks at standard error, so that progress is shown."""
    return sys.stderr.isatty()
