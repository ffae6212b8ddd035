"""The ledger: system of record for totals, history, positions, open sessions and names (design section 4).

One SQLite file, one transaction per commit, one process. `book` gathers charges in memory, `commit` makes them
durable together with how far the logs were read, and only then are they to be seen in `view`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from exporter.catalogue import OTHER, SCOPES, UNKNOWN, ZERO
from exporter.ledger import connection as files
from exporter.ledger import ends, failures, quality, sources, store, zones
from exporter.ledger.balance import Balance
from exporter.ledger.entries import NEVER, Entry, Horizon, added, clipped, still_open
from exporter.ledger.errors import LedgerError
from exporter.ledger.lock import Lock
from exporter.ledger.networks import Networks
from exporter.ledger.pending import Delta, Pending
from exporter.ledger.sources import SavedSource, Unsaved
from exporter.ledger.view import Views
from exporter.model import Charge, Row, SourceCheckpoint, View
from exporter.names import NameRules, Names

Labels = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Keep:
    """How long history is kept: days in all scopes, days for which hours are kept, days a user may be unseen."""

    days: int = 400
    hours_days: int = 35
    unseen_days: int = 400


class Ledger:
    """The one writer of a ledger. Not thread-safe; `view` may be read from any thread.

    `calendar`: the local days. `names`: who is known. Errors of files and disks are LedgerError.
    """

    @classmethod
    def open(
        cls,
        path: Path | str,
        *,
        zone: str | None = None,
        names: NameRules | None = None,
        keep: Keep | None = None,
        now: float,
    ) -> Self:
        """Open or create the ledger at `path`, for this process alone.

        `zone`: in which days begin; None: as the ledger has it, in a new one the machine's. LedgerError if another
        process has it, the zone is another one, or the file cannot be used.
        """
        path = Path(path)
        lock = Lock(path)
        try:
            _refuse_if_torn(path, lock)
            return cls(path, lock, zone, names or NameRules(), keep=keep or Keep(), now=now)
        except BaseException:
            lock.abandon()
            raise

    def __init__(self, path: Path, lock: Lock, zone: str | None, rules: NameRules, *, keep: Keep, now: float) -> None:
        self._entries: dict[Labels, Entry]
        self._opened: Horizon
        self.path = path
        self._lock = lock
        self._keep = keep
        self._pending = Pending()
        self._unsaved = Unsaved()
        self._balance = Balance()
        self._connection = files.open_for_writing(path)
        try:
            with files.explained(path):
                self.zones = zones.settle(self._connection, str(path), zone)
                self.calendar = zones.calendar_of(self.zones)
                self._load_entries(now)
                self._sources = sources.load(self._connection)
                self._restored = dict(self._sources)
                users = {entry.key: labels for labels, entry in self._entries.items() if len(labels) == len(SCOPES)}
                self._networks = Networks(self._connection, users, now)
        except BaseException:
            self._connection.close()
            raise
        self.names = Names(rules, self._entries)
        self.view = self._new_view(now)

    def restored(self, source: str) -> SavedSource | None:
        """What was committed of the source before this start; None: it was never seen."""
        return self._restored.get(source)

    def book(self, charges: Iterable[Charge]) -> None:
        """Take in charges; they are durable and visible after the next commit."""
        self._pending.book(charges)

    def commit(self, now: float, checkpoints: Mapping[str, SourceCheckpoint] | None = None) -> View:
        """Make durable what was booked, together with what belongs to it of each source, and show it.

        LedgerError if it could not be written: then nothing was, all is kept for the next try, and `view` is as
        before. The next try may bring the same checkpoints or newer ones.
        """
        self._unsaved.take(checkpoints or {})
        with files.explained(self.path):
            self._commit(now)
        self.view = self._new_view(now)
        return self.view

    def close(self) -> None:
        """Close the file; what was not committed is dropped."""
        self._connection.close()
        self._lock.release()

    # ── one transaction ─────────────────────────────────────────────────────────────────────────────────────

    def _commit(self, now: float) -> None:
        horizon = self._horizon(now)
        if horizon.open_day < self._opened.open_day:
            self._load_entries(now)  # the clock went back: holds of older periods are needed again
        self._opened = horizon
        deltas = self._pending.roll_up(self.calendar)
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            staged = self._write_totals(deltas, horizon)
            networks = self._write_side(staged, deltas, now)
            saved = self._write_sources(deltas, now)
            self._connection.execute("COMMIT")
        except BaseException:
            # An error of COMMIT means that this connection does not see it as done, so that it may be repeated.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self._apply(staged, saved)
        self._networks.apply(networks, now)

    def _write_totals(self, deltas: Mapping[Labels, Delta], horizon: Horizon) -> dict[Labels, Entry]:
        staged: dict[Labels, Entry] = {}
        for labels, delta in deltas.items():
            if len(labels) == 1 and labels not in self._entries:
                for pseudo in (UNKNOWN, OTHER):
                    staged[*labels, pseudo] = self._born((*labels, pseudo), delta)
            entry = staged.get(labels) or self._entries.get(labels) or self._born(labels, delta)
            staged[labels] = self._posted(entry, delta, horizon)
        return staged

    def _born(self, labels: Labels, delta: Delta) -> Entry:
        key = store.insert_key(self._connection, labels, delta.first, delta.last)
        return Entry(key, Row(labels, delta.first, ZERO), last_seen=delta.last)

    def _posted(self, entry: Entry, delta: Delta, horizon: Horizon) -> Entry:
        row = entry.row
        days = clipped(delta.days, horizon.kept_day, store.BOOK.unit)
        hours = clipped(delta.hours, horizon.kept_hour, store.HOURS.unit)
        newest_day = store.BOOK.post(self._connection, entry, entry.newest_day, days)
        newest_hour = store.HOURS.post(self._connection, entry, entry.newest_hour, hours) if hours else NEVER
        first, last = min(row.first_seen, delta.first), max(entry.last_seen, delta.last)
        if first < row.first_seen or self.calendar.day(last) > self.calendar.day(entry.last_seen):
            store.update_key(self._connection, entry.key, first, last)
        else:
            last = entry.last_seen
        posted = Row(
            row.labels,
            first,
            added(row.totals, store.sums(days.values())),
            still_open(row.days, days, horizon.open_day),
            still_open(row.hours, hours, horizon.open_hour),
        )
        return Entry(entry.key, posted, newest_day, newest_hour, last)

    def _write_side(
        self, staged: Mapping[Labels, Entry], deltas: Mapping[Labels, Delta], now: float
    ) -> dict[Labels, dict[bytes, int]]:
        ends.write(self._connection, self._pending.ends)
        if not self.names.keeps_names:
            return {}
        failures.write(self._connection, self._pending.failures, self.calendar)
        keys = {labels: staged[labels].key for labels in deltas}
        return self._networks.write(self._connection, self._pending.logins, keys, now)

    def _write_sources(self, deltas: Mapping[Labels, Delta], now: float) -> dict[str, SavedSource]:
        saved: dict[str, SavedSource] = {}
        for source, waiting in self._unsaved.items():
            old, new = self._sources.get(source, SavedSource()), waiting[-1]

            def day_of(server: str, first: bool, new: SourceCheckpoint = new) -> int:  # noqa: FBT001
                stamp = new.last_events.get(server, int(now))
                delta = deltas.get((server,))
                return self.calendar.day(min(stamp, delta.first) if first and delta else stamp)

            quality.write(self._connection, source, old, new, day_of)
            saved[source] = sources.write(self._connection, source, old, waiting)
        return saved

    def _apply(self, staged: Mapping[Labels, Entry], saved: Mapping[str, SavedSource]) -> None:
        for labels, entry in staged.items():
            self._balance.move(self._entries.get(labels), entry)
            self._entries[labels] = entry
        self._sources.update(saved)
        self._views.change(staged.values(), self._pending.ends)
        self._pending = Pending()
        self._unsaved.clear()

    # ── what is in memory ───────────────────────────────────────────────────────────────────────────────────

    def _load_entries(self, now: float) -> None:
        self._opened = self._horizon(now)
        self._entries = store.load(self._connection, self._opened)
        self._balance.recount(self._entries)
        self._views = Views(self._entries, ends.load(self._connection))

    def _horizon(self, now: float) -> Horizon:
        today, hour = self.calendar.day(int(now)), self.calendar.hour(int(now))
        return Horizon(today - 1, hour - 2 * 3600, today - self._keep.days, hour - self._keep.hours_days * 86_400)

    def _new_view(self, now: float) -> View:
        balanced = self._balance.check(self._entries, self._sources)
        zone = self.calendar.zone(int(now)).key
        return self._views.make(now, zone, self._sources, self._networks.counts, self.names, balanced=balanced)


def _refuse_if_torn(path: Path, lock: Lock) -> None:
    """A ledger that was not closed has its write-ahead file, with its newest commits, unless somebody removed it."""
    if lock.was_left_open and path.exists() and not path.with_name(path.name + "-wal").exists():
        raise LedgerError(
            f"{path}: was not closed, and its write-ahead file {path.name}-wal is missing, so the newest commits are"
            f" lost; put it back or restore a backup, or remove {lock.path.name} to accept the loss"
        )
