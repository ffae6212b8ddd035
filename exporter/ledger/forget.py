"""Removes a user, a domain or a server at the operator's request: for privacy, or because of a mistake.

Sums stay right: families of users are their own, a domain's rows move into `_other`, and a server goes whole.
"""

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from exporter.catalogue import LABELS, OTHER, SCOPES, UNKNOWN, ZERO, Scope
from exporter.ledger import store, traces, upkeep
from exporter.ledger.changing import changing
from exporter.ledger.entries import Amounts, added
from exporter.ledger.errors import LedgerError
from exporter.ledger.store import Series

Labels = tuple[str, ...]

_WITH_SERVER = ("ends", "quality", "failed_names", "sessions", "open_sessions", "last_events")


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was removed, and the call that deletes its series in Prometheus (PROMETHEUS: its address)."""

    scope: Scope
    keys: tuple[Labels, ...]
    delete_series: str


def forget(path: Path, name: str, scope: Scope | None = None) -> Forgotten:
    """Remove the user, domain or server called `name`, on every server that has it.

    `scope` is needed only where the name is more than one of them. LedgerError if it is none, a pseudo-name, or
    the ledger is in use.
    """
    with changing(path) as connection:
        scope = _scope_of(connection, path, name, scope)
        connection.execute("PRAGMA secure_delete = ON")  # removed names must not remain in free pages
        connection.execute("BEGIN IMMEDIATE")
        keys = _forget(connection, scope, name)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # nor in the write-ahead file
        return Forgotten(scope, keys, delete_series(scope, name))


def delete_series(scope: Scope, name: str) -> str:
    """The call that deletes the series in Prometheus, where its admin API is enabled."""
    families = (
        "pop3_.+" if scope is Scope.SERVER else "pop3_(domain|user)_.+" if scope is Scope.DOMAIN else "pop3_user_.+"
    )
    label = json.dumps(name, ensure_ascii=False).replace("'", "'\\''")
    selector = f'{{__name__=~"{families}",{scope}={label}}}'
    return f"curl -X POST -G 'http://PROMETHEUS/api/v1/admin/tsdb/delete_series' --data-urlencode 'match[]={selector}'"


def _scope_of(connection: sqlite3.Connection, path: Path, name: str, scope: Scope | None) -> Scope:
    if name in {UNKNOWN, OTHER} and scope is not Scope.SERVER:
        raise LedgerError(f"{name} is not a real name: it collects what has no name or is beyond the limits")
    found = [kind for kind in SCOPES if scope in {None, kind} and _keys(connection, kind, name)]
    if not found:
        raise LedgerError(f"{path}: no {scope or 'user, domain or server'} called {name}")
    if len(found) > 1:
        raise LedgerError(f"{name} is a {' and a '.join(found)}: choose one with --scope")
    return found[0]


def _keys(connection: sqlite3.Connection, scope: Scope, name: str) -> list[tuple[int, Labels]]:
    number = SCOPES.index(scope)
    query = f"SELECT id, server, domain, user FROM keys WHERE scope = ? AND {LABELS[number]} = ?"  # noqa: S608 - a label
    return [(key, tuple(labels[: number + 1])) for key, *labels in connection.execute(query, (number, name))]


def _forget(connection: sqlite3.Connection, scope: Scope, name: str) -> tuple[Labels, ...]:
    keys = _keys(connection, scope, name)
    for key, labels in keys:
        if scope is Scope.DOMAIN:
            _merge(connection, key, labels[0])
            _drop(connection, "scope = ? AND server = ? AND domain = ?", (SCOPES.index(Scope.USER), *labels))
        elif scope is Scope.SERVER:
            _drop(connection, "server = ?", (name,))
            _drop_server(connection, name)
        upkeep.drop_key(connection, key)
    if scope is Scope.DOMAIN:
        connection.execute("DELETE FROM failed_names WHERE substr(name, -length(:end)) = :end", {"end": f"@{name}"})
    elif scope is Scope.USER:
        connection.execute("DELETE FROM failed_names WHERE name = ?", (name,))
    if scope is not Scope.SERVER:
        traces.wipe(connection, scope, name)
    return tuple(labels for _, labels in keys)


def _drop(connection: sqlite3.Connection, condition: str, values: tuple[object, ...]) -> None:
    for (key,) in connection.execute(f"SELECT id FROM keys WHERE {condition}", values).fetchall():  # noqa: S608 - above
        upkeep.drop_key(connection, key)


def _drop_server(connection: sqlite3.Connection, server: str) -> None:
    # Connections still open there will never be charged, so they are subtracted from those seen (second law).
    connection.execute(
        "UPDATE sources SET count = count - ifnull((SELECT number FROM open_sessions WHERE source = sources.source"
        " AND server = ? AND state = 'pending'), 0) WHERE counter = 'seen'",
        (server,),
    )
    for table in _WITH_SERVER:
        connection.execute(f"DELETE FROM {table} WHERE server = ?", (server,))  # noqa: S608 - from the list above


def _merge(connection: sqlite3.Connection, key: int, server: str) -> None:
    """Move the rows of a domain into `_other` of its server."""
    [(other, _)] = [found for found in _keys(connection, Scope.DOMAIN, OTHER) if found[1][0] == server]
    for series in (store.BOOK, store.HOURS):
        merged = _sums(_rows(connection, series, key), _rows(connection, series, other))
        connection.execute(f"DELETE FROM {series.table} WHERE key IN (?, ?)", (key, other))  # noqa: S608 - a constant
        series.insert(connection, other, merged)
    seen = connection.execute("SELECT first_seen, last_seen FROM keys WHERE id = ?", (key,)).fetchone()
    store.update_keys(connection, [(*seen, other)])


def _rows(connection: sqlite3.Connection, series: Series, key: int) -> dict[int, Amounts]:
    return dict(store.between(connection, series, key, -(1 << 62), 1 << 62))


def _sums(one: dict[int, Amounts], two: dict[int, Amounts]) -> dict[int, Amounts]:
    """Running totals of two keys together, in every period that either has."""
    sums: dict[int, Amounts] = {}
    first = second = ZERO
    for period in sorted(one.keys() | two.keys()):
        first, second = one.get(period, first), two.get(period, second)
        sums[period] = added(first, second)
    return sums
