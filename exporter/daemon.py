"""The loop: look, book, commit - one thread, and one transaction for all that belongs together (design section 4)."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from exporter.exposition.selfmetrics import SelfMetrics
from exporter.exposition.sources import SourceReport
from exporter.inputs.contract import Input
from exporter.ledger import Ledger, LedgerError
from exporter.model import SourceCheckpoint
from exporter.pipeline import Pipeline

LOG = logging.getLogger(__name__)

# Bytes that one source may bring in a turn: some tens of milliseconds, so that commits stay punctual.
TURN_BYTES = 1 << 20
# A poll is the truth, wake-ups only make it earlier.
POLL_SECONDS = 1.0
# With nothing to write the ledger is still touched this often: it shows that it could be written.
IDLE_COMMIT_SECONDS = 60.0
COMPLAIN_SECONDS = 10.0
RELEASE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Reader:
    """One source at work: where its lines come from, and their way to charges."""

    name: str
    input: Input
    pipeline: Pipeline
    report: Callable[[], SourceReport]


class Daemon:
    """Reads all sources into the ledger; `clock` gives UNIX seconds, `stopwatch` seconds for durations."""

    def __init__(
        self,
        ledger: Ledger,
        readers: Sequence[Reader],
        metrics: SelfMetrics,
        *,
        commit_seconds: float,
        clock: Callable[[], float],
        stopwatch: Callable[[], float],
    ) -> None:
        self.failing = ""
        self._ledger = ledger
        self._readers = readers
        self._metrics = metrics
        self._commit_seconds = commit_seconds
        self._clock = clock
        self._stopwatch = stopwatch
        self._tried = self._committed = clock()
        self._dirty = True
        self._begun = False
        self._complained = float("-inf")
        self._failing_since = 0.0
        self._problems: set[str] = set()
        self._counts: dict[str, tuple[int, int, int]] = {}

    def begin(self) -> None:
        """Commit where reading begins before anything is read: from here on every source has been seen.

        Killed later, however early, it goes on from there; `start` applies to a source only once.
        """
        if not self._begun:
            self._begun, tried = True, self._tried
            now = self._clock()
            for reader in self._readers:
                self._read(reader, now, 0)
            self._commit(now)
            self._tried = tried

    def run(self, wake: threading.Event, stop: threading.Event) -> bool:
        """Turn until `stop` is set; `wake` ends a pause early. Whether the commit before it returns succeeded."""
        while not stop.is_set():
            if not self.turn():
                wake.wait(POLL_SECONDS)
                wake.clear()
        self._commit(self._clock())
        return not self.failing

    def turn(self) -> bool:
        """Look at every source once, and commit when it is time; whether there is more to read at once.

        While commits fail nothing is read: the log waits, and memory stays bounded.
        """
        self.begin()
        began, now = self._stopwatch(), self._clock()
        busy = False
        if not self.failing:
            more = [self._read(reader, now, TURN_BYTES) for reader in self._readers]
            busy = any(more)
        if self._is_due(now):
            self._commit(now)
        self._metrics.observe_turn(self._stopwatch() - began)
        self._report()
        return busy and not self.failing

    def _report(self) -> None:
        """Hand on how the sources fare; a problem is logged when it begins."""
        reports = [reader.report() for reader in self._readers]
        problems = {f"source {one.name}: {problem}" for one in reports for problem in one.problems}
        for problem in sorted(problems - self._problems):
            LOG.warning("%s", problem)
        self._problems = problems
        self._metrics.report(reports)

    def _read(self, reader: Reader, now: float, budget: int) -> bool:
        taken = 0
        for batch in reader.input.read(now, budget):
            self._ledger.book(reader.pipeline.feed(batch, now))
            taken += len(batch.lines)
        status = reader.input.status()
        expired = reader.pipeline.expire(now, caught_up=status.caught_up)
        self._ledger.book(expired)
        counts = (status.rotations, status.truncations, status.lines_possibly_lost)
        changed = self._counts.get(reader.name, counts) != counts
        self._counts[reader.name] = counts
        self._dirty = self._dirty or changed or bool(taken or expired)
        return taken > 0 and not status.caught_up

    def _is_due(self, now: float) -> bool:
        # A clock that was set back must not stop the commits.
        waited = abs(now - self._tried)
        return waited >= (self._commit_seconds if self._dirty else IDLE_COMMIT_SECONDS)

    def _commit(self, now: float) -> None:
        began = self._stopwatch()
        self._tried = now
        try:
            self._ledger.commit(now, {reader.name: self._checkpoint(reader) for reader in self._readers})
        except LedgerError as error:
            self._fail(str(error), now)
            return
        if self.failing:
            LOG.warning("the ledger can be written again; reading goes on")
        self.failing = ""
        self._dirty = False
        self._metrics.observe_commit(self._stopwatch() - began)

    def _checkpoint(self, reader: Reader) -> SourceCheckpoint:
        status = reader.input.status()
        return reader.pipeline.checkpoint(
            reader.input.positions(),
            read_bytes=status.read_bytes,
            rotations=status.rotations,
            truncations=status.truncations,
            lines_possibly_lost=status.lines_possibly_lost,
        )

    def _fail(self, message: str, now: float) -> None:
        if not self.failing:
            self._failing_since = now
        self.failing = message
        if abs(now - self._complained) >= COMPLAIN_SECONDS:
            self._complained = now
            LOG.error("%s; reading waits until it can be written, nothing is lost", message)
        if abs(now - self._failing_since) >= RELEASE_SECONDS:
            # A deleted log that we hold open would keep the very disk full that we wait for.
            for reader in self._readers:
                reader.input.release_deleted()
