"""Deletes old data: history beyond its limit, users unseen for long, old names of failed logins.

A little at each update of the tables.

Retention keeps, per key, the newest row before the limit: the opening balance. So when a period leaves what is
kept, the rows before it can go of just those keys that have a row in it. Reports take a server's oldest row for how
far back all of its keys are known; it is born before them, so the order of ids lets its rows go first.
"""

import sqlite3
from dataclasses import dataclass, replace

from exporter.catalogue import SCOPES
from exporter.ledger.entries import NEVER, Horizon
from exporter.ledger.store import BOOK, HOURS, Series

# How many keys and users are processed each time, so that midnight does not cause a slow commit.
KEYS_A_TIME = 2_500
FAILED_NAMES = 50_000

Labels = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Keep:
    """How long history is kept: days in all scopes, days for which hours are kept, days a user may be unseen."""

    days: int = 400
    hours_days: int = 35
    unseen_days: int = 400


@dataclass(frozen=True, slots=True)
class Trimmed:
    """How far one table was cleaned up: all before `period`, and in it the keys up to `key`."""

    period: int = NEVER
    key: int = NEVER


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of the cleanup, only in memory: starting over is cheap."""

    days: Trimmed = Trimmed()
    hours: Trimmed = Trimmed()
    names_day: int = NEVER
    users_before: int = NEVER


def tend(
    connection: sqlite3.Connection, progress: Progress, horizon: Horizon, unseen_since: int
) -> tuple[Progress, tuple[Labels, ...]]:
    """Do a part of the cleanup inside an open transaction; returns the progress and the removed users.

    `unseen_since` (UNIX seconds): users last seen before it are forgotten.
    """
    progress = replace(
        progress,
        days=_trim(connection, BOOK, progress.days, horizon.kept_day),
        hours=_trim(connection, HOURS, progress.hours, horizon.kept_hour),
    )
    if progress.names_day != horizon.kept_day:
        _drop_failed_names(connection, horizon.kept_day)
        progress = replace(progress, names_day=horizon.kept_day)
    forgotten: tuple[Labels, ...] = ()
    if unseen_since // 3600 > progress.users_before // 3600:
        forgotten = _forget_users(connection, unseen_since)
        if len(forgotten) < KEYS_A_TIME:
            progress = replace(progress, users_before=unseen_since)
    return progress, forgotten


def drop_key(connection: sqlite3.Connection, key: int) -> None:
    """Remove a key and its rows."""
    for table in ("book", "hours", "networks", "last_logins"):
        connection.execute(f"DELETE FROM {table} WHERE key = ?", (key,))  # noqa: S608 - from the line above
    connection.execute("DELETE FROM keys WHERE id = ?", (key,))


def _trim(connection: sqlite3.Connection, series: Series, done: Trimmed, kept: int) -> Trimmed:
    left = KEYS_A_TIME
    while True:
        if done.period != NEVER:
            keys = series.keys_in(connection, done.period, done.key, left)
            for key in keys:
                series.drop_before(connection, key, done.period)
            done = replace(done, key=keys[-1]) if keys else done
            left -= len(keys)
        following = series.next_period(connection, done.period)
        if not left or following is None or following >= kept:
            return done
        done = Trimmed(following)


def _drop_failed_names(connection: sqlite3.Connection, kept_day: int) -> None:
    connection.execute("DELETE FROM failed_names WHERE day < ?", (kept_day,))
    row = connection.execute(
        "SELECT day FROM failed_names ORDER BY day DESC LIMIT 1 OFFSET ?", (FAILED_NAMES,)
    ).fetchone()
    if row:
        connection.execute("DELETE FROM failed_names WHERE day <= ?", row)


def _forget_users(connection: sqlite3.Connection, unseen_since: int) -> tuple[Labels, ...]:
    users = connection.execute(
        "SELECT id, server, domain, user FROM keys WHERE scope = ? AND last_seen < ? LIMIT ?",
        (len(SCOPES) - 1, unseen_since, KEYS_A_TIME),
    ).fetchall()
    for key, *_ in users:
        drop_key(connection, key)
    return tuple(tuple(labels) for _, *labels in users)
