"""What the logs contain: a number that is not logged is not 0, and one logged half the time is not complete."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache

from exporter.catalogue import MEASURES, Quality
from exporter.reports.rows import Column, Mark

MARKS = {Quality.NONE: Mark.PARTIAL, Quality.ESTIMATED: Mark.ESTIMATED, Quality.LOWER_BOUND: Mark.LOWER_BOUND}

Since = list[tuple[int, Quality]]


class Logged:
    """Quality over time of one ledger.

    `told`: per source, server and measure, what its log told: pairs (from day, quality), ascending.
    `qualities`: (source, server, measure, first day, quality), by day, as the ledger reads them.
    """

    def __init__(self, qualities: Iterable[tuple[str, str, str, int, Quality]]) -> None:
        self.told: dict[tuple[str, str, str], Since] = {}
        for source, server, measure, day, quality in qualities:
            self.told.setdefault((source, server, measure), []).append((day, quality))
        self._by_server: dict[str, dict[str, dict[str, Since]]] = {}
        for (source, server, measure), since in self.told.items():
            self._by_server.setdefault(server, {}).setdefault(source, {})[measure] = since
        self.qualities = lru_cache(maxsize=10_000)(self._qualities)

    def _qualities(self, servers: frozenset[str], column: Column, first: int, last: int) -> frozenset[Quality]:
        """All qualities of the column on any server and day from `first` to `last`.

        Empty: these days are unknown, for instance because the servers did not exist yet.
        """
        found: set[Quality] = set()
        for server in servers:
            for told in self._by_server.get(server, {}).values():
                measures = [since for measure in column.measures if (since := told.get(MEASURES[measure].name))]
                found.update(_of_days(measures, first, last))
        return frozenset(found)


def _of_days(measures: Sequence[Since], first: int, last: int) -> Iterable[Quality]:
    """What held for the sum of the measures, from each day on which that of one changed."""
    changes = {first, *(day for since in measures for day, _ in since if first < day <= last)}
    for day in changes:
        # What began before the day and still held on it.
        held = [since[place - 1][1] for since in measures if (place := bisect_right(since, day, key=_day))]
        if held:
            yield of_sum(held)


def _day(pair: tuple[int, Quality]) -> int:
    return pair[0]


def of_sum(qualities: Iterable[Quality]) -> Quality:
    """The quality of a sum: if some of its parts are not logged, the rest is a lower bound."""
    found = set(qualities)
    if found == {Quality.NONE}:
        return Quality.NONE
    if Quality.ESTIMATED in found:
        return Quality.ESTIMATED
    return Quality.EXACT if found == {Quality.EXACT} else Quality.LOWER_BOUND


def judged(value: int, qualities: Iterable[Quality]) -> tuple[int | None, Mark | None]:
    """The value for a report (None if no log has it), and its worst quality mark."""
    found = set(qualities)
    if found == {Quality.NONE} and not value:
        return None, None
    marks = {MARKS[quality] for quality in found if quality in MARKS}
    return value, next((mark for mark in Mark if mark in marks), None)
