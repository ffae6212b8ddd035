"""Quality over time: per source, server and measure, from which day on it holds."""

import sqlite3
from collections.abc import Callable, Mapping

from exporter.catalogue import Quality
from exporter.ledger.sources import SavedSource
from exporter.model import SourceCheckpoint

# The less is claimed, the later.
CERTAINTY = (Quality.EXACT, Quality.LOWER_BOUND, Quality.ESTIMATED, Quality.NONE)


def write(  # noqa: PLR0917 - a line of the ledger
    connection: sqlite3.Connection,
    source: str,
    old: SavedSource,
    new: SourceCheckpoint,
    day_of: Callable[[str, bool], int],
    doubted_since: Mapping[tuple[str, str], int],
) -> None:
    """Write what differs from `old`.

    `day_of` tells the day from which it holds, for a server and whether nothing was known of it before. The newest
    quality told on a day holds for that day, because a format knows nothing before its first telling line. A doubt
    also touches the days before, back to the one on which the log began to show it.
    """
    changed = {place: one for place, one in new.quality.items() if old.quality.get(place) != one}
    days = {place: day_of(place[0], place not in old.quality) for place in changed}
    connection.executemany(
        "REPLACE INTO quality VALUES (?, ?, ?, ?, ?)",
        [(source, *place, days[place], str(one)) for place, one in changed.items()],
    )
    for place, since in doubted_since.items():
        if place in changed and since < days[place]:
            _doubt(connection, (source, *place), since, days[place], changed[place])


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
    told = [*([(first, held[0])] if held else []), *rows]
    connection.executemany(
        "REPLACE INTO quality VALUES (?, ?, ?, ?, ?)",
        [(*place, day, str(max(Quality(before), quality, key=CERTAINTY.index))) for day, before in told],
    )
