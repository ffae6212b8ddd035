"""What one source raises stays with it: the daemon goes on, and the other sources do not notice.

Nothing is repaired in place. What the source has done since the last commit is taken back, as if the process had been
killed, and done again in halves (`Trial`), until each line that raises stands alone and is set aside. Where not a line
but reading itself raises, the source waits with its position unmoved, and begins again at the last commit. Sources
that share connections (one behind the other, or several of one server) go back and wait together.
"""

from contextlib import suppress
from dataclasses import replace

from exporter.exposition.sources import SourceReport
from exporter.faults import Faults, Kind, cause
from exporter.heldfiles import HeldFiles
from exporter.inputs.contract import Input
from exporter.ledger import LedgerError
from exporter.model import Batch, SourceCheckpoint
from exporter.parts import Look, Mates, Parts, Wait
from exporter.pipeline import Pipeline
from exporter.savepoint import Savepoint
from exporter.trial import MOST_ROUNDS, Earlier, Piece, Trial

# Pieces tried in one turn: the other sources wait for them.
STEPS = 32
# So many lines in a row that raise, with none behind them that works, are not the lines' fault.
RUN = 16
# How long a source waits that cannot be read: doubled each time.
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 60.0
_LINE_BYTES = 33  # what Python adds to each


class Confined:
    """One source at work; nothing that it is asked for raises an Exception, but what only its crew asks.

    `kept`: what was read since the last commit, without what was set aside; `kept_bytes`: in memory. `wants_commit`:
    what was won from a fault is to be committed at once. `base`: changes of before the pipeline was made anew.
    `aside`: lines set aside of which no commit knows yet. `next_wait`: seconds, if it cannot be read again.
    """

    def __init__(self, parts: Parts, crew: Mates) -> None:
        self.name = parts.name
        self.faults = Faults(parts.name)
        self.kept: list[Piece] = []
        self.kept_bytes = 0
        self.wants_commit = False
        self.pipeline: Pipeline | None = None
        self.trial: Trial | None = None
        self.base = Savepoint()
        self.aside = 0
        self._parts = parts
        self._crew = crew
        self._ledger = crew.ledger
        self._report = SourceReport(parts.name, parts.inputs)
        self._input: Input | None = None
        self._held = HeldFiles()
        self._wait: Wait | None = None
        self._begun = False
        self.next_wait = FIRST_WAIT_SECONDS
        self._counts: tuple[int, ...] = ()

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────

    def read(self, now: float, budget: int) -> Look:
        """Look once, and book what there is, about `budget` bytes at most."""
        if self._wait is not None and self._wait.lasts(now):
            return Look(more=False, changed=False)
        try:
            if not self.kept and self.trial is None and self._held.due(now):
                for one in self._crew.together(self):
                    one.begin_again()
                return Look(more=True, changed=False)  # those before it are read on before it
            self._open_all()
            return self._read(now, budget) if self.trial is None else self._try(self.trial, now, budget)
        except LedgerError as error:  # the next commit tells it
            raised, counted = str(error), False
        except Exception as error:
            raised, counted = cause(error), True
        self._crew.suspend(self, raised, now, counted=counted)
        return Look(more=False, changed=True)

    def begin(self, now: float) -> None:
        """Before anything is read: those that share connections must know of each other."""
        try:
            self._open_all()
        except Exception as error:
            raised = cause(error)
        else:
            return
        self._crew.suspend(self, raised, now)

    def _open_all(self) -> None:
        for one in self._crew.together(self) if self._input is None else ():
            one.open()

    def open(self) -> None:
        """Begin where the last commit was, unless it has begun."""
        if self._input is not None:
            return
        saved = self._ledger.saved(self.name)
        self.pipeline = self._crew.makers.make({self.name: saved})[self.name]
        self._input = self._parts.make_input(saved)
        self._begun = self._input.begun

    def _read(self, now: float, budget: int) -> Look:
        assert self._input is not None
        assert self.pipeline is not None
        taken = 0
        # Where reading begins is committed before anything is read: `start` applies to a source only once.
        for batch in self._input.read(now, budget if self._begun else 0):
            if batch.stream in self._held:
                continue
            taken += len(batch.lines)
            self.kept.append(Piece(self.name, next(self._crew.order), batch, now))
            self.kept_bytes += sum(map(len, batch.lines)) + _LINE_BYTES * len(batch.lines)
            if not self._feed(self.pipeline, batch, now):
                self._crew.try_again(self._crew.together(self), None)
                return Look(more=True, changed=True)
            if self._crew.is_late():
                break
        status = self._input.status()
        expired = self.pipeline.expire(now, caught_up=status.caught_up)
        self._ledger.book(expired, self.name)
        self.faults.hear(status.faults)
        counts = (status.rotations, status.truncations, status.lines_possibly_lost)
        changed, self._counts = self._counts != counts, counts
        if not self._begun and self._input.begun:
            self.wants_commit = True
            return Look(more=True, changed=True)
        return Look(status.worked > 0 and not status.caught_up, changed or bool(taken or expired))

    def _feed(self, pipeline: Pipeline, batch: Batch, now: float) -> bool:
        """Whether the batch was booked. What raised is free again when this returns: it may hold the memory."""
        try:
            self._ledger.book(pipeline.feed(batch, now), self.name)
        except Exception:
            return False
        return True

    def _try(self, trial: Trial, now: float, budget: int) -> Look:
        """The first of a group goes on with the trial, and reads on itself when it ends, before the others do."""
        if trial.rests(now):
            return Look(more=False, changed=False)
        if self is not self._crew.together(self)[0]:
            return Look(more=True, changed=False)
        for _ in range(STEPS):
            group = self._crew.together(self)
            if len(group) > len(trial.points):  # lines have met other sources, and may have changed their sessions
                self._crew.try_again(group, trial.rehearses, trial.earlier)
                return Look(more=True, changed=False)
            if not trial.done:
                trial.step()
        if not trial.done:
            return Look(more=True, changed=True)
        if len(trial.suspects) >= RUN:
            self._blame(trial, now)
        elif earlier := trial.unproven(now):
            self._doubt(trial, earlier, now)
        else:
            self._crew.end(trial, now)
            return Look(self._read(now, budget).more, changed=True)
        return Look(more=True, changed=True)

    def _doubt(self, trial: Trial, earlier: Earlier, now: float) -> None:
        """Something was short while lines were tried: try all of them again later."""
        if earlier.rounds < MOST_ROUNDS:
            self._crew.try_again(self._crew.together(self), trial.rehearses, earlier)
        else:
            self._crew.suspend(self, (*trial.confirmed, *trial.suspects)[-1].cause, now)

    def _blame(self, trial: Trial, now: float) -> None:
        """Not the lines are at fault, but all that is read of their file, or of the source."""
        suspect = trial.suspects[-1]
        guilty = next(one for one in self._crew.together(self) if one.name == suspect.piece.source)
        alone = len({one.piece.stream for one in trial.suspects}) == 1
        if alone and guilty.has_other_files:
            guilty.hold(
                suspect.piece.batch.stream, f"{suspect.piece.where}: the file was set aside ({suspect.cause})", now
            )
            self._crew.try_again(self._crew.together(self), None)
        else:
            told = f"every line fails, the first at {trial.suspects[0].piece.where}: {suspect.cause}"
            self._crew.suspend(guilty, told, now)

    @property
    def has_other_files(self) -> bool:
        """Whether more than one file is read."""
        return self._input is not None and len({one.path for one in self._input.positions()} - {""}) > 1

    def hold(self, stream: str, sentence: str, now: float) -> None:
        """Read no more of a file for a while; how far it is committed stays as it is."""
        saved = self._ledger.saved(self.name)
        self._held.hold(stream, saved.positions if saved else (), now)
        self.kept = [piece for piece in self.kept if piece.batch.stream != stream]
        self.faults.note(Kind.FILE, sentence, now)

    def wait(self, raised: str, now: float, seconds: float) -> None:
        """Begin again, but not yet."""
        self.begin_again()
        self._wait = Wait(now, seconds, raised)
        self.next_wait = min(2 * seconds, LONGEST_WAIT_SECONDS)

    def begin_again(self) -> None:
        """At the last commit, with the next look."""
        self._ledger.drop(self.name)
        self.close()
        self._input = self.pipeline = self.trial = None
        self._held = HeldFiles()
        self._clear()

    def _clear(self) -> None:
        self.kept, self.kept_bytes, self.base, self.aside = [], 0, Savepoint(), 0

    # ── commits ─────────────────────────────────────────────────────────────────────────────────────────────

    def checkpoint(self, now: float) -> SourceCheckpoint | None:
        """What a commit stores; None: nothing of this source now."""
        if self.pipeline is None:
            return None
        try:
            return self.base.completed(self.told(self.pipeline))
        except Exception as error:
            raised = cause(error)
        self._crew.suspend(self, raised, now)
        return None

    def told(self, pipeline: Pipeline) -> SourceCheckpoint:
        """The checkpoint of the pipeline, with what the input tells."""
        assert self._input is not None
        status = self._input.status()
        return pipeline.checkpoint(
            self._held.put_into(self._input.positions()),
            read_bytes=status.read_bytes,
            rotations=status.rotations,
            truncations=status.truncations,
            lines_possibly_lost=status.lines_possibly_lost,
        )

    def committed(self) -> None:
        """What the last checkpoint holds is durable."""
        self._clear()
        self._begun = self._input is not None and self._input.begun
        self._wait, self.next_wait = None, FIRST_WAIT_SECONDS
        self.wants_commit = False

    # ── the rest ────────────────────────────────────────────────────────────────────────────────────────────

    def report(self) -> SourceReport:
        """How it fares."""
        with suppress(Exception):
            if self._input is not None and self.pipeline is not None:
                self._report = self._parts.report(self._input, self.pipeline)
        waits = (f"not read for now; it will be tried again ({self._wait.cause})",) if self._wait else ()
        begins = () if self._begun or waits else ("where its reading begins is not committed yet",)
        return replace(
            self._report,
            problems=(*self._report.problems, *waits),
            unreadable=(*self._report.unreadable, *waits, *begins),
            faults=self.faults.counts,
            set_aside=self.faults.shown,
        )

    def release_deleted(self) -> None:
        """Close the files that only we keep from being freed."""
        with suppress(Exception):
            if self._input is not None:
                self._input.release_deleted()

    def close(self) -> None:
        """Free everything; nothing is saved by it."""
        with suppress(Exception):
            if self._input is not None:
                self._input.close()
