"""Creates the web server."""

from collections.abc import Sequence
from pathlib import Path

from exporter.web.app import application
from exporter.web.guard import Guard
from exporter.web.security import Security
from exporter.web.server import MAX_CONNECTIONS, WebServer
from exporter.web.site import Site


def serve(
    listen: str | Sequence[str], site: Site, config_file: Path | None = None, *, connections: int = MAX_CONNECTIONS
) -> WebServer:
    """A running server on one address or several; `connections`: how many at once.

    ConfigError: the web configuration cannot be used; ListenError: an address cannot.
    """
    security = Security(config_file) if config_file else None
    server = WebServer(
        listen, Guard(application(site), security), security.tls if security else None, connections=connections
    )
    server.start()
    return server
