"""Runs uvicorn in a thread that the daemon starts and stops."""

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from functools import partial
from typing import Any

import uvicorn

from exporter import threads
from exporter.web.listen import Bounded, ListenError, bind
from exporter.web.protocol import REQUEST_SECONDS, Protocol
from exporter.web.seldom import Seldom, Strangers

LOGGER = logging.getLogger(__name__)
Message = MutableMapping[str, Any]
ASGIApp = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]

# At this limit, the connection that was silent for longest is closed for a new one, or the new one gets a 503.
MAX_CONNECTIONS = 200
STOP_SECONDS = 3
TICK_SECONDS = 1.0
HANDSHAKE_SECONDS = 10.0


# Of all servers of the process, so that it is added to uvicorn's log once.
_STRANGERS = Strangers()


class _Server(uvicorn.Server):
    """uvicorn's server, which waits for an event instead of polling ten times a second."""

    def __init__(self, config: uvicorn.Config, ready: threading.Event) -> None:
        super().__init__(config)
        self._ready = ready
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        while not await self._ticked():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), TICK_SECONDS)

    async def _ticked(self) -> bool:
        """Whether to stop. Errors (such as low memory) must not stop the server."""
        try:
            return await self.on_tick(0)
        except Exception:
            LOGGER.exception("the web server continues")
            return self.should_exit

    def end(self) -> None:
        """Stop it, from another thread."""
        self.should_exit = True
        if self._loop is not None:
            # The loop may have ended already.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stop.set)


class WebServer:
    """Serves `app` on `listen` (`HOST:PORT`, port 0: a free one; or several), with TLS if a context is given.

    `connections`: how many at once. `closing` is awaited in the server's loop when all answers are finished.
    """

    def __init__(
        self,
        listen: str | Sequence[str],
        app: ASGIApp,
        tls: ssl.SSLContext | None = None,
        *,
        connections: int = MAX_CONNECTIONS,
        closing: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._listen = (listen,) if isinstance(listen, str) else tuple(listen)
        self._app = app
        self._tls = tls
        self._connections = connections
        self._closing = closing
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._addresses: list[tuple[str, int]] = [("", 0)]
        self._failed = "; see the log"

    def start(self) -> None:
        """Listen and serve; returns when the server is ready. Raises ListenError."""
        bound = self._bound()
        self._addresses = [one.getsockname()[:2] for one in bound]
        ready = threading.Event()
        self._server = _Server(self._config(), ready)
        self._thread = threading.Thread(target=self._run, args=(self._server, bound, ready), name="web", daemon=True)
        try:
            threads.start(self._thread)
        except threads.ThreadError:
            _close(bound)
            raise
        ready.wait()
        if not self.running:
            raise ListenError(f"web.listen: the server on {', '.join(self._listen)} did not start{self._failed}")

    def stop(self) -> None:
        """Finish running responses (a few seconds at most) and end the thread; does nothing if not running."""
        if self._server is not None and self._thread is not None:
            self._server.end()
            self._thread.join(STOP_SECONDS + 2)

    @property
    def running(self) -> bool:
        """Whether requests are answered."""
        return (
            self._server is not None and self._server.started and self._thread is not None and self._thread.is_alive()
        )

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the first address."""
        return self._addresses[0]

    @property
    def url(self) -> str:
        """The URL of the landing page for a browser on this machine, without a trailing slash."""
        return self.urls[0]

    @property
    def urls(self) -> list[str]:
        """The URLs of all addresses."""
        return [self._url(host, port) for host, port in self._addresses]

    def _url(self, host: str, port: int) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "localhost"}.get(host, host)  # noqa: S104
        return f"{'https' if self._tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"

    def _bound(self) -> list[Bounded]:
        """Sockets for all addresses, or an error."""
        bound: list[Bounded] = []
        try:
            for listen in self._listen:
                bound.append(bind(listen))
                # Each gets its share, so that the total stays the same.
                bound[-1].most = max(1, 2 * self._connections // len(self._listen))
        except ListenError:
            _close(bound)
            raise
        return bound

    def _config(self) -> uvicorn.Config:
        config = uvicorn.Config(
            self._app,
            loop="asyncio",
            http=Protocol,
            ws="none",
            interface="asgi3",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=self._connections,
            timeout_keep_alive=REQUEST_SECONDS,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        config.load()
        logging.getLogger("uvicorn.error").addFilter(_STRANGERS)
        config.ssl = self._tls
        return config

    def _run(self, server: _Server, bound: list[Bounded], ready: threading.Event) -> None:
        try:
            asyncio.run(self._serve(server, bound))
        except (OSError, RuntimeError) as error:  # no descriptor for its loop, no thread for its end
            self._failed = f": {error}"
            if ready.is_set() and not server.should_exit:
                LOGGER.critical("the web server has ended%s", self._failed)
        finally:
            _close(bound)
            ready.set()

    async def _serve(self, server: _Server, bound: list[Bounded]) -> None:
        loop = asyncio.get_running_loop()
        complaints = Seldom(LOGGER)

        def complain(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            # Outside of requests: no descriptors left, a connection that broke.
            complaints.warn(f"web server: {context.get('message')} ({context.get('exception')})")

        loop.set_exception_handler(complain)
        if self._tls is not None:
            # asyncio's default of 60 s would let strangers occupy connections for long.
            loop.create_server = partial(loop.create_server, ssl_handshake_timeout=HANDSHAKE_SECONDS)  # type: ignore[method-assign]
        try:
            await server.serve(sockets=list(bound))
        finally:
            if self._closing is not None:
                await self._closing()


def _close(bound: Sequence[socket.socket]) -> None:
    for one in bound:
        one.close()
