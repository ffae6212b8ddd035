"""What a pipeline goes on from."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from exporter.catalogue import Quality
from exporter.model import SavedSession, SourceCount


class Saved(Protocol):
    """What an earlier pipeline of the source left at its last checkpoint."""

    @property
    def envelopes(self) -> Mapping[str, str]: ...
    @property
    def sessions(self) -> Sequence[SavedSession]: ...
    @property
    def counts(self) -> SourceCount: ...
    @property
    def last_events(self) -> Mapping[str, int]: ...
    @property
    def quality(self) -> Mapping[tuple[str, str], Quality]: ...
    @property
    def seen(self) -> int: ...
    @property
    def charged(self) -> int: ...
