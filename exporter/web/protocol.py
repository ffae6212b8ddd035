"""uvicorn's HTTP/1.1 with timeouts: by default it waits forever for requests and for readers."""

import asyncio
from collections.abc import Callable
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

# The longest head of a request.
HEAD_BYTES = 64 * 1024
# Longer than usual scrape intervals, so that Prometheus keeps its connection.
REQUEST_SECONDS = 75
# For some 100 kB: slower readers occupy memory and a connection.
TAKE_SECONDS = 120


class _Deadline:
    """Calls a function unless it is stopped in time."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act
        self._handle: asyncio.TimerHandle | None = None

    def start(self, seconds: float) -> None:
        """Start, replacing an earlier deadline."""
        self.stop()
        self._handle = asyncio.get_running_loop().call_later(seconds, self._act)

    def stop(self) -> None:
        """Does nothing if it is not running."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


class _Strict(h11.Connection):
    """Refuses ambiguous requests with both a length and a transfer coding (RFC 9112, 6.1)."""

    def next_event(self) -> Any:  # noqa: ANN401 - h11's events have no common type
        event = super().next_event()
        if isinstance(event, h11.Request):
            names = {name for name, _ in event.headers}
            if {b"content-length", b"transfer-encoding"} <= names:
                raise h11.RemoteProtocolError("Content-Length with Transfer-Encoding")
        return event


class Protocol(H11Protocol):
    """One connection, closed if the client keeps it waiting.

    The whole head of a request must arrive within REQUEST_SECONDS, and what was written must be read
    within TAKE_SECONDS. If there are too many connections, the one that has been silent for longest is closed.
    """

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.conn = _Strict(h11.SERVER, HEAD_BYTES)
        self._silent_since: float | None = None
        self._answered = False

    def _make_room(self) -> None:
        """Close a connection at the limit, because uvicorn would return 503 to the next client."""
        living = [one for one in self.connections if isinstance(one, Protocol) and not one.transport.is_closing()]
        if self.limit_concurrency is None or len(living) < self.limit_concurrency:
            return
        silent = [(one._answered, one._silent_since, one) for one in living if one._silent_since is not None]  # noqa: SLF001
        if silent:
            min(silent, key=lambda each: each[:2])[-1].transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._asked = _Deadline(transport.abort)
        self._taken = _Deadline(transport.abort)
        super().connection_made(transport)
        self._make_room()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._asked.stop()
        self._taken.stop()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:
            self._silent_since = None
            self._asked.stop()

    def on_response_complete(self) -> None:
        # First, because another request may already be waiting.
        self._answered = True
        self._wait()
        super().on_response_complete()

    def _wait(self) -> None:
        """Wait for the next request."""
        self._silent_since = asyncio.get_running_loop().time()
        self._asked.start(REQUEST_SECONDS)

    def pause_writing(self) -> None:
        self._taken.start(TAKE_SECONDS)
        super().pause_writing()

    def resume_writing(self) -> None:
        self._taken.stop()
        super().resume_writing()
