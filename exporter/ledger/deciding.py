"""Computes a commit, the row of the journal, from what was booked and what is committed."""

from collections.abc import Callable, Mapping
from itertools import chain

from exporter.ledger import bounds, failures, quality, sources
from exporter.ledger.deltas import Delta
from exporter.ledger.drafts import Waiting
from exporter.ledger.entries import Horizon
from exporter.ledger.journal import Commit
from exporter.ledger.logins import NOTHING
from exporter.ledger.pending import Pending
from exporter.ledger.quality import QualityChange
from exporter.ledger.sessions import moved
from exporter.ledger.sources import SavedSource
from exporter.ledger.state import Staged, State
from exporter.model import SourceCheckpoint
from exporter.periods import Calendar

Labels = tuple[str, ...]


def decided(
    state: State,
    calendar: Calendar,
    now: float,
    pending: Pending,
    waiting: Waiting,
    *,
    horizon: Callable[[float], Horizon],
    keeps_names: bool,
) -> Staged:
    """The commit of what is pending and of the checkpoints that wait, and what it would make of the state.

    `horizon`: for the newest stamp of all logs. `keeps_names`: whether names of users may be stored at all.
    """
    cells, deltas = bounds.bounded(pending, calendar, state.entries)
    booked = [delta.last for labels, delta in deltas.items() if len(labels) == 1]
    told = chain.from_iterable(checkpoints[-1].last_events.values() for checkpoints in waiting.values())
    newest = state.newest(chain(booked, told), now)
    kept = horizon(newest)
    commit = Commit(
        now=now,
        newest=newest,
        kept_day=kept.kept_day,
        kept_hour=kept.kept_hour,
        cells=cells,
        ends=[(server, str(reason), count) for (server, reason), count in pending.ends.items()],
        failed=state.failed.told(failures.by_day(pending.failures, calendar)) if keeps_names else [],
        logins=state.logins.told(pending.logins, now, min(now, newest)) if keeps_names else NOTHING,
        quality=_quality(state, calendar, now, deltas, waiting),
        sources={
            source: sources.changes(state.sources.get(source, SavedSource()), checkpoints[-1])
            for source, checkpoints in waiting.items()
        },
        sessions={source: found for source, checkpoints in waiting.items() if (found := moved(checkpoints))},
    )
    return state.staged(commit, deltas)


def _quality(
    state: State, calendar: Calendar, now: float, deltas: Mapping[Labels, Delta], waiting: Waiting
) -> list[QualityChange]:
    found: list[QualityChange] = []
    for source, checkpoints in waiting.items():
        new = checkpoints[-1]

        def day_of(server: str, first: bool, new: SourceCheckpoint = new) -> int:  # noqa: FBT001
            stamp = new.last_events.get(server, int(now))
            delta = deltas.get((server,))
            return calendar.day(min(stamp, delta.first) if first and delta else stamp)

        doubted = {place: calendar.day(stamp) for place, stamp in new.doubted_since.items()}
        found += quality.told(source, state.sources.get(source, SavedSource()), new, day_of, doubted)
    return found
