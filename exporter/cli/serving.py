"""Flags and environment variables of the web server, as Prometheus's exporters have them. They override the file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from exporter.config import PORT, Config, Web, addresses

ListenAddress = Annotated[
    list[str] | None,
    typer.Option(
        "--web.listen-address",
        metavar="ADDRESS",
        envvar="POP3_EXPORTER_WEB_LISTEN_ADDRESS",
        help=f"Address to listen on, such as :{PORT}. Repeatable; overrides web.listen",
        show_default=False,
    ),
]
WebConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--web.config.file",
        metavar="FILE",
        envvar="POP3_EXPORTER_WEB_CONFIG_FILE",
        help="File with TLS and basic auth settings, as in Prometheus's exporter-toolkit; overrides web.config_file",
        show_default=False,
    ),
]


def overridden(config: Config, listen: Sequence[str] | None, config_file: Path | None) -> Config:
    """The configuration with the flags applied. Raises BadParameter."""
    web = Web(
        listen=listened(listen) or config.web.listen,
        config_file=config_file or config.web.config_file,
    )
    return config.model_copy(update={"web": web})


def listened(listen: Sequence[str] | None) -> tuple[str, ...]:
    """The addresses of `--web.listen-address`; empty if not given."""
    try:
        return addresses(tuple(listen)) if listen else ()
    except ValueError as error:
        raise typer.BadParameter(f"--web.listen-address: {error}; given: {', '.join(listen or ())}") from error
