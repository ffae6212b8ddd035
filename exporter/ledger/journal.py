"""The journal: one row per commit, until the tables are updated from it (folding.py).

A row has all that its commit decided, in three parts, so that who needs the numbers need not take the sessions apart:
`book` (cells, ends, failed names, logins), `sources` (positions, counters, quality) and `sessions`. Each is JSON in
UTF-8, deflated: a tenth of the bytes costs less CPU than writing them. Bytes (keys of sessions, networks) are read as
Latin-1. `form` is the version of this; a row of a newer one is refused. In form 1, each session was a text of its own.
"""

import json
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from exporter.ledger.deltas import Cells
from exporter.ledger.errors import LedgerError
from exporter.ledger.failures import Failed
from exporter.ledger.lastlogins import LastLogin
from exporter.ledger.logins import Noted
from exporter.ledger.quality import QualityChange
from exporter.ledger.sessions import Moved
from exporter.ledger.sources import Changes
from exporter.model import SavedSession

FORM = 2

_COMPRESSION = 1  # the fastest; higher levels save little on this
_LARGEST = 1 << 63


def _latin(value: bytes) -> str:
    return value.decode("latin-1")


def _encoder(*, in_ascii: bool) -> Callable[[object], str]:
    return json.JSONEncoder(ensure_ascii=in_ascii, allow_nan=False, separators=(",", ":"), default=_latin).encode


_encoded, _in_ascii = _encoder(in_ascii=False), _encoder(in_ascii=True)


@dataclass(frozen=True, slots=True)
class Commit:
    """What one commit has decided.

    `now`: our clock; `newest`: the newest stamp of all logs (UNIX seconds). `kept_day`, `kept_hour`: since when history
    is kept.
    """

    now: float
    newest: float
    kept_day: int
    kept_hour: int
    cells: Sequence[Cells]
    ends: Sequence[tuple[str, str, int]]
    failed: Sequence[Failed]
    logins: Noted
    quality: Sequence[QualityChange]
    sources: Mapping[str, Changes]
    sessions: Mapping[str, Sequence[Moved]]


class Line(NamedTuple):
    """A row of the journal as it is stored; `number`: that of the commit."""

    number: int
    form: int
    book: bytes
    sources: bytes
    sessions: bytes

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.book) + len(self.sources) + len(self.sessions)


def line_of(number: int, commit: Commit) -> Line:
    """The row of a commit. ValueError, OverflowError if a table could not hold what it has."""
    _refuse_large(commit.sources)
    last, networks = commit.logins
    book = {
        "now": commit.now,
        "newest": commit.newest,
        "kept": (commit.kept_day, commit.kept_hour),
        "cells": commit.cells,
        "ends": commit.ends,
        "failed": commit.failed,
        "logins": (
            last,
            [(*user, _latin(net), hour) for user, hours in networks.items() for net, hour in hours.items()],
        ),
    }
    told = {"quality": commit.quality, "of": commit.sources}
    # Names that are not UTF-8 stand in sessions as surrogates, which only ASCII can hold.
    return Line(number, FORM, _packed(book), _packed(told), _packed(commit.sessions, _in_ascii))


def commit_of(line: Line, path: str) -> Commit:
    """What was committed; LedgerError if it is damaged, or of a newer version."""
    if line.form > FORM:
        raise LedgerError(
            f"{path}: its journal was written by a newer pop3-exporter (form {line.form}, this one knows {FORM});"
            " upgrade this one"
        )
    try:
        return _commit(*map(_unpacked, (line.book, line.sources, line.sessions)))
    except (zlib.error, ValueError, TypeError, LookupError, AttributeError) as error:
        raise LedgerError(
            f"{path}: damaged (commit {line.number} of its journal); restore a backup, or the totals with"
            " `pop3-exporter ledger restore`"
        ) from error


def _commit(book: Any, told: Any, sessions: Any) -> Commit:  # noqa: ANN401 - JSON
    return Commit(
        now=book["now"],
        newest=book["newest"],
        kept_day=book["kept"][0],
        kept_hour=book["kept"][1],
        cells=[Cells(*row) for row in book["cells"]],
        ends=[(server, reason, count) for server, reason, count in book["ends"]],
        failed=[Failed(*row) for row in book["failed"]],
        logins=_noted(*book["logins"]),
        quality=[QualityChange(*row) for row in told["quality"]],
        sources={
            source: {table: [tuple(row) for row in rows] for table, rows in changed.items()}
            for source, changed in told["of"].items()
        },
        sessions={source: [_moved(*one) for one in moved] for source, moved in sessions.items()},
    )


def _noted(last: Any, networks: Any) -> Noted:  # noqa: ANN401 - JSON
    seen: dict[tuple[str, ...], dict[bytes, int]] = {}
    for server, domain, user, network, hour in networks:
        seen.setdefault((server, domain, user), {})[network.encode("latin-1")] = hour
    return Noted([LastLogin(*row) for row in last], seen)


def _moved(closed: Any, opened: Any) -> Moved:  # noqa: ANN401 - JSON
    return Moved(
        [(server, key.encode("latin-1")) for server, key in closed],
        [
            SavedSession(server, key.encode("latin-1"), json.loads(data) if isinstance(data, str) else data)
            for server, key, data in opened
        ],
    )


def append(connection: sqlite3.Connection, line: Line) -> None:
    """Add a row."""
    connection.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?)", line)


def read(connection: sqlite3.Connection, *, sessions: bool = True) -> Iterator[Line]:
    """All rows, in order; without `sessions`, that part is empty."""
    part = "sessions" if sessions else "NULL"
    query = f"SELECT number, form, book, sources, {part} FROM journal ORDER BY number"  # noqa: S608 - of the line above
    for number, form, book, sources, of_sessions in connection.execute(query):
        yield Line(number, form, book, sources, _packed({}) if of_sessions is None else of_sessions)


def clear(connection: sqlite3.Connection) -> None:
    """Note that the tables are up to date."""
    connection.execute("DELETE FROM journal")


def _packed(part: object, encoded: Callable[[object], str] = _encoded) -> bytes:
    return zlib.compress(encoded(part).encode(), _COMPRESSION)


def _unpacked(part: bytes) -> Any:  # noqa: ANN401 - JSON
    return json.loads(zlib.decompress(part))


def _refuse_large(sources: Mapping[str, Changes]) -> None:
    """Detect numbers that SQLite cannot store before they are in the journal."""
    for changed in sources.values():
        for table in ("sources", "last_events", "open_sessions"):
            if any(abs(row[-1]) >= _LARGEST for row in changed.get(table, ()) if isinstance(row[-1], int)):
                raise OverflowError("a number of a source is too large for the ledger")
