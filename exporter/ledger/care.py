"""Managing a ledger from the command line: check, info, backup, change of time zone."""

import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from exporter.catalogue import MEASURES, SCOPES, Scope
from exporter.ledger import connection as files
from exporter.ledger import place, schema, store, zones
from exporter.ledger.balance import sources_off
from exporter.ledger.changing import changing
from exporter.ledger.errors import LedgerError
from exporter.ledger.reading import Reading
from exporter.ledger.schema import COLUMNS
from exporter.ledger.sources import load as load_sources


@dataclass(frozen=True, slots=True)
class Info:
    """What `ledger info` shows. Days are ordinals, None in an empty ledger; `last_events`: source to UNIX seconds."""

    path: Path
    size_bytes: int
    schema: int
    zones: tuple[tuple[int, str], ...]
    keys: dict[Scope, int]
    first_day: int | None
    last_day: int | None
    last_events: dict[str, int]


def info(path: Path) -> Info:
    """What the ledger contains, also while a daemon writes it."""
    with Reading(path) as reading, reading.unmoving():
        query = reading.connection.execute
        first, last = query("SELECT min(day), max(day) FROM book").fetchone()
        counts = dict(query("SELECT scope, count(*) FROM keys GROUP BY scope"))
        return Info(
            path=path,
            size_bytes=sum(part.stat().st_size for part in _parts(path)),
            schema=schema.version_of(reading.connection),
            zones=reading.zones,
            keys={scope: counts.get(number, 0) for number, scope in enumerate(SCOPES)},
            first_day=first,
            last_day=last,
            last_events=dict(query("SELECT source, max(stamp) FROM last_events GROUP BY source")),
        )


def check(path: Path) -> tuple[str, ...]:
    """Problems of the ledger, as sentences; reads all of it, also while a daemon writes it."""
    with Reading(path) as reading, reading.unmoving():
        try:
            damage = [text for (text,) in reading.connection.execute("PRAGMA integrity_check") if text != "ok"]
            return tuple(damage) or (*_sums_off(reading), *_falls(reading), *_laws_off(reading))
        except sqlite3.DatabaseError as error:
            return (files.explanation(error),)


def backup(path: Path, target: Path) -> None:
    """Copy the ledger as of its last commit, also while a daemon writes it. Never overwrites a file."""
    if files.exists(target):
        raise LedgerError(f"{target}: already exists; name a new file")
    part = target.with_name(target.name + ".part")
    with Reading(path) as reading:
        try:
            os.close(place.open_private(part))
            with files.explained(target), closing(sqlite3.connect(part)) as copy:
                reading.connection.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
            part.replace(target)
        except OSError as error:
            raise LedgerError(f"{target}: cannot be written: {place.denied(target, error)}") from error
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def change_zone(path: Path, name: str, now: float) -> int:
    """Change the time zone of days from its next midnight on; returns that instant. Not while in use."""
    zones.zone_named(name)
    with changing(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        since = zones.change(connection, name, now)
        connection.execute("COMMIT")
        return since


def _parts(path: Path) -> list[Path]:
    return [part for part in (path, place.beside(path, "-wal")) if part.exists()]


def _sums_off(reading: Reading) -> list[str]:
    """Domains add up to their server, at the end of every day."""
    servers: dict[str, int] = {key.labels[0]: key.id for key in reading.keys(Scope.SERVER)}
    return [
        f"server {server}: {measure.name} is {total}, but its domains have {domains}"
        for server, key in servers.items()
        for measure, total, domains in zip(
            MEASURES,
            store.newest(reading.connection, store.BOOK, key)[1],
            store.sums(reading.totals(domain.id) for domain in reading.keys(Scope.DOMAIN, server)),
            strict=True,
        )
        if total != domains
    ]


def _falls(reading: Reading) -> list[str]:
    """Running totals never fall from one row of a key to the next."""
    problems: list[str] = []
    for series in (store.BOOK, store.HOURS):
        falls = " OR ".join(f"{column} < lag({column}) OVER earlier" for column in COLUMNS)
        query = (
            f"SELECT key, {series.period} FROM (SELECT key, {series.period}, {falls} AS fell FROM {series.table}"  # noqa: S608
            f" WINDOW earlier AS (PARTITION BY key ORDER BY {series.period})) WHERE fell LIMIT 10"
        )
        for key, period in reading.connection.execute(query):
            problems.append(f"{series.table}: a total of key {key} falls at {series.period} {period}")
    return problems


def _laws_off(reading: Reading) -> list[str]:
    return [f"{name}: {problem}" for name, problem in sources_off(load_sources(reading.connection))]
