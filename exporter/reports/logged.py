"""What the logs could tell: a number that is not in the log is not 0, and one told half the time is not the whole."""

from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache

from exporter.catalogue import MEASURES, Quality
from exporter.reports.rows import Column, Mark

MARKS = {Quality.NONE: Mark.PARTIAL, Quality.ESTIMATED: Mark.ESTIMATED, Quality.LOWER_BOUND: Mark.LOWER_BOUND}


class Logged:
    """Quality over time of one ledger.

    `told`: per source, server and measure, what its log told: pairs (from day, quality), ascending.
    `qualities`: (source, server, measure, first day, quality), by day, as the ledger reads them.
    """

    def __init__(self, qualities: Iterable[tuple[str, str, str, int, Quality]]) -> None:
        self.told: dict[tuple[str, str, str], list[tuple[int, Quality]]] = {}
        for source, server, measure, day, quality in qualities:
            self.told.setdefault((source, server, measure), []).append((day, quality))
        self._since: dict[tuple[str, str], list[list[tuple[int, Quality]]]] = {}
        for (_, server, measure), since in self.told.items():
            self._since.setdefault((server, measure), []).append(since)
        self.qualities = lru_cache(maxsize=10_000)(self._qualities)

    def _qualities(self, servers: frozenset[str], column: Column, first: int, last: int) -> frozenset[Quality]:
        """Every quality that held for the column on some server and day from `first` to `last`.

        Empty: nothing is known of these days, for instance because the servers were not born yet.
        """
        found: set[Quality] = set()
        for server in servers:
            for measure in column.measures:
                for since in self._since.get((server, MEASURES[measure].name), ()):
                    # What began before the first day and still held on it, and what began later.
                    start = max(bisect_right(since, first, key=lambda pair: pair[0]) - 1, 0)
                    found.update(quality for day, quality in since[start:] if day <= last)
        return frozenset(found)


def judged(value: int, qualities: Iterable[Quality]) -> tuple[int | None, Mark | None]:
    """The value as a report shows it: None if no log has it, and the worst reason to mistrust it."""
    found = set(qualities)
    if found == {Quality.NONE} and not value:
        return None, None
    marks = {MARKS[quality] for quality in found if quality in MARKS}
    return value, next((mark for mark in Mark if mark in marks), None)
