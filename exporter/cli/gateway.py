"""`gateway`: between Grafana and Prometheus, for domain administrators and CSV."""

import logging
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from exporter.cli import logs, serving
from exporter.cli.options import FileProblem, default

LOG = logging.getLogger("pop3_exporter")
DEFAULT_FILE = Path("/etc/pop3-exporter/gateway.yaml")


def _gateway(
    config_file: Annotated[
        Path,
        typer.Option(
            "--config.file",
            metavar="FILE",
            help=f"The gateway's configuration {default(DEFAULT_FILE)}",
            show_default=False,
        ),
    ] = DEFAULT_FILE,
    listen: serving.ListenAddress = None,
    web_config_file: serving.WebConfigFile = None,
    log_level: logs.LogLevel = logs.Level.INFO,
    log_format: logs.LogFormat = logs.Form.TEXT,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Check the configuration and the access file, then exit")
    ] = False,
) -> None:
    """Run the gateway: domain administrators see only their domains, and reports can be downloaded as CSV."""
    try:
        # Imported here, because these need packages of the extra `gateway`.
        from exporter.gateway.config import read  # noqa: PLC0415
        from exporter.gateway.service import Service  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise FileProblem(f"the gateway needs {error.name}: pip install 'pop3-exporter[gateway]'") from error
    logs.begin(log_level, log_format)
    config = read(config_file)
    flags = {"listen": serving.listened(listen) or config.listen, "web_config_file": web_config_file}
    config = config.model_copy(update={name: value for name, value in flags.items() if value})
    service = Service(config)
    if check:
        typer.echo(f"{config_file}: good\n{config.access}: good, {service.entries} entries")
        return
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    service.start()
    LOG.info("gateway listens on %s; %d entries in %s", service.url, service.entries, config.access)
    stop.wait()
    service.stop()
    LOG.info("gateway stopped")


COMMANDS = {"gateway": _gateway}
