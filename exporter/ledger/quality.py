"""Quality over time: per source, server and measure, from which day on it holds.

The newest quality told on a day holds for that day, because a format knows nothing before its first telling line. A
doubt also touches the days before, back to the one on which the log began to show it.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from exporter.catalogue import Quality
from exporter.ledger.sources import SavedSource
from exporter.model import SourceCheckpoint


class QualityChange(NamedTuple):
    """The quality from `day` on (an ordinal); for the days from `since` to before `day`, no better one is claimed."""

    source: str
    server: str
    measure: str
    day: int
    quality: str
    since: int


def told(
    source: str,
    old: SavedSource,
    new: SourceCheckpoint,
    day_of: Callable[[str, bool], int],
    doubted_since: Mapping[tuple[str, str], int],
) -> list[QualityChange]:
    """What differs from `old`. `day_of`: for a server, and whether nothing was known of it before, from which day."""
    found: list[QualityChange] = []
    for place, quality in new.quality.items():
        if old.quality.get(place) != quality:
            day = day_of(place[0], place not in old.quality)
            found.append(QualityChange(source, *place, day, str(quality), min(doubted_since.get(place, day), day)))
    return found


def write(connection: sqlite3.Connection, found: Iterable[QualityChange]) -> None:
    """Update the table, in the original order."""
    for one in found:
        connection.execute("REPLACE INTO quality VALUES (?, ?, ?, ?, ?)", one[:-1])
        if one.since < one.day:
            _doubt(connection, one[:3], one.since, one.day, Quality(one.quality))


def _doubt(connection: sqlite3.Connection, place: tuple[str, ...], first: int, last: int, quality: Quality) -> None:
    """Of days `first` to before `last` no more is claimed than `quality`."""
    held = connection.execute(
        "SELECT quality FROM quality WHERE (source, server, measure) = (?, ?, ?) AND day <= ?"
        " ORDER BY day DESC LIMIT 1",
        (*place, first),
    ).fetchone()
    rows = connection.execute(
        "SELECT day, quality FROM quality WHERE (source, server, measure) = (?, ?, ?) AND day > ? AND day < ?",
        (*place, first, last),
    )
    told_before = [*([(first, held[0])] if held else []), *rows]
    connection.executemany(
        "REPLACE INTO quality VALUES (?, ?, ?, ?, ?)",
        [(*place, day, str(Quality(before).at_most(quality))) for day, before in told_before],
    )
