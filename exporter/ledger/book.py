"""The ledger: stores totals, history, positions, open sessions and names (design section 4).

One SQLite file, one transaction per commit, one process. `book` gathers charges in memory, `commit` makes them
durable together with the read positions, and only then do they appear in `view`. A commit is one row of
the journal; the tables are updated from it every so many commits, and when the ledger is opened or closed.
"""

import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

from exporter.ledger import connection as files
from exporter.ledger import journal, schema, sources, writing, zones
from exporter.ledger.deciding import decided
from exporter.ledger.drafts import Drafts, Waiting
from exporter.ledger.entries import Horizon
from exporter.ledger.errors import LedgerError
from exporter.ledger.lock import Lock
from exporter.ledger.pending import Pending
from exporter.ledger.sources import SavedSource
from exporter.ledger.state import Staged, State
from exporter.ledger.upkeep import Keep
from exporter.ledger.writing import Limits, Writer
from exporter.model import Charge, SourceCheckpoint, View
from exporter.names import NameRules, Names

log = logging.getLogger(__name__)

Labels = tuple[str, ...]

DAY = 86_400


class Ledger:
    """The one writer of a ledger. Not thread-safe; `view` may be read from any thread.

    `calendar`: the local days. `names`: known names. Errors of files and disks are LedgerError.
    """

    @classmethod
    def open(
        cls,
        path: Path | str,
        *,
        zone: str | None = None,
        names: NameRules | None = None,
        keep: Keep | None = None,
        journal_rows: int = writing.ROWS,
        now: float,
    ) -> Self:
        """Open or create the ledger at `path`, for this process alone.

        `zone`: the time zone of days; None: the ledger's, or for a new one the machine's. LedgerError if another
        process has it, the zone is another one, or the file cannot be used. `journal_rows`: after how many commits
        the tables are brought up.
        """
        path = Path(path)
        lock = Lock(path, create=True)
        try:
            return cls(path, lock, zone, names or NameRules(), keep or Keep(), journal_rows, now)
        except BaseException:
            lock.abandon()
            raise

    _state: State
    _restored: dict[str, SavedSource]

    def __init__(  # noqa: PLR0917 - see `open`
        self, path: Path, lock: Lock, zone: str | None, rules: NameRules, keep: Keep, journal_rows: int, now: float
    ) -> None:
        self.path = path
        self._lock = lock
        self._keep = keep
        self._stale = False
        self._committed_at = now
        self._connection = files.open_for_writing(path, had=lock.commits)
        try:
            with files.explained(path):
                self.zones = zones.settle(self._connection, str(path), zone)
                self.calendar = zones.calendar_of(self.zones)
                self._writer = Writer(path, self._connection, journal_rows)
                self._load(now)
                self._restored = {name: self._found(name) for name in self._state.sources}
                self.names = Names(rules, self._state.entries)
                self._bring_up(now)
        except BaseException:
            self._connection.close()
            raise
        self._drafts = Drafts(self.calendar)
        self.view = self._new_view(now)
        self._mark_open()

    def restored(self, source: str) -> SavedSource | None:
        """The state of the source committed before this start; None: it is new."""
        return self._restored.get(source)

    @property
    def known_sources(self) -> Mapping[str, SavedSource]:
        """All sources as committed before this start, including those no longer configured."""
        return self._restored

    def rename_source(self, old: str, new: str, now: float) -> None:
        """Rename source `old` to `new`, which must not exist yet. LedgerError."""
        with files.explained(self.path):
            self._fold(now)
            number = self._writer.commits + 1

            def work() -> None:
                schema.set_meta(self._connection, "commits", str(number))
                sources.rename(self._connection, old, new)

            self._writer.guarded(self._connection, work)
            self._writer.commits = number
            self._mark_open()
            self._load(now)
        self._restored[new] = self._restored.pop(old)
        self.view = self._new_view(now)

    def saved(self, source: str) -> SavedSource | None:
        """The committed state of the source; None: it is new."""
        with files.explained(self.path):
            self._know()
            return self._found(source) if source in self._state.sources else None

    def _found(self, source: str) -> SavedSource:
        sessions = self._state.unfolded.sessions.load(self._connection, source)
        return replace(self._state.sources[source], sessions=sessions)

    def book(self, charges: Iterable[Charge], source: str = "") -> None:
        """Add charges of `source`; they are durable and visible after its next commit."""
        self._drafts.book(charges, source)

    def mark(self, source: str) -> None:
        """Set a mark to which `undo` rolls back."""
        self._drafts.mark(source)

    def undo(self, source: str) -> None:
        """Roll back what the source has booked since the last `mark`."""
        self._drafts.undo(source)

    def drop(self, source: str) -> None:
        """Discard everything of the source that is not committed."""
        self._drafts.drop(source)

    def commit(self, now: float, checkpoints: Mapping[str, SourceCheckpoint] | None = None) -> View:
        """Commit what the sources of the checkpoints have booked, together with these, and show it.

        None given: what waits of all sources. LedgerError if it could not be written: then nothing was, all is kept
        for the next try, and `view` is as before. The next try may bring the same checkpoints or newer ones.
        """
        for source, checkpoint in (checkpoints or {}).items():
            self._drafts.note(source, checkpoint)
        names = self._drafts.sources if checkpoints is None else tuple(checkpoints)
        pending, waiting = self._drafts.pending(names), self._drafts.waiting(names)
        with files.explained(self.path):
            self._be_ready(now)
            staged = self._staged(now, pending, waiting)
            self._writer.append(self._connection, staged.commit)
        self._drafts.clear(names)
        self._show(now, staged, waiting)
        return self.view

    def rehearse(self, now: float, checkpoints: Mapping[str, SourceCheckpoint]) -> None:
        """Raise any error that a commit of these sources would raise, without writing or changing anything."""
        pending = self._drafts.pending(checkpoints)
        waiting = {source: self._drafts.checkpoints(source, newest) for source, newest in checkpoints.items()}
        with files.explained(self.path):
            self._know()
            self._writer.append(self._connection, self._staged(now, pending, waiting).commit, "ROLLBACK")

    def close(self, *, is_kept: bool = True) -> None:
        """Update the tables, if the ledger will be read, and close the file; what is not committed is lost."""
        try:
            with files.explained(self.path):
                if is_kept:
                    self._fold(self.view.committed_at)
        except Exception as error:  # noqa: BLE001 - what is committed is durable: the next start brings them up
            log.warning("%s: its tables are updated at the next start (%s)", self.path, error)
        self._connection.close()
        self._lock.release()

    def _mark_open(self) -> None:
        with suppress(OSError):  # on a full disk: a loss of the newest commits would then go unnoticed
            self._lock.mark_open(self._writer.commits)

    # ── a commit ────────────────────────────────────────────────────────────────────────────────────────────

    def _be_ready(self, now: float) -> None:
        """Update the tables if the next commit needs it."""
        self._know()
        floor, today, hour = self._state.floor, self.calendar.day(int(now)), self.calendar.hour(int(now))
        if today < floor.open_day or hour < floor.open_hour:
            self._fold(now)
            self._load(now)  # the clock was set back: holds of older periods are needed again
        elif self._writer.is_full or hour > floor.hour:
            self._fold(now)

    def _staged(self, now: float, pending: Pending, waiting: Waiting) -> Staged:
        return decided(
            self._state,
            self.calendar,
            now,
            pending,
            waiting,
            horizon=lambda newest: self._horizon(now, min(now, newest + DAY)),
            keeps_names=self.names.keeps_names,
        )

    def _show(self, now: float, staged: Staged, waiting: Waiting) -> None:
        """Show what is now durable. If this fails, the commit is done anyway; the next one reads everything again."""
        self._stale = True
        self._committed_at = now
        try:
            self._mark_open()
            self._state.take(staged)
            for source, told in waiting.items():
                self._state.sources[source] = sources.after(self._state.sources.get(source, SavedSource()), told[-1])
            self.view = self._new_view(now)
        except Exception:
            log.exception("the last commit cannot be shown; the next commit reads it again")
        else:
            self._stale = False

    # ── tables and memory ───────────────────────────────────────────────────────────────────────────────────

    def _know(self) -> None:
        """Read again what was committed but could not be shown."""
        if self._stale:
            self._load(self._committed_at)

    def _load(self, now: float) -> None:
        """Load the tables, and what the journal has in addition."""
        self._state = State(self._connection, self.calendar, self._horizon(now, now), now)
        lines = list(journal.read(self._connection))
        self._writer.found(lines)
        if lines:
            self._state.replay(self._connection, (journal.commit_of(line, str(self.path)) for line in lines))
        self._stale = False

    def _bring_up(self, now: float) -> None:
        """Update the tables after a crash; on a full disk, do so later, without delaying the start."""
        try:
            with files.explained(self.path):
                self._fold(now)
        except LedgerError as error:
            if getattr(error.__cause__, "sqlite_errorname", "") != "SQLITE_FULL":
                raise
            log.warning("%s; its tables are updated later", error)

    def _fold(self, now: float) -> None:
        """Update the tables; from the periods open `now` on, rows are kept."""
        self._know()
        state = self._state
        if self._writer.is_empty:
            state.floor = self._horizon(now, now).later(state.floor)
            return
        believed = min(self._committed_at, state.newest((), now) + DAY)
        limits = Limits(self._horizon(now, believed), int(believed) - self._keep.unseen_days * DAY)
        born, forgotten = self._writer.fold(self._connection, state, limits)
        self._stale = True
        state.written(born, forgotten, self._horizon(now, now))
        for user in forgotten:
            self.names.forget(*user)
        self._stale = False

    def _horizon(self, now: float, believed: float) -> Horizon:
        """Retention counts from `believed`: our clock, but not far ahead of the log."""
        today, hour = self.calendar.day(int(now)), self.calendar.hour(int(now))
        kept = self.calendar.day(int(believed)) - self._keep.days
        return Horizon(today, hour, kept, self.calendar.hour(int(believed)) - self._keep.hours_days * DAY)

    def _new_view(self, now: float) -> View:
        state = self._state
        balanced = state.balance.check(state.entries, state.sources)
        zone = self.calendar.zone(int(now)).key
        return state.views.make(now, zone, state.sources, state.logins, self.names, balanced=balanced)
