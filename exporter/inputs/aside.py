"""Files set aside: unreadable files are skipped for increasing times, and reported meanwhile."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from exporter.inputs.signature import Signature
from exporter.inputs.troubles import Troubles

FIRST_PAUSE = 1.0  # seconds
LONGEST_PAUSE = 60.0


@dataclass(slots=True)
class _Entry:
    signature: Signature
    began: float
    tried: float
    pause: float
    problem: str
    unreadable: bool


class Aside:
    """By what names a file within its input (its stream, its identity); a change of the file ends its pause."""

    def __init__(self, troubles: Troubles) -> None:
        self._troubles = troubles
        self._entries: dict[Hashable, _Entry] = {}

    def rests(self, key: Hashable, signature: Signature, now: float) -> bool:
        """Whether to skip the file this time; if so, its problem is reported again."""
        entry = self._entries.get(key)
        if entry is None or entry.signature != signature or abs(now - entry.tried) >= entry.pause:
            return False
        self._troubles.tell(entry.problem, unreadable=entry.unreadable)
        return True

    def put(self, key: Hashable, signature: Signature, now: float, problem: str) -> float:
        """Set the file aside because of `problem`; returns for how many seconds it has failed so far."""
        old, unreadable = self._entries.get(key), self._troubles.keeps_unread(problem)
        if old is None or old.signature != signature:
            self._entries[key] = _Entry(signature, now, now, FIRST_PAUSE, problem, unreadable)
            return 0.0
        old.tried, old.pause = now, min(2 * old.pause, LONGEST_PAUSE)
        old.problem, old.unreadable = problem, unreadable
        return abs(now - old.began)

    def done(self, key: Hashable) -> None:
        """The file was read."""
        if self._entries:
            self._entries.pop(key, None)

    def keep_only(self, keys: Iterable[Hashable]) -> None:
        """Forget the others: their files are gone."""
        if self._entries:
            kept = set(keys)
            self._entries = {key: entry for key, entry in self._entries.items() if key in kept}
