"""A ledger opened for reading, also while a daemon writes it; several at once are possible.

Reports, the export and the landing page go through here. Rows are read from `connection` (tables: schema.py), within
`unmoving`, where they also have what is only in the journal yet; what everybody needs has a method. The file is never
changed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from exporter.catalogue import SCOPES, Quality, Scope
from exporter.ledger import connection as files
from exporter.ledger import lastlogins, store, zones
from exporter.ledger.entries import Amounts
from exporter.ledger.overlay import Overlay

Labels = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """One server, domain or user; `first_seen` and `last_seen` are UNIX seconds, the latter right to the day."""

    id: int
    labels: Labels
    first_seen: int
    last_seen: int


@dataclass(frozen=True, slots=True)
class FailedName:
    """A name of failed logins: how many in the requested days, and when last (UNIX seconds)."""

    server: str
    name: str
    failures: int
    last: int


class Reading:
    """A read-only ledger; LedgerError if there is none at `path` or it cannot be used. One thread at a time."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.connection = files.open_for_reading(self.path)
        try:
            with files.explained(self.path):
                self.zones = zones.load(self.connection)
                self.calendar = zones.calendar_of(self.zones)
                self._overlay = Overlay(self.connection, self.calendar, str(self.path))
        except BaseException:
            self.connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    @contextmanager
    def unmoving(self) -> Iterator[Self]:
        """A context in which all queries see the same commit, whatever a daemon writes; keep it short.

        What is read outside of it from `connection` may miss the newest commits, which are in the journal.
        """
        if self.connection.in_transaction:
            yield self
            return
        with files.explained(self.path):
            self.connection.execute("BEGIN")
            try:
                self._overlay.renew()
                yield self
            finally:
                if self.connection.in_transaction:
                    self.connection.execute("COMMIT")

    def keys(self, scope: Scope, server: str | None = None, domain: str | None = None) -> Iterator[Key]:
        """The keys of a scope, of one server or all, of one domain or all, ordered by labels."""
        query = (
            "SELECT id, server, domain, user, first_seen, last_seen FROM keys WHERE scope = :scope"
            " AND (:server IS NULL OR server = :server) AND (:domain IS NULL OR domain = :domain)"
            " ORDER BY server, domain, user"
        )
        wanted = {"scope": SCOPES.index(scope), "server": server, "domain": domain}
        with self.unmoving():
            for key, *labels, first, last in self.connection.execute(query, wanted):
                yield Key(key, tuple(labels[: len(scope.labels)]), first, last)

    def totals(self, key: int, *, before_day: int | None = None, before_hour: int | None = None) -> Amounts:
        """The key's totals when the day (ordinal) or hour (UNIX time) began; without either: now."""
        series, period = (store.HOURS, before_hour) if before_hour is not None else (store.BOOK, before_day)
        with self.unmoving():
            return store.newest(self.connection, series, key, period)[1]

    def rows(self, key: int, first: int, last: int, *, hours: bool = False) -> Iterator[tuple[int, Amounts]]:
        """The key's totals at the end of each period from `first` to `last` with activity, ascending."""
        with self.unmoving():
            yield from store.between(self.connection, store.HOURS if hours else store.BOOK, key, first, last)

    def last_logins(self) -> dict[int, int]:
        """The last login of each user by key, UNIX seconds; users that never logged in are missing."""
        with self.unmoving():
            return lastlogins.load(self.connection)

    def quality(self) -> Iterator[tuple[str, str, str, int, Quality]]:
        """(source, server, measure, first day, quality), by day: each holds until the next of the same three."""
        query = "SELECT source, server, measure, day, quality FROM quality ORDER BY day, source, server, measure"
        with self.unmoving():
            for source, server, measure, day, quality in self.connection.execute(query):
                yield source, server, measure, day, Quality(quality)

    def failed_names(self, first: int, last: int, server: str | None = None) -> Iterator[FailedName]:
        """Names that failed from day `first` to day `last`, most failures first."""
        query = (
            "SELECT server, name, sum(failures), max(last) FROM failed_names WHERE day BETWEEN :first AND :last"
            " AND (:server IS NULL OR server = :server) GROUP BY server, name ORDER BY 3 DESC, 1, 2"
        )
        with self.unmoving():
            for row in self.connection.execute(query, {"first": first, "last": last, "server": server}):
                yield FailedName(*row)
