"""The openers of one source: one for each of its streams, kept over restarts."""

from collections.abc import Collection
from zoneinfo import ZoneInfo

from exporter.envelopes.opener import Opener
from exporter.model import Batch


class Openers:
    """By stream. `zone`: of stamps without one; `saved`: from `states` of earlier ones."""

    def __init__(self, zone: ZoneInfo, saved: dict[str, str]) -> None:
        self._zone = zone
        self._saved = saved
        self._openers: dict[str, Opener] = {}

    def __getitem__(self, stream: str) -> Opener:
        return self._openers[stream]

    def begin(self, batch: Batch, now: float | None) -> Opener:
        """The opener for the lines of the batch's stream. `now`: our clock; None: use the file's age."""
        opener = self._openers.get(batch.stream)
        if opener is None:
            opener = self._openers[batch.stream] = Opener(self._zone, self._saved.pop(batch.stream, ""))
        opener.begin(batch.name, batch.modified, batch.modified if now is None else now, batch.lines)
        return opener

    def newest(self, stream: str) -> int | None:
        """The newest stamp of a stream's last lines (UNIX seconds); None: unknown."""
        opener = self._openers.get(stream)
        return opener.newest if opener else None

    def states(self, streams: Collection[str], *, keeps_text: bool) -> dict[str, str]:
        """The states of these streams for the next openers; all others are over.

        Without streams, nothing is dropped: a pipe continues, but cannot be resumed after a restart.
        """
        if not streams:
            return {}
        self._openers = {stream: opener for stream, opener in self._openers.items() if stream in streams}
        states = {stream: state for stream, state in self._saved.items() if stream in streams}
        return states | {stream: opener.state(keeps_text=keeps_text) for stream, opener in self._openers.items()}

    @property
    def problems(self) -> list[str]:
        """Problems with the streams' stamps that an operator should know."""
        return sorted({opener.problem for opener in self._openers.values() if opener.problem})
