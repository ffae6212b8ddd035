"""The web side: /metrics, health, readiness and a landing page, served by uvicorn in one thread of its own.

web = serve("127.0.0.1:10110", Site(...), config_file=None)   # ConfigError, ListenError
...
web.stop()
"""

from pathlib import Path

from exporter.web.app import application
from exporter.web.guard import Guard
from exporter.web.listen import ListenError
from exporter.web.security import Security
from exporter.web.server import WebServer
from exporter.web.site import Site

__all__ = ["ListenError", "Security", "Site", "WebServer", "serve"]


def serve(listen: str, site: Site, config_file: Path | None = None) -> WebServer:
    """A running server. ConfigError: the web configuration cannot be used; ListenError: the address cannot."""
    security = Security(config_file) if config_file else None
    server = WebServer(listen, Guard(application(site), security), security.tls if security else None)
    server.start()
    return server
