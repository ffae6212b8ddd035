"""Quality over time: per source, server and measure, from which day on it holds."""

import sqlite3
from collections.abc import Callable

from exporter.ledger.sources import SavedSource
from exporter.model import SourceCheckpoint


def write(
    connection: sqlite3.Connection,
    source: str,
    old: SavedSource,
    new: SourceCheckpoint,
    day_of: Callable[[str, bool], int],
) -> None:
    """Write what differs from `old`.

    `day_of` tells the day from which it holds, for a server and whether nothing was known of it before. The newest
    quality told on a day holds for that day, because a format knows nothing before its first telling line.
    """
    connection.executemany(
        "REPLACE INTO quality VALUES (?, ?, ?, ?, ?)",
        [
            (source, server, measure, day_of(server, (server, measure) not in old.quality), str(quality))
            for (server, measure), quality in new.quality.items()
            if old.quality.get((server, measure)) != quality
        ],
    )
