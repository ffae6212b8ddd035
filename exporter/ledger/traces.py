"""Removes a name from the stored state of other stages: open sessions, and texts kept over a restart.

They read these states alone; what is known here is where names stand in them. A session goes on without its name:
what it is still charged goes to its domain, or to `_other` where the domain is forgotten. Where lines find their
connection by the user alone, later ones of an open connection do not find it any more.
"""

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from exporter.catalogue import OTHER, Scope

Matches = Callable[[str | None], bool]


def wipe(connection: sqlite3.Connection, scope: Scope, name: str) -> None:
    """Remove a user's name, or those of a domain's users, from open sessions and stored texts."""
    matches = _of_domain(name) if scope is Scope.DOMAIN else _of_user(name)
    for source, server, key, data in connection.execute("SELECT source, server, key, data FROM sessions").fetchall():
        wiped = json.dumps(_nameless(json.loads(data), matches, scope, name), separators=(",", ":"))
        if wiped != data or _named(key, matches):
            connection.execute(
                "UPDATE sessions SET key = ?, data = ? WHERE source = ? AND server = ? AND key = ?",
                (_nameless_key(key, matches), wiped, source, server, key),
            )
    # Where a user's domain is completed, lines name the first part alone; those of a domain may name whom they like.
    part = "" if scope is Scope.DOMAIN else name.partition("@")[0]
    for source, stream, state in connection.execute("SELECT source, stream, state FROM envelopes").fetchall():
        if part in state.lower() and (texts := _without_texts(state)) != state:
            connection.execute(
                "UPDATE envelopes SET state = ? WHERE source = ? AND stream = ?", (texts, source, stream)
            )


def _of_user(name: str) -> Matches:
    """As it is called, or as it is logged where its domain is completed."""
    names = {name, name.partition("@")[0]}
    return lambda text: text is not None and text.lower() in names


def _of_domain(name: str) -> Matches:
    return lambda text: text is not None and text.lower().endswith(f"@{name}")


def _nameless(data: dict[str, Any], matches: Matches, scope: Scope, name: str) -> dict[str, Any]:
    """A session without the name; failures of it are nobody's."""
    if "account" in data:
        domain, user = data["account"]
        if scope is Scope.DOMAIN and domain == name:
            data["account"] = [OTHER, None]
        elif scope is Scope.USER and user == name:
            data["account"] = [domain, None]
    if matches(data.get("user")):
        del data["user"]
    if any(matches(user) for user, _ in data.get("failed", ())):
        counts: dict[str | None, int] = {}
        for user, count in data["failed"]:
            nobody = None if matches(user) else user
            counts[nobody] = counts.get(nobody, 0) + count
        data["failed"] = [list(pair) for pair in counts.items()]
    if "doubtful" in data:
        data["doubtful"] = [[user, count] for user, count in data["doubtful"] if not matches(user)]
    return data


def _named(key: bytes, matches: Matches) -> bool:
    """Whether the key was made of the user (NUL, user, NUL, number), for want of one in the log."""
    return key[:1] == b"\0" and matches(key[1:].rpartition(b"\0")[0].decode("utf-8", "surrogateescape"))


def _nameless_key(key: bytes, matches: Matches) -> bytes:
    return b"\0\0" + key.rpartition(b"\0")[2] if _named(key, matches) else key


def _without_texts(state: str) -> str:
    """An opener's state without lines: the repetition of one, or the rest of it, is lost over this restart."""
    try:
        known = json.loads(state)
    except ValueError:
        return state  # not of an opener
    if not isinstance(known, dict) or not (known.get("pieces") or known.get("previous")):
        return state
    return json.dumps({**known, "pieces": {}, "previous": []})
