"""The configuration that options name, or that is made from them."""

from collections.abc import Sequence
from pathlib import Path

import typer
from pydantic import ValidationError

from exporter.cli.options import config_path
from exporter.config import Config, Source
from exporter.configfile import ConfigError, load

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
