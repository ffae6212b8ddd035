"""The gateway as a service: its parts put together, served by the exporter's own web server."""

import asyncio
import concurrent.futures
import contextlib
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
from exporter.web import Security, WebServer
from exporter.web.guard import Guard

CLOSE_SECONDS = 3.0


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
        self._loop: asyncio.AbstractEventLoop | None = None
        self._app: ASGIApp | None = None
        security = Security(config.web_config_file) if config.web_config_file else None
        self._web = WebServer(config.listen, Guard(self._serve, security), security.tls if security else None)

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
        """Finish running answers, and end all connections."""
        if self._loop is not None and self._upstream is not None and self._web.running:
            closing = asyncio.run_coroutine_threadsafe(self._upstream.close(), self._loop)
            with contextlib.suppress(concurrent.futures.TimeoutError):
                closing.result(CLOSE_SECONDS)
        self._web.stop()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Connections belong to the loop of the server's thread, so they are made in it.
        if self._app is None:
            self._app = self._assembled().application()
        await self._app(scope, receive, send)

    def _assembled(self) -> Gateway:
        self._loop = asyncio.get_running_loop()
        self._upstream = Upstream(self._config, time.monotonic)
        keys = KeyStore(self._upstream.keys, time.monotonic, self._metrics.fetched)
        tokens = Tokens(self._config.grafana.signs_as, keys, self._clock)
        asking = Asking(self._upstream, self._config.limits.seconds, time.monotonic)
        return Gateway(Parts(self._config, tokens, self._access, asking, self._metrics, self._clock))
