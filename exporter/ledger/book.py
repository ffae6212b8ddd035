"""The ledger: system of record for totals, history, positions, open sessions and names (design section 4).

One SQLite file, one transaction per commit, one process. `book` gathers charges in memory, `commit` makes them
durable together with how far the logs were read, and only then are they to be seen in `view`.
"""

import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Self

from exporter.catalogue import SCOPES, Scope
from exporter.ledger import bounds, ends, failures, quality, schema, sources, store, upkeep, zones
from exporter.ledger import connection as files
from exporter.ledger.balance import Balance
from exporter.ledger.drafts import Drafts, Waiting, Written
from exporter.ledger.entries import Entry, Horizon
from exporter.ledger.guard import Guard
from exporter.ledger.lock import Lock
from exporter.ledger.logins import NOTHING, Logins, Noted
from exporter.ledger.pending import Delta, Pending
from exporter.ledger.posting import Posting
from exporter.ledger.sources import SavedSource
from exporter.ledger.upkeep import Keep, Progress
from exporter.ledger.view import Views
from exporter.model import Charge, SourceCheckpoint, View
from exporter.names import NameRules, Names

log = logging.getLogger(__name__)

Labels = tuple[str, ...]

DAY = 86_400


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
        lock = Lock(path, create=True)
        try:
            return cls(path, lock, zone, names or NameRules(), keep=keep or Keep(), now=now)
        except BaseException:
            lock.abandon()
            raise

    _entries: dict[Labels, Entry]
    _opened: Horizon
    _sources: dict[str, SavedSource]
    _logins: Logins

    def __init__(self, path: Path, lock: Lock, zone: str | None, rules: NameRules, *, keep: Keep, now: float) -> None:
        self.path = path
        self._lock = lock
        self._keep = keep
        self._drafts = Drafts()
        self._balance = Balance()
        self._progress = Progress()
        self._stale = False
        self._connection = files.open_for_writing(path, had=lock.commits)
        try:
            with files.explained(path):
                self.zones = zones.settle(self._connection, str(path), zone)
                self.calendar = zones.calendar_of(self.zones)
                self._load(now)
                self._restored = dict(self._sources)
                self._commits = schema.commits(self._connection)
                self._guard = Guard(path, self._connection)
        except BaseException:
            self._connection.close()
            raise
        self.names = Names(rules, self._entries)
        self.view = self._new_view(now)
        self._mark_open()

    def restored(self, source: str) -> SavedSource | None:
        """What was committed of the source before this start; None: it was never seen."""
        return self._restored.get(source)

    @property
    def known_sources(self) -> Mapping[str, SavedSource]:
        """All sources as they were committed before this start, those that are not configured any more too."""
        return self._restored

    def rename_source(self, old: str, new: str, now: float) -> None:
        """Let all that is kept of source `old` be that of `new`, which is not known yet. LedgerError."""
        with files.explained(self.path):
            self._guard.files()
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._guard.writers()
                schema.set_meta(self._connection, "commits", str(self._commits + 1))
                sources.rename(self._connection, old, new)
                self._connection.execute("COMMIT")
            except BaseException:
                self._rolled_back()
                raise
        self._commits += 1
        self._mark_open()
        for known in (self._sources, self._restored):
            known[new] = known.pop(old)
        self.view = self._new_view(now)

    def saved(self, source: str) -> SavedSource | None:
        """What is committed of the source now; None: it was never seen."""
        with files.explained(self.path):
            return sources.load(self._connection, source).get(source)

    def book(self, charges: Iterable[Charge], source: str = "") -> None:
        """Take in charges of `source`; they are durable and visible after its next commit."""
        self._drafts.book(charges, source)

    def mark(self, source: str) -> None:
        """What the source books from now on can be taken back by `undo`."""
        self._drafts.mark(source)

    def undo(self, source: str) -> None:
        """Take back what the source has booked since the last `mark`."""
        self._drafts.undo(source)

    def drop(self, source: str) -> None:
        """Take back all that is not committed of the source."""
        self._drafts.drop(source)

    def commit(self, now: float, checkpoints: Mapping[str, SourceCheckpoint] | None = None) -> View:
        """Make durable what the sources of the checkpoints have booked, together with these, and show it.

        None given: what waits of all sources. LedgerError if it could not be written: then nothing was, all is kept
        for the next try, and `view` is as before. The next try may bring the same checkpoints or newer ones.
        """
        for source, checkpoint in (checkpoints or {}).items():
            self._drafts.note(source, checkpoint)
        names = self._drafts.sources if checkpoints is None else tuple(checkpoints)
        pending, waiting = self._drafts.pending(names), self._drafts.waiting(names)
        with files.explained(self.path):
            written = self._commit(now, pending, waiting)
        self._drafts.clear(names)
        self._show(now, written, pending)
        return self.view

    def rehearse(self, now: float, checkpoints: Mapping[str, SourceCheckpoint]) -> None:
        """Raise what a commit of these sources would raise; nothing is written or changed."""
        pending = self._drafts.pending(checkpoints)
        waiting = {source: self._drafts.checkpoints(source, newest) for source, newest in checkpoints.items()}
        with files.explained(self.path):
            self._write(now, pending, waiting, "ROLLBACK")

    def close(self) -> None:
        """Close the file; what was not committed is dropped."""
        self._connection.close()
        self._lock.release()

    def _mark_open(self) -> None:
        with suppress(OSError):  # a full disk: then a loss of the newest commits would not be noticed
            self._lock.mark_open(self._commits)

    # ── one transaction ─────────────────────────────────────────────────────────────────────────────────────

    def _commit(self, now: float, pending: Pending, waiting: Waiting) -> Written:
        self._guard.files()
        if self._stale:
            self._load(now)
        return self._write(now, pending, waiting, "COMMIT")

    def _show(self, now: float, written: Written, pending: Pending) -> None:
        """Take over what is durable. Whatever fails here, the commit is done: the next one reads all anew."""
        self._stale = True
        self._commits += 1
        try:
            self._mark_open()
            self._apply(written.staged, written.saved, pending)
            self._logins.apply(written.logins, now, min(now, written.newest))
            self._progress = written.progress
            self._forget(written.forgotten)
            self.view = self._new_view(now)
        except Exception:
            log.exception("what was committed cannot be shown; the next commit reads it again")
        else:
            self._stale = False

    def _write(self, now: float, pending: Pending, waiting: Waiting, end: str) -> Written:
        deltas = bounds.rolled_up(pending, self.calendar, self._entries)
        newest = self._newest(now, deltas, waiting)
        horizon = self._horizon(now, min(now, newest + DAY))
        if horizon.today < self._opened.open_day or horizon.hour < self._opened.open_hour:
            self._load_entries(now)  # the clock went back: holds of older periods are needed again
        self._opened = horizon.later(self._opened)
        unseen = int(min(now, newest + DAY)) - self._keep.unseen_days * DAY
        posting = Posting(self._connection, self._entries, self.calendar, horizon)
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._guard.writers()
            schema.set_meta(self._connection, "commits", str(self._commits + 1))
            posting.write(deltas)
            logins = self._write_side(posting.staged, deltas, pending, now, min(now, newest))
            saved = self._write_sources(deltas, waiting, now)
            progress, forgotten = upkeep.tend(self._connection, self._progress, horizon, unseen)
            self._connection.execute(end)
        except BaseException:
            self._rolled_back()
            raise
        return Written(posting.staged, logins, saved, progress, forgotten, newest)

    def _rolled_back(self) -> None:
        """An error of COMMIT means that this connection does not see it as done, so that it may be repeated."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _write_side(
        self, staged: Mapping[Labels, Entry], deltas: Iterable[Labels], pending: Pending, now: float, believed: float
    ) -> Noted:
        ends.write(self._connection, pending.ends)
        if not self.names.keeps_names:
            return NOTHING
        failures.write(self._connection, pending.failures, self.calendar)
        keys = {labels: staged[labels].key for labels in deltas}
        return self._logins.write(self._connection, pending.logins, keys, now, believed)

    def _write_sources(self, deltas: Mapping[Labels, Delta], waiting: Waiting, now: float) -> dict[str, SavedSource]:
        saved: dict[str, SavedSource] = {}
        for source, checkpoints in waiting.items():
            old, new = self._sources.get(source, SavedSource()), checkpoints[-1]

            def day_of(server: str, first: bool, new: SourceCheckpoint = new) -> int:  # noqa: FBT001
                stamp = new.last_events.get(server, int(now))
                delta = deltas.get((server,))
                return self.calendar.day(min(stamp, delta.first) if first and delta else stamp)

            doubted = {place: self.calendar.day(stamp) for place, stamp in new.doubted_since.items()}
            quality.write(self._connection, source, old, new, day_of, doubted)
            saved[source] = sources.write(self._connection, source, old, checkpoints)
        return saved

    def _apply(self, staged: Mapping[Labels, Entry], saved: Mapping[str, SavedSource], pending: Pending) -> None:
        for labels, entry in staged.items():
            self._balance.move(self._entries.get(labels), entry)
            self._entries[labels] = entry
        self._sources.update(saved)
        self._views.change(staged.values(), pending.ends)

    def _forget(self, users: Iterable[Labels]) -> None:
        users = [user for user in users if self._entries.pop(user, None)]
        self._views.remove(users)
        for user in users:
            self._logins.forget(user)
            self.names.forget(*user)

    # ── what is in memory ───────────────────────────────────────────────────────────────────────────────────

    def _load(self, now: float) -> None:
        self._load_entries(now)
        self._sources = sources.load(self._connection)
        users = {entry.key: labels for labels, entry in self._entries.items() if len(labels) == len(SCOPES)}
        self._logins = Logins(self._connection, users, now)

    def _load_entries(self, now: float) -> None:
        self._opened = self._horizon(now, now)
        self._entries = store.load(self._connection, self._opened)
        self._balance.recount(self._entries)
        self._views = Views(self._entries, ends.load(self._connection))

    def _horizon(self, now: float, believed: float) -> Horizon:
        """What is kept is counted from `believed`: what our clock says, but not far ahead of the log."""
        today, hour = self.calendar.day(int(now)), self.calendar.hour(int(now))
        kept = self.calendar.day(int(believed)) - self._keep.days
        return Horizon(today, hour, kept, self.calendar.hour(int(believed)) - self._keep.hours_days * DAY)

    def _newest(self, now: float, deltas: Mapping[Labels, Delta], waiting: Waiting) -> float:
        """The newest stamp of all logs; a clock that is years ahead of it must not end the history."""
        known = [self._entries[server].last_seen for server in self.view.rows[Scope.SERVER]]
        booked = [delta.last for labels, delta in deltas.items() if len(labels) == 1]
        told = [checkpoints[-1].last_events.values() for checkpoints in waiting.values()]
        saved = [source.last_events.values() for source in self._sources.values()]
        return float(max(chain(known, booked, *told, *saved), default=now))

    def _new_view(self, now: float) -> View:
        balanced = self._balance.check(self._entries, self._sources)
        zone = self.calendar.zone(int(now)).key
        return self._views.make(now, zone, self._sources, self._logins, self.names, balanced=balanced)
