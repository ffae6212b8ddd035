"""HTTP/1.1 by uvicorn, which by itself waits forever for a request to come and for an answer to be taken."""

import asyncio
from collections.abc import Callable

from uvicorn.protocols.http.h11_impl import H11Protocol

# Longer than usual scrape intervals, so that Prometheus keeps its connection.
REQUEST_SECONDS = 75
# For some 100 kB: who takes them slower holds memory and a connection.
TAKE_SECONDS = 120


class _Deadline:
    """Does something unless it is stopped in time."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act
        self._handle: asyncio.TimerHandle | None = None

    def start(self, seconds: float) -> None:
        """From now on; an earlier one no longer holds."""
        self.stop()
        self._handle = asyncio.get_running_loop().call_later(seconds, self._act)

    def stop(self) -> None:
        """Harmless when it does not run."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


class Protocol(H11Protocol):
    """One connection, broken off where its other end keeps us waiting.

    A whole head of a request must come within REQUEST_SECONDS, however its bytes drip in, and what was written must be
    taken within TAKE_SECONDS.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._asked = _Deadline(transport.abort)
        self._taken = _Deadline(transport.abort)
        super().connection_made(transport)
        self._asked.start(REQUEST_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._asked.stop()
        self._taken.stop()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:
            self._asked.stop()

    def on_response_complete(self) -> None:
        # First, because another request may already be there.
        self._asked.start(REQUEST_SECONDS)
        super().on_response_complete()

    def pause_writing(self) -> None:
        self._taken.start(TAKE_SECONDS)
        super().pause_writing()

    def resume_writing(self) -> None:
        self._taken.stop()
        super().resume_writing()
