"""Limits the concurrent queries of a user; more wait, too many are refused."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from exporter.gateway.refusal import Reason, Refusal

# A dashboard asks some forty queries at once.
MAX_WAITING = 100


@dataclass(slots=True)
class _Queue:
    free: asyncio.Semaphore
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    asking: int = field(default=0)


class Slots:
    """`parallel` queries per user; nothing is kept of users who ask nothing."""

    def __init__(self, parallel: int, waiting: int = MAX_WAITING) -> None:
        self._parallel = parallel
        self._waiting = waiting
        self._queues: dict[str, _Queue] = {}

    @asynccontextmanager
    async def slot(self, user: str, queries: int = 1) -> AsyncIterator[None]:
        """Wait for slots of so many queries and hold them. Refusal (429) where too many of the user's wait already."""
        queue = self._queues.setdefault(user, _Queue(asyncio.Semaphore(self._parallel)))
        if queue.asking >= self._parallel + self._waiting:
            raise Refusal(429, Reason.BUSY, "too many concurrent queries: try again")
        queue.asking += 1
        try:
            async with AsyncExitStack() as held:
                async with queue.turn:  # one after the other: two that hold some and wait for more would wait for ever
                    for _ in range(queries):
                        await held.enter_async_context(queue.free)
                yield
        finally:
            queue.asking -= 1
            if not queue.asking:
                self._queues.pop(user, None)
