"""Limits the memory of all responses together, so that large ones do not affect other users."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from exporter.gateway.refusal import Reason, Refusal

TOTAL_BYTES = 256 * 1024 * 1024
# So much each request may have in any case: large answers of others take nothing away from usual ones.
USUAL_BYTES = 1024 * 1024


class Room:
    """The bytes that requests hold beyond the usual ones."""

    def __init__(self, total: int = TOTAL_BYTES) -> None:
        self._free = total

    @contextmanager
    def request(self) -> Iterator[None]:
        """What is taken inside, also by its tasks, is held until its end."""
        held = _Held(self)
        token = _HELD.set(held)
        try:
            yield
        finally:
            _HELD.reset(token)
            self.give(held.counted)

    def take(self, size: int) -> None:
        """Refusal (503) if there is no room."""
        if size > self._free:
            raise Refusal(503, Reason.BUSY, "too many large responses at the moment: try again, or query less")
        self._free -= size

    def give(self, size: int) -> None:
        """Back again."""
        self._free += size


class _Held:
    def __init__(self, room: Room) -> None:
        self._room = room
        self._size = 0
        self.counted = 0

    def take(self, size: int) -> None:
        self._size += size
        more = max(0, self._size - USUAL_BYTES) - self.counted
        self._room.take(more)
        self.counted += more


_HELD: ContextVar[_Held] = ContextVar("held")


def take(size: int) -> None:
    """Count bytes that the present request holds from now on. Refusal (503) where there is no room for them."""
    if held := _HELD.get(None):
        held.take(size)
