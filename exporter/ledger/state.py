"""Everything committed, in memory: the tables, and what the journal adds to them."""

import sqlite3
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import NamedTuple

from exporter.catalogue import SCOPES, Quality, Reason
from exporter.ledger import ends, folding, sources, store, unfolded
from exporter.ledger.balance import Balance
from exporter.ledger.deltas import Delta, rolled_up
from exporter.ledger.entries import Entry, Horizon
from exporter.ledger.failures import Rooms
from exporter.ledger.journal import Commit
from exporter.ledger.logins import Logins
from exporter.ledger.posting import Posting
from exporter.ledger.sessions import Unstored
from exporter.ledger.sources import SavedSource
from exporter.ledger.unfolded import Since, Unfolded
from exporter.ledger.view import Views
from exporter.model import Row
from exporter.periods import Calendar

Labels = tuple[str, ...]


class Staged(NamedTuple):
    """The state that a commit leads to once it is durable."""

    commit: Commit
    deltas: Mapping[Labels, Delta]
    entries: Mapping[Labels, Entry]


class State:
    """Of the tables as they are, and then of every commit that is taken.

    `floor`: periods from its open ones on are kept in rows, until the tables are brought up.
    """

    def __init__(self, connection: sqlite3.Connection, calendar: Calendar, floor: Horizon, now: float) -> None:
        self.floor = floor
        self._calendar = calendar
        self.entries: dict[Labels, Entry] = store.load(connection, floor)
        self.sources = sources.load(connection)
        users = {
            entry.key: labels for labels, entry in self.entries.items() if entry.key and len(labels) == len(SCOPES)
        }
        self.logins = Logins(connection, users, now)
        self.failed = Rooms(connection)
        self.balance = Balance()
        self.balance.recount(self.entries)
        self.views = Views(self.entries, ends.load(connection))
        self.unfolded = Unfolded(Unstored(connection))

    def staged(self, commit: Commit, deltas: Mapping[Labels, Delta] | None = None) -> Staged:
        """What the commit would change; nothing is changed yet. `deltas`: its cells, if already rolled up."""
        found = rolled_up(commit.cells, self._calendar) if deltas is None else deltas
        posting = Posting(self.entries, self._calendar, self.floor)
        posting.write(found)
        return Staged(commit, found, posting.staged)

    def take(self, staged: Staged) -> None:
        """Apply what is now durable."""
        commit = staged.commit
        days = Since(self.floor.open_day, commit.kept_day, store.BOOK.unit)
        hours = Since(self.floor.open_hour, commit.kept_hour, store.HOURS.unit)
        for labels, entry in staged.entries.items():
            before = self.entries.get(labels)
            self.balance.move(before, entry)
            self.entries[labels] = entry
            seen = (
                before is None or before.last_seen != entry.last_seen or before.row.first_seen != entry.row.first_seen
            )
            self.unfolded.touch(labels, staged.deltas.get(labels), days, hours, seen=seen)
        self.unfolded.add(commit.ends, self.failed.apply(commit.failed), commit.quality)
        for source, changes in commit.sources.items():
            self.unfolded.change(source, changes)
        for source, moved in commit.sessions.items():
            self.unfolded.sessions.take(source, moved)
        self.logins.apply(commit.logins, commit.now, min(commit.now, commit.newest))
        self.views.change(
            staged.entries.values(), {(server, Reason(reason)): count for server, reason, count in commit.ends}
        )

    def replay(self, connection: sqlite3.Connection, commits: Iterable[Commit]) -> None:
        """Apply the journal, as if it were committed now."""
        for commit in commits:
            self.take(self.staged(commit))
        self.sources = sources.load(connection, changed=self.unfolded.rows)
        told: dict[str, dict[tuple[str, str], Quality]] = {}
        for one in self.unfolded.quality:
            told.setdefault(one.source, {})[one.server, one.measure] = Quality(one.quality)
        for name, qualities in told.items():
            source = self.sources.setdefault(name, SavedSource())
            source.quality = {**source.quality, **qualities}

    def write(self, connection: sqlite3.Connection) -> dict[Labels, int]:
        """Update the tables inside an open transaction; returns what `written` needs."""
        return folding.write(connection, self.unfolded, self.entries, self.logins, self.floor)

    def written(self, born: Mapping[Labels, int], forgotten: Iterable[Labels], floor: Horizon) -> None:
        """The tables are brought up: keys have these ids, and users are no more. Rows are kept from `floor` on."""
        for labels, key in born.items():
            self.entries[labels].key = key
        users = [user for user in forgotten if self.entries.pop(user, None)]
        self.views.remove(users)
        for user in users:
            self.logins.forget(user)
        self.logins.written()
        self.failed.written()
        self.floor = floor.later(self.floor)
        touched = (self.entries[labels] for labels in self.unfolded.keys if labels in self.entries)
        shorter = [entry for entry in touched if self._shorten(entry)]
        self.views.change(shorter, {})
        self.unfolded = unfolded.after(self.unfolded)

    def newest(self, more: Iterable[float], default: float) -> float:
        """The newest stamp of all logs, and of `more`; a clock that is years ahead of it must not end the history."""
        known = (self.entries[server].last_seen for server in self.views.servers)
        saved = (source.last_events.values() for source in self.sources.values())
        return float(max(chain(known, more, *saved), default=default))

    def _shorten(self, entry: Entry) -> bool:
        """Drop periods that are no longer open; returns whether there were any."""
        row, day, hour = entry.row, self.floor.open_day, self.floor.open_hour
        if (not row.days or row.days[0][0] >= day) and (not row.hours or row.hours[0][0] >= hour):
            return False
        days = tuple(one for one in row.days if one[0] >= day)
        hours = tuple(one for one in row.hours if one[0] >= hour)
        entry.row = Row(row.labels, row.first_seen, row.totals, days, hours)
        return True
