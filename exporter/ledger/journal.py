"""The journal: one row a commit, until the tables are brought up from it (folding.py).

A row has all that its commit decided, in three parts, so that who needs the numbers need not take the sessions apart:
`book` (cells, ends, failed names, networks), `sources` (positions, counters, quality) and `sessions`. Each is JSON in
UTF-8, deflated: a tenth of the bytes costs less CPU than writing them. Keys of sessions are bytes, as Latin-1;
networks are hexadecimal. `form` is the version of this; a row of a newer one is refused.
"""

import json
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from exporter.ledger.deltas import Cells
from exporter.ledger.errors import LedgerError
from exporter.ledger.failures import Failed
from exporter.ledger.networks import Login
from exporter.ledger.quality import Told
from exporter.ledger.sources import SESSIONS, Changes

FORM = 1

_COMPRESSION = 1  # the fastest; higher levels save little on this
_LARGEST = 1 << 63
_encoded = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


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
    cells: Iterable[Cells]
    ends: Iterable[tuple[str, str, int]]
    failed: Iterable[Failed]
    networks: Iterable[Login]
    quality: Iterable[Told]
    sources: Mapping[str, Changes]


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
    sessions = {source: changed[SESSIONS] for source, changed in commit.sources.items() if SESSIONS in changed}
    others = {
        source: {table: rows for table, rows in changed.items() if table != SESSIONS}
        for source, changed in commit.sources.items()
    }
    _refuse_large(others)
    book = {
        "now": commit.now,
        "newest": commit.newest,
        "kept": (commit.kept_day, commit.kept_hour),
        "cells": list(commit.cells),
        "ends": list(commit.ends),
        "failed": list(commit.failed),
        "networks": [(*user, network.hex(), hour) for *user, network, hour in commit.networks],
    }
    keyed = {
        source: [(server, key.decode("latin-1"), *data) for server, key, *data in rows]
        for source, rows in sessions.items()
    }
    return Line(number, FORM, _packed(book), _packed({"quality": list(commit.quality), "of": others}), _packed(keyed))


def commit_of(line: Line, path: str) -> Commit:
    """What was committed; LedgerError if it is damaged, or of a newer version."""
    if line.form != FORM:
        raise LedgerError(
            f"{path}: its journal was written by a newer pop3-exporter (form {line.form}, this one knows {FORM});"
            " upgrade this one"
        )
    try:
        book, others, keyed = map(_unpacked, (line.book, line.sources, line.sessions))
        changes: dict[str, Changes] = {
            source: {table: [tuple(row) for row in rows] for table, rows in changed.items()}
            for source, changed in others["of"].items()
        }
        for source, rows in keyed.items():
            changes[source][SESSIONS] = [(server, key.encode("latin-1"), *data) for server, key, *data in rows]
        return Commit(
            book["now"],
            book["newest"],
            book["kept"][0],
            book["kept"][1],
            [Cells(*row) for row in book["cells"]],
            [(server, reason, count) for server, reason, count in book["ends"]],
            [Failed(*row) for row in book["failed"]],
            [Login(row[0], row[1], row[2], bytes.fromhex(row[3]), row[4]) for row in book["networks"]],
            [Told(*row) for row in others["quality"]],
            changes,
        )
    except (zlib.error, ValueError, TypeError, LookupError, AttributeError) as error:
        raise LedgerError(
            f"{path}: damaged (commit {line.number} of its journal); restore a backup, or the totals with"
            " `pop3-exporter ledger restore`"
        ) from error


def append(connection: sqlite3.Connection, line: Line) -> None:
    """Add a row."""
    connection.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?)", line)


def read(connection: sqlite3.Connection, *, sessions: bool = True) -> Iterator[Line]:
    """All rows, in order; without `sessions` that part is as of a commit that had none."""
    part = "sessions" if sessions else "NULL"
    query = f"SELECT number, form, book, sources, {part} FROM journal ORDER BY number"  # noqa: S608 - of the line above
    for number, form, book, sources, of_sessions in connection.execute(query):
        yield Line(number, form, book, sources, _packed({}) if of_sessions is None else of_sessions)


def clear(connection: sqlite3.Connection) -> None:
    """The tables are brought up."""
    connection.execute("DELETE FROM journal")


def _packed(part: object) -> bytes:
    return zlib.compress(_encoded(part).encode(), _COMPRESSION)


def _unpacked(part: bytes) -> Any:  # noqa: ANN401 - JSON
    return json.loads(zlib.decompress(part))


def _refuse_large(others: Mapping[str, Changes]) -> None:
    """What SQLite could not hold is told before it is in the journal, not when a table is brought up."""
    numbers: Callable[[tuple[Any, ...]], Iterable[int]] = lambda row: (n for n in row if isinstance(n, int))  # noqa: E731
    for changed in others.values():
        for table in ("sources", "last_events", "open_sessions"):
            if any(abs(n) >= _LARGEST for row in changed.get(table, ()) for n in numbers(row)):
                raise OverflowError("a number of a source is larger than the ledger can hold")
