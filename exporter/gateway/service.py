"""The gateway as a service: its parts put together, served by the exporter's own web server."""

import time
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from exporter.gateway.access import Access
from exporter.gateway.app import Gateway, Parts
from exporter.gateway.asking import Asking
from exporter.gateway.config import GatewayConfig
from exporter.gateway.identity import Tokens
from exporter.gateway.keys import KeyStore
from exporter.gateway.metrics import Metrics
from exporter.gateway.upstream import Upstream
from exporter.web.guard import Guard
from exporter.web.security import Security
from exporter.web.server import WebServer

# A dashboard asks some forty queries at once, each on a connection of its own, and many people may open one.
CONNECTIONS = 1000


class Service:
    """A gateway that listens. `clock`: UNIX seconds, against which tokens are judged."""

    def __init__(self, config: GatewayConfig, clock: Callable[[], float] = time.time) -> None:
        """Reads access and web configuration: ConfigError if one of them cannot be used."""
        self._config = config
        self._clock = clock
        self._access = Access(config.access)
        self._metrics = Metrics()
        self._metrics.watch(lambda: self._access.is_good, lambda: self._access.size)
        self._upstream: Upstream | None = None
        self._app: ASGIApp | None = None
        security = Security(config.web_config_file) if config.web_config_file else None
        self._web = WebServer(
            config.listen,
            Guard(self._serve, security),
            security.tls if security else None,
            connections=CONNECTIONS,
            closing=self._close,
        )

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._web.url

    @property
    def entries(self) -> int:
        """How many entries of the access file hold."""
        return self._access.size

    def start(self) -> None:
        """Listen and serve. ListenError where that is not possible."""
        self._web.start()

    def stop(self) -> None:
        """Finish running answers (a few seconds at most), and end all connections."""
        self._web.stop()

    async def _close(self) -> None:
        if self._upstream is not None:
            await self._upstream.close()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Connections belong to the loop of the server's thread, so they are made in it.
        if self._app is None:
            self._app = self._assembled().application()
        await self._app(scope, receive, send)

    def _assembled(self) -> Gateway:
        self._upstream = Upstream(self._config, time.monotonic)
        keys = KeyStore(self._upstream.keys, time.monotonic, self._metrics.fetched)
        tokens = Tokens(self._config.grafana.signs_as, keys, self._clock)
        asking = Asking(self._upstream, self._config.limits.seconds, time.monotonic)
        return Gateway(Parts(self._config, tokens, self._access, asking, self._metrics, self._clock))
