"""Files of a source that were set aside: not read, and their committed positions do not change."""

from collections.abc import Iterable

from exporter.model import Position

# They are tried again after this time.
TRIED_SECONDS = 60.0


class HeldFiles:
    """By stream, with their committed positions."""

    def __init__(self) -> None:
        self._positions: dict[str, tuple[Position, ...]] = {}
        self._since = 0.0

    def hold(self, stream: str, committed: Iterable[Position], now: float) -> None:
        """Set a file aside; `committed`: all positions of the source."""
        self._positions[stream] = tuple(position for position in committed if position.stream == stream)
        self._since = now

    def __contains__(self, stream: str) -> bool:
        return stream in self._positions

    def due(self, now: float) -> bool:
        """Whether there are any, and it is time to try them again."""
        return bool(self._positions) and abs(now - self._since) >= TRIED_SECONDS

    def put_into(self, found: tuple[Position, ...]) -> tuple[Position, ...]:
        """The positions of an input, with the committed ones for held files."""
        if not self._positions:
            return found
        known = [position for held in self._positions.values() for position in held]
        return (*(position for position in found if position.stream not in self._positions), *known)
