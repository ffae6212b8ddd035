"""`healthcheck`: whether the daemon responds on its own address, for containers; also with TLS and passwords.

The configuration has no password, only its hash, and no client certificate. So a refusal by the daemon itself, a 401 or
a TLS alert that asks for a certificate, counts as alive: `/-/healthy` says no more than that either.
"""

import http.client
import ssl
from pathlib import Path
from typing import Annotated

import typer

from exporter.addresses import is_everywhere
from exporter.cli import configured, options, serving
from exporter.cli.gateway import DEFAULT_FILE as GATEWAY_FILE
from exporter.config import addresses
from exporter.web.listen import split
from exporter.web.webconfig import TlsServer, read

PATH = "/-/healthy"
# Docker and Kubernetes end a check after 10 s by our settings; this reports the reason before that.
SECONDS = 5.0
ALIVE = {200: "", 401: " (it requires a user, as configured)"}


Gateway = Annotated[bool, typer.Option("--gateway", help="Check the gateway instead, using its configuration")]


def _healthcheck(
    file: options.ConfigArgument = None,
    config_file: options.ConfigFile = None,
    listen: serving.ListenAddress = None,
    web_config_file: serving.WebConfigFile = None,
    *,
    gateway: Gateway = False,
) -> None:
    """Check that the daemon runs: exit code 0 if it does, else 1. For containers; works with TLS and passwords."""
    address, web_config = (_of_gateway if gateway else _of_exporter)(file, config_file)
    address, web_config = (*serving.listened(listen), address)[0], web_config_file or web_config
    host, port = split(address)
    host = "127.0.0.1" if is_everywhere(host) else host
    tls = read(web_config).tls_server_config if web_config else None
    shown = f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}{PATH}"
    try:
        status = _status(_connection(host, port, tls))
    except (OSError, http.client.HTTPException) as error:
        if _asks_for_certificate(error, tls):
            typer.echo(f"healthy: {shown} requires a client certificate, as configured")
            return
        raise options.FileProblem(f"unhealthy: {shown}: {_cause(error)}") from error
    if status not in ALIVE:
        raise options.FileProblem(f"unhealthy: {shown} returned {status}")
    typer.echo(f"healthy: {shown} returned {status}{ALIVE[status]}")


def _cause(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _of_exporter(file: Path | None, config_file: Path | None) -> tuple[str, Path | None]:
    web = configured.loaded(config_file, file).web
    return web.listen[0], web.config_file


def _of_gateway(file: Path | None, config_file: Path | None) -> tuple[str, Path | None]:
    from exporter.gateway import config  # noqa: PLC0415 - an exporter without this extra has none of what it needs

    found = config.read(config_file or file or GATEWAY_FILE)
    return addresses(found.listen)[0], found.web_config_file


def _connection(host: str, port: int, tls: TlsServer | None) -> http.client.HTTPConnection:
    if tls is None:
        return http.client.HTTPConnection(host, port, timeout=SECONDS)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # The certificate is for the name that clients use, not for this address; nothing secret is sent.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=SECONDS, context=context)


def _status(connection: http.client.HTTPConnection) -> int:
    try:
        connection.request("GET", PATH)
        return connection.getresponse().status
    finally:
        connection.close()


def _asks_for_certificate(error: Exception, tls: TlsServer | None) -> bool:
    """TLS 1.2 does so in the handshake; TLS 1.3 after it, with an alert or by closing, perhaps before our request."""
    if tls is None or tls.client_auth_type != "RequireAndVerifyClientCert":
        return False
    if isinstance(error, ssl.SSLError):
        return "ALERT" in str(error.reason)
    return isinstance(error, ConnectionResetError | BrokenPipeError)  # http.client's RemoteDisconnected is one


COMMANDS = {"healthcheck": _healthcheck}
