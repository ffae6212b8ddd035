"""Log files, followed through everything that happens to them: no line lost, none given twice.

Events only wake the daemon. One look does all: the tracker compares what lies on the disk with the generations
known, then each is read on from where it was, the oldest of a log first.
"""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from exporter.inputs import reading
from exporter.inputs.contract import InputStatus
from exporter.inputs.copies import Claims
from exporter.inputs.generations import age_order
from exporter.inputs.notifier import Notifier
from exporter.inputs.openfiles import OpenFiles
from exporter.inputs.readers import StillSkipping, Torn
from exporter.inputs.reading import Step
from exporter.inputs.stream import Replaced, Stream
from exporter.inputs.survey import Family
from exporter.inputs.tracker import Tracker
from exporter.inputs.troubles import Troubles
from exporter.model import Batch, Position, SourceCount

QUIET_SECONDS = 30.0


class FileInput:
    """The files that `paths` (names or globs) match; `positions` as saved by the last commit, none: first seen.

    `start`: where a source that is seen for the first time begins: `end` or `beginning` of what there is.
    `hold_open` False (Windows): open, read and close at each look, so that nobody's rename or delete is blocked.
    `counts`: what the ledger has counted so far; the status goes on from there. `claims`: which files the other
    sources read.
    """

    def __init__(
        self,
        name: str,
        paths: Sequence[str],
        positions: Sequence[Position] = (),
        *,
        start: str = "end",
        counts: SourceCount | None = None,
        notifier: Notifier | None = None,
        hold_open: bool = os.name != "nt",
        max_open: int = 256,
        claims: Claims | None = None,
    ) -> None:
        self.name = name
        counts = counts or SourceCount()
        patterns = [str(Path(path).absolute()) for path in paths]
        self._troubles = Troubles(name)
        self._open_files = OpenFiles(max_open if hold_open else 0)
        self._tracker = Tracker(
            patterns,
            positions,
            from_end=start == "end",
            counts=counts,
            troubles=self._troubles,
            open_files=self._open_files,
            name=name,
            claims=claims,
        )
        self._read_bytes = counts.read_bytes
        self._notifier = notifier
        self._turn = 0
        self._caught_up = False

    def read(self, now: float, budget: int) -> Iterator[Batch]:
        """Look once and give what there is, about `budget` bytes at most, fairly among logs."""
        self._troubles.forget()
        self._tracker.look(now)
        if self._notifier is not None:
            self._notifier.watch(self.name, self._tracker.directories)
        self._caught_up = False
        queue = self._queue()
        while queue and budget > 0:
            generations = queue.popleft()
            step = self._step(generations[0], now)
            budget -= step.consumed
            if not step.consumed:
                generations.popleft()
            if generations:
                queue.append(generations)
            if step.batch:
                yield step.batch
        self._caught_up = not queue
        yield from self._settle(now)

    def positions(self) -> tuple[Position, ...]:
        """Cover exactly the batches given so far."""
        return self._tracker.positions()

    def status(self) -> InputStatus:
        """How it fares."""
        tracker = self._tracker
        return InputStatus(
            unread_bytes=sum(stream.unread for stream in tracker.streams.values()),
            read_bytes=self._read_bytes,
            rotations=tracker.rotations,
            truncations=tracker.truncations,
            lines_possibly_lost=tracker.lost,
            read_errors=dict(self._troubles.counts),
            caught_up=self._caught_up,
            problems=(*self._troubles.problems, *(self._notifier.problems() if self._notifier else ())),
        )

    def release_deleted(self) -> int:
        """Close the files that only we keep from being freed; if one was not read to its end, that is counted."""
        released = 0
        for stream in self._tracker.streams.values():
            if stream.release_deleted():
                released += 1
        self._tracker.suspect()
        return released

    def close(self) -> None:
        """Close all files."""
        for stream in self._tracker.streams.values():
            stream.release()

    def _queue(self) -> deque[deque[Stream]]:
        """What is to be read, per log the oldest generation first; each call begins with another log."""
        logs: dict[Family, list[Stream]] = {}
        for stream in self._tracker.streams.values():
            if stream.readable:
                logs.setdefault(stream.family, []).append(stream)
        queue = deque(
            deque(sorted(log, key=lambda s: (not s.moved, age_order(s.name, s.seen[1])))) for log in logs.values()
        )
        if queue:
            self._turn += 1
            queue.rotate(-(self._turn % len(queue)))
        return queue

    def _step(self, stream: Stream, now: float) -> Step:
        try:
            step = reading.step(stream)
        except StillSkipping:
            stream.quiet_since = now
            return Step(0, None)  # and the file stays open: closed, it would have to begin again
        except Replaced:
            stream.verified = False
            step = None
        except (OSError, Torn) as error:
            self._troubles.note(error, stream.path)
            stream.release()
            if isinstance(error, Torn):
                stream.exhausted = stream.seen  # until the file changes: it may be written at this moment
            step = None
        self._open_files.used(stream)
        if step is None:
            return Step(0, None)
        self._read_bytes += step.consumed
        if step.consumed:
            stream.quiet_since = now
        else:
            stream.exhausted = stream.seen
        return step

    def _settle(self, now: float) -> Iterator[Batch]:
        """Finish what nobody has written to for a while: a rest without a line end is its last line."""
        newest = self._newest()
        for stream in list(self._tracker.streams.values()):
            if stream.finished or not (stream.bound and stream.verified) or stream.readable:
                continue
            superseded = stream.name.rotated and newest.get(stream.family) is not stream
            if (stream.moved or superseded or not stream.live) and abs(now - stream.quiet_since) >= QUIET_SECONDS:
                yield from self._finish(stream)

    def _finish(self, stream: Stream) -> Iterator[Batch]:
        step = Step(0, None)
        try:
            step = reading.flush(stream)
        except (Replaced, StillSkipping):
            return  # the next look goes on
        except OSError as error:
            self._troubles.note(error, stream.path)
            return
        except Torn as error:
            self._troubles.note(error, stream.path)
            self._tracker.doubt(stream, "damaged")
        self._read_bytes += step.consumed
        stream.finished = True
        stream.release()
        self._open_files.used(stream)
        if step.batch:
            yield step.batch

    def _newest(self) -> dict[Family, Stream]:
        newest: dict[Family, Stream] = {}
        for stream in self._tracker.streams.values():
            if stream.bound and stream.live:
                other = newest.setdefault(stream.family, stream)
                if age_order(stream.name, stream.seen[1]) > age_order(other.name, other.seen[1]):
                    newest[stream.family] = stream
        return newest
