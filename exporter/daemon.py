"""The main loop: read, count, commit, in one thread and with one transaction (design section 4).

An error in one source does not affect the others (`confinement`). If a commit fails, its source is searched first.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence

from exporter.confinement import Confined
from exporter.crew import Crew
from exporter.errors import kind_of
from exporter.exposition.selfmetrics import SelfMetrics
from exporter.faults import cause
from exporter.ledger import Ledger, LedgerError
from exporter.model import SourceCheckpoint
from exporter.pulse import Pulse

LOG = logging.getLogger(__name__)

# Bytes read from a source in one pass: some tens of milliseconds, so that commits are on time.
TURN_BYTES = 1 << 20
# Lines are kept until they are committed, to process them again after a fault; this many bytes trigger a commit.
KEPT_BYTES = 16 << 20
# A pass over slow sources ends after so long; the next one goes on with the others.
LOOK_SECONDS = 5.0
# Polling decides; wake-ups only make it happen earlier.
POLL_SECONDS = 1.0
# The ledger is written at least this often, which shows that it can be written.
IDLE_COMMIT_SECONDS = 60.0
COMPLAIN_SECONDS = 10.0
RELEASE_SECONDS = 60.0


class Daemon:
    """Reads all sources into the ledger; `clock` gives UNIX seconds, `stopwatch` seconds for durations.

    `pulse` records what the loop is doing at each step. Once `stop` is set, no further source is read.
    """

    def __init__(
        self,
        ledger: Ledger,
        crew: Crew,
        metrics: SelfMetrics,
        *,
        commit_seconds: float,
        clock: Callable[[], float],
        stopwatch: Callable[[], float],
        pulse: Pulse | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        self.failing = ""
        self._ledger = ledger
        self._crew = crew
        self._sources = crew.sources
        self._metrics = metrics
        self._commit_seconds = commit_seconds
        self._clock = clock
        self._stopwatch = stopwatch
        self._pulse = pulse or Pulse(stopwatch)
        self._stop = stop or threading.Event()
        self._left: list[Confined] = []
        self._more = False
        self._look_began = 0.0
        crew.is_late = self._is_late
        self._tried = clock()
        self._dirty = True
        self._begun = False
        self._complained = float("-inf")
        self._failing_since = 0.0
        self._problems: set[tuple[str, str]] = set()
        for source in self._sources:
            self._pulse.beat(f"source {source.name}")
            source.begin(self._tried)
        self._report()

    def begin(self) -> None:
        """Commit the start positions before anything is read, so that every source is known.

        However early it is killed after that, it continues from there; `start` applies to a source only once.
        """
        if not self._begun:
            self._begun, tried = True, self._tried
            now = self._clock()
            self._look(now, 0)
            self._commit(now)
            self._tried = tried
            self._report()
            self._pulse.turn()

    def run(self, wake: threading.Event) -> bool:
        """Run until `stop` is set; `wake` ends a pause early. Returns whether the final commit succeeded."""
        while not self._stop.is_set():
            if not self._turned():
                wake.wait(POLL_SECONDS)
                wake.clear()
        return self.finish()

    def finish(self) -> bool:
        """Commit what was read; returns whether that succeeded."""
        self._commit(self._clock())
        return not self.failing

    def close(self) -> None:
        """Close all inputs."""
        for source in self._sources:
            source.close()

    def _turned(self) -> bool:
        """One pass that survives any exception: expected ones are confined, so this is for bugs."""
        try:
            return self.turn()
        except Exception as error:
            self._complain(f"a pass of the main loop failed ({cause(error)}); please report it", self._clock())
            return False

    def turn(self) -> bool:
        """Read every source once, or as many as time allows, and commit when it is time.

        Returns whether there is more to read now.

        While commits fail, nothing is read, so memory stays bounded; the log is the queue.
        """
        self.begin()
        began, now = self._stopwatch(), self._clock()
        busy = False
        if not self.failing:
            busy = self._look(now, TURN_BYTES)
        if self._is_due(now):
            self._pulse.beat("the ledger")
            self._commit(now)
        self._metrics.observe_turn(self._stopwatch() - began)
        self._report()
        self._pulse.turn()
        return busy and not self.failing

    def _look(self, now: float, budget: int) -> bool:
        """Read the sources, those first that the last look left out; returns whether there is more to read now."""
        self._look_began = self._stopwatch()
        if not self._left:
            self._left, self._more = list(self._sources), False
        while self._left and not self._is_late():
            source = self._left.pop(0)
            self._pulse.beat(f"source {source.name}")
            look = source.read(now, budget)
            self._more = self._more or look.more
            self._dirty = self._dirty or look.changed
        return self._more or bool(self._left)

    def _is_late(self) -> bool:
        """Whether to come back to the rest later, so that commits, `/-/ready` and signals do not wait for it."""
        return self._stop.is_set() or self._stopwatch() - self._look_began >= LOOK_SECONDS

    def _report(self) -> None:
        """Publish the state of the sources; log a problem when it begins, not whenever its numbers change."""
        reports = [source.report() for source in self._sources]
        told = [(one.name, problem) for one in reports for problem in one.problems]
        problems = {(name, kind_of(problem)): f"source {name}: {problem}" for name, problem in told}
        for problem in sorted(problems.keys() - self._problems):
            LOG.warning("%s", problems[problem])
        self._problems = set(problems)
        self._metrics.report(reports)

    def _is_due(self, now: float) -> bool:
        # A clock that was set back must not stop the commits.
        waited = abs(now - self._tried)
        kept = sum(source.kept_bytes for source in self._sources)
        urgent = kept >= KEPT_BYTES or any(source.wants_commit for source in self._sources)
        return (urgent and not self.failing) or waited >= (self._commit_seconds if self._dirty else IDLE_COMMIT_SECONDS)

    # ── commits ─────────────────────────────────────────────────────────────────────────────────────────────

    def _commit(self, now: float) -> None:
        began = self._stopwatch()
        self._tried = now
        found = {source.name: source.checkpoint(now) for source in self._sources}
        # A source that failed has been rolled back together with those that share its connections.
        living = [source for source in self._sources if source.pipeline is not None]
        told = {one.name: checkpoint for one in living if (checkpoint := found[one.name]) is not None}
        try:
            if self._written(living, told, now):
                self._write_apart(told, now)
        except LedgerError as error:
            self._fail(str(error), now)
            return
        except Exception as error:
            self._fail(f"{self._ledger.path}: a commit failed ({cause(error)}); please report it", now)
            return
        if self.failing:
            LOG.warning("the ledger can be written again; reading continues")
        self.failing = ""
        self._dirty = False
        self._metrics.observe_commit(self._stopwatch() - began)

    def _written(self, sources: Sequence[Confined], told: Mapping[str, SourceCheckpoint], now: float) -> str:
        """Commit these together; returns what failed, or an empty string. LedgerError if nothing can be written now."""
        try:
            self._ledger.commit(now, told)
        except LedgerError:
            raise
        except Exception as error:
            return cause(error)
        for source in sources:
            source.committed()
        return ""

    def _write_apart(self, told: Mapping[str, SourceCheckpoint], now: float) -> None:
        """Find the source whose data makes the commit fail. Raises if the commit fails without any source."""
        self._ledger.commit(now, {})
        for group in self._crew.groups(told):
            self._pulse.beat(f"source {group[0].name}")
            if raised := self._written(group, {one.name: told[one.name] for one in group}, now):
                self._crew.refused(group, raised, now)

    def _fail(self, message: str, now: float) -> None:
        if not self.failing:
            self._failing_since = now
        self.failing = message
        self._complain(f"{message}; reading pauses until the ledger can be written. Nothing is lost", now)
        if abs(now - self._failing_since) >= RELEASE_SECONDS:
            # A deleted log that we keep open would keep the disk full.
            for source in self._sources:
                source.release_deleted()

    def _complain(self, sentence: str, now: float) -> None:
        if abs(now - self._complained) >= COMPLAIN_SECONDS:
            self._complained = now
            LOG.error("%s", sentence)
