"""Rebuilds a lost ledger from the last values in Prometheus, so that counters continue from there.

What comes back: the totals of all scopes, births, last logins, session ends, counters of sources, and of the current
day and hour what they had added. What does not: older history (Prometheus still has it), read positions, open sessions.
"""

import os
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from exporter.catalogue import LAST_LOGIN, MEASURES, SCOPES, ZERO, Reason, Scope
from exporter.ledger import connection as files
from exporter.ledger import ends, lastlogins, place, store, zones
from exporter.ledger.entries import Amounts
from exporter.ledger.errors import LedgerError
from exporter.ledger.lock import Lock
from exporter.ledger.prometheus import Prometheus
from exporter.ledger.store import Series

Labels = tuple[str, ...]
Values = dict[Labels, Amounts]

# How far back the newest sample is looked for, and how old one may be that still counts as of that moment: users
# may be scraped less often than the rest.
SEARCHED = "100d"
STALE = "1h"
# Samples bear Prometheus's time, the moment is the exporter's: the newest sample may be a little later.
CLOCKS_APART = 300.0

# Counters per source: family, label that tells more, and how its values are called in the ledger.
_VERDICTS = {"event": "events", "ignored": "ignored", "unmatched": "unmatched", "malformed": "malformed"}
_COUNTERS = {
    "read_bytes_total": "read_bytes",
    "late_events_total": "late_events",
    "future_events_total": "future_events",
    "rotations_total": "rotations",
    "truncations_total": "truncations",
    "lines_possibly_lost_total": "lines_possibly_lost",
}


@dataclass(frozen=True, slots=True)
class Restored:
    """How many keys were restored, and the time of the values (UNIX seconds)."""

    keys: dict[Scope, int]
    moment: float


def restore(path: Path, url: str, *, selector: str = "", zone: str | None = None, now: float | None = None) -> Restored:
    """Create the ledger at `path`, which must not exist, from the Prometheus at `url`.

    `selector`: label matchers of this exporter's series (`instance="mx1:10110"`), needed where Prometheus knows
    several exporters. `zone`: None: the one that the exporter told. `now`: the newest values before it are taken;
    None: before this moment. LedgerError if anything is missing.
    """
    if files.exists(path):
        raise LedgerError(f"{path}: already exists; move it away first, because a restore creates a new ledger")
    left = place.beside(path, "-wal")
    if left.exists():
        raise LedgerError(f"{left}: left over from the lost ledger, with its newest commits; move it away first")
    values = _LastValues(Prometheus(url), selector, time.time() if now is None else now)
    target = place.real(path)
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    with Lock(path):
        try:
            os.close(place.open_private(part))
            with files.explained(path), closing(files.open_for_writing(part)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                restored = _write(connection, values, zone)
                connection.execute("COMMIT")
                connection.execute("PRAGMA journal_mode = DELETE")
            place.give_away(part)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    return restored


class _LastValues:
    """Last values of one exporter."""

    def __init__(self, prometheus: Prometheus, selector: str, now: float) -> None:
        self._query = prometheus.query
        self._selector = selector.strip().removeprefix("{").removesuffix("}").strip()
        clock = f"max by (instance) (last_over_time({self._family('pop3_exporter_time_seconds')}[{SEARCHED}]))"
        exporters = {labels.get("instance", ""): value for labels, value in self._query(clock, now)}
        if not exporters:
            raise LedgerError(f"Prometheus has no samples from this exporter in the last {SEARCHED}")
        if any(exporters):
            # Series without an instance were not scraped: `export` wrote them, maybe of several ledgers.
            exporters.pop("", None)
            self._selector = ",".join(filter(None, (self._selector.rstrip(", "), 'instance!=""')))
        newest = max(exporters.values())
        living = sorted(name for name, value in exporters.items() if value > newest - 86_400)
        if len(living) > 1:
            raise LedgerError(
                "Prometheus has samples from several exporters; choose one with --selector:"
                f" {', '.join(map(_matcher, living))}"
            )
        self.moment = newest
        self.totals = cache(self._totals)

    def by(self, family: str, labels: tuple[str, ...]) -> dict[Labels, float]:
        """The newest value of each series of a family, by the given labels."""
        query = f"max by ({', '.join(labels)}) (last_over_time({self._family(family)}[{STALE}]))"
        return {
            tuple(found.get(name, "") for name in labels): value
            for found, value in self._query(query, self.moment + CLOCKS_APART)
        }

    def _totals(self, scope: Scope, suffix: str) -> Values:
        """The newest values of all measures of a scope, of the families that end with `suffix`."""
        measures = [self.by(f"{scope.prefix}{measure.name}{suffix}", scope.labels) for measure in MEASURES]
        keys = dict.fromkeys(key for values in measures for key in values)
        return {key: tuple(int(values.get(key, 0)) for values in measures) for key in keys}

    def _family(self, name: str) -> str:
        return f"{name}{{{self._selector}}}" if self._selector else name


def _write(connection: sqlite3.Connection, values: _LastValues, zone: str | None) -> Restored:
    told = [name for (name,) in values.by("pop3_site_info", ("time_zone",))]
    settled = zones.settle(connection, "the new ledger", zone or next(iter(told), None))
    calendar = zones.calendar_of(settled)
    moment = int(values.moment)
    counts: dict[Scope, int] = {}
    for scope in SCOPES:
        births = values.by(scope.first_seen, scope.labels)
        keys = {
            labels: store.insert_key(connection, labels, int(births.get(labels, moment)), moment)
            for labels in values.totals(scope, "_total")
        }
        _write_totals(_Book(connection, store.BOOK, calendar.day(moment)), keys, values, scope, "_day_start")
        if scope.has_hours:
            _write_totals(_Book(connection, store.HOURS, calendar.hour(moment)), keys, values, scope, "_hour_start")
        counts[scope] = len(keys)
        if scope is Scope.USER:
            logins = values.by(LAST_LOGIN, scope.labels).items()
            lastlogins.put(connection, {keys[user]: int(stamp) for user, stamp in logins if user in keys and stamp})
    _write_ends(connection, values)
    _write_sources(connection, values)
    return Restored(counts, values.moment)


class _Book(NamedTuple):
    connection: sqlite3.Connection
    series: Series
    period: int


def _write_totals(book: _Book, keys: dict[Labels, int], values: _LastValues, scope: Scope, hold: str) -> None:
    """An opening balance in the period before the current one, and what the current one has added since."""
    holds = values.totals(scope, hold)
    for labels, now in values.totals(scope, "_total").items():
        before = holds.get(labels, now)
        rows = {book.period - book.series.unit: before, book.period: now}
        if before == ZERO:
            del rows[book.period - book.series.unit]
        if now == before:
            del rows[book.period]
        book.series.insert(book.connection, keys[labels], rows)


def _write_ends(connection: sqlite3.Connection, values: _LastValues) -> None:
    known = {str(reason) for reason in Reason}
    counts = values.by("pop3_session_ends_total", ("server", "reason"))
    ends.write(
        connection,
        {
            (server, Reason(reason)): int(count)
            for (server, reason), count in counts.items()
            if count and reason in known
        },
    )


def _write_sources(connection: sqlite3.Connection, values: _LastValues) -> None:
    rows = [
        (source, _VERDICTS[verdict], int(count))
        for (source, verdict), count in values.by("pop3_exporter_lines_total", ("source", "verdict")).items()
        if verdict in _VERDICTS
    ]
    lines: dict[str, int] = {}
    for source, _, count in rows:
        lines[source] = lines.get(source, 0) + count
    rows += [(source, "lines", count) for source, count in lines.items()]
    for family, counter in _COUNTERS.items():
        rows += [(s, counter, int(count)) for (s,), count in values.by(f"pop3_exporter_{family}", ("source",)).items()]
    connection.executemany("REPLACE INTO sources VALUES (?, ?, ?)", rows)


def _matcher(instance: str) -> str:
    return f'instance="{instance}"'
