"""One ledger, as read by reports and the export: what its keys added, and how far back that is known.

A row of `book` or `hours` holds the totals at the end of its period, so an amount is the difference to the newest
row before. Rows older than what the ledger keeps are its opening balance: a begin, not an amount.
"""

from collections.abc import Iterator
from functools import cached_property

from exporter.catalogue import MEASURES, SCOPES, Scope
from exporter.ledger.reading import Key, Reading
from exporter.reports.logged import Logged

Amounts = tuple[int, ...]

HOUR = 3600
_ADDED = ", ".join(f"after.{measure.name} - ifnull(start.{measure.name}, 0)" for measure in MEASURES)
_NEWEST = "(SELECT max(day) FROM book WHERE key = keys.id AND day {} ?)"
# Two lookups per key, however long the range.
_GROWTH = f"""SELECT keys.id, {_ADDED} FROM keys
    CROSS JOIN book AS after ON after.key = keys.id AND after.day = {_NEWEST.format("<=")}
    LEFT JOIN book AS start ON start.key = keys.id AND start.day = {_NEWEST.format("<")}
    WHERE keys.scope = ? AND keys.server = ?"""  # noqa: S608 - columns of the catalogue; values are parameters


class Book:
    """A ledger's history; compared by identity."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.calendar = reading.calendar

    @cached_property
    def logged(self) -> Logged:
        """What its logs contain."""
        return Logged(self.reading.quality())

    @cached_property
    def servers(self) -> dict[str, Key]:
        """All servers, by name."""
        return {key.labels[0]: key for key in self.reading.keys(Scope.SERVER)}

    @cached_property
    def last_logins(self) -> dict[int, int]:
        """The timestamp of the newest login of each user, by key."""
        return self.reading.last_logins()

    @cached_property
    def kept_days(self) -> dict[str, int]:
        """By server, the first day whose amounts are known; 0: all since it was first seen."""
        births = {name: self.calendar.day(key.first_seen) for name, key in self.servers.items()}
        return {name: self._kept("book", "day", 1, key.id, births[name]) for name, key in self.servers.items()}

    @cached_property
    def kept_hours(self) -> dict[str, int]:
        """By server, the first hour whose amounts are known; 0: all since it was first seen."""
        births = {name: self.calendar.hour(key.first_seen) for name, key in self.servers.items()}
        return {name: self._kept("hours", "hour", HOUR, key.id, births[name]) for name, key in self.servers.items()}

    @cached_property
    def unborn(self) -> dict[str, int]:
        """Servers without connections so far, with the timestamp of their newest line."""
        query = "SELECT server, max(stamp) FROM last_events GROUP BY server"
        return {name: stamp for name, stamp in self.reading.connection.execute(query) if name not in self.servers}

    def first_day(self, server: str) -> int:
        """The first day of the server that is known: when it was first seen, or the oldest that is kept."""
        return max(self.calendar.day(self.servers[server].first_seen), self.kept_days[server])

    def first_hour(self, server: str) -> int:
        """The same for hours."""
        return max(self.calendar.hour(self.servers[server].first_seen), self.kept_hours[server])

    def days(self, key: Key, first: int, last: int) -> Iterator[tuple[int, Amounts]]:
        """What the key added on each day from `first` to `last` with activity, as far as known."""
        begin = max(first, self.kept_days.get(key.labels[0], 0))
        yield from _amounts(self.reading.totals(key.id, before_day=begin), self.reading.rows(key.id, begin, last))

    def hours(self, key: Key, first: int, last: int) -> Iterator[tuple[int, Amounts]]:
        """The same for the hours that begin from `first` to `last`."""
        begin = max(first, self.kept_hours.get(key.labels[0], 0))
        rows = self.reading.rows(key.id, begin, last, hours=True)
        yield from _amounts(self.reading.totals(key.id, before_hour=begin), rows)

    def growth(self, scope: Scope, server: str, first: int, last: int) -> dict[int, Amounts]:
        """What each key of a server added from day `first` to day `last`, by key id, as far as known."""
        begin = max(first, self.kept_days.get(server, 0))
        rows = self.reading.connection.execute(_GROWTH, (last, begin, SCOPES.index(scope), server))
        return {key: tuple(amounts) for key, *amounts in rows}

    def _kept(self, table: str, period: str, unit: int, key: int, birth: int) -> int:
        # A server has a row for the period of its birth, so a later first row is what retention has left: an opening
        # balance. No key of the server has a newer one.
        query = f"SELECT min({period}) FROM {table} WHERE key = ?"  # noqa: S608 - constants
        (oldest,) = self.reading.connection.execute(query, (key,)).fetchone()
        return 0 if oldest is None or oldest <= birth else oldest + unit


def _amounts(before: Amounts, rows: Iterator[tuple[int, Amounts]]) -> Iterator[tuple[int, Amounts]]:
    for period, totals in rows:
        yield period, tuple(map(int.__sub__, totals, before))
        before = totals
