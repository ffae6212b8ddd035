"""Follows log files through rotation, truncation and other changes: no line is lost or returned twice.

Events only wake the daemon. One look does all: the tracker compares what lies on the disk with the generations
known, then each is read on from where it was, the oldest of a log first.
"""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from exporter.inputs import stepping
from exporter.inputs.aside import Aside
from exporter.inputs.checking import Replaced
from exporter.inputs.contract import InputStatus
from exporter.inputs.copies import Claims
from exporter.inputs.generations import age_order
from exporter.inputs.inflating import Refused, StillSkipping, Torn
from exporter.inputs.known import Known
from exporter.inputs.openfiles import SHORT, OpenFiles
from exporter.inputs.stepping import Step
from exporter.inputs.stream import BARREN_SECONDS, Stream
from exporter.inputs.survey import Family
from exporter.inputs.tracker import Tracker
from exporter.inputs.troubles import Troubles
from exporter.model import Batch, Position, SourceCount

if TYPE_CHECKING:  # a daemon loads watchdog
    from exporter.inputs.notifier import Notifier

QUIET_SECONDS = 30.0
MOST_OPEN = 256  # where nobody says how many files may be kept open
SKIP_BYTES = 1 << 20  # what passing over a part of an archive counts in a turn


class FileInput:
    """The files that `paths` (names or globs) match; `positions` as saved by the last commit, none: first seen.

    `start`: where a source that is seen for the first time begins: `end` or `beginning` of what there is.
    `hold_open` False (Windows): open, read and close at each look, so that nobody's rename or delete is blocked.
    `open_files`: those kept open, shared with other inputs. `counts`: what the ledger has counted so far; the status
    goes on from there. `claims`: which files the other sources read.
    """

    def __init__(
        self,
        name: str,
        paths: Sequence[str],
        positions: Sequence[Position] = (),
        *,
        start: str = "end",
        counts: SourceCount | None = None,
        notifier: "Notifier | None" = None,
        hold_open: bool = os.name != "nt",
        open_files: OpenFiles | None = None,
        claims: Claims | None = None,
    ) -> None:
        self.name = name
        counts = counts or SourceCount()
        patterns = [str(Path(path).absolute()) for path in paths]
        self._troubles = Troubles(name)
        kept = OpenFiles(MOST_OPEN) if open_files is None else open_files
        self._open_files = kept if hold_open else OpenFiles(0)
        self._aside = Aside(self._troubles)
        self._known = Known(positions, counts)
        self._tracker = Tracker(
            patterns,
            self._known,
            first_look=not positions,
            from_end=start == "end",
            troubles=self._troubles,
            aside=self._aside,
            open_files=self._open_files,
            name=name,
            claims=claims,
            positions=positions,
        )
        self._read_bytes = counts.read_bytes
        self._notifier = notifier
        self._turn = 0
        self._caught_up = False
        self._worked = 0
        self._searching_since: float | None = None

    @property
    def begun(self) -> bool:
        """Whether there was a first look."""
        return self._tracker.has_looked

    def read(self, now: float, budget: int) -> Iterator[Batch]:
        """Check once and return the lines found, about `budget` bytes at most, fairly among logs."""
        self._troubles.forget()
        self._caught_up, self._worked = False, 0
        short = self._short()
        try:
            self._tracker.look(now)
            queue = self._queue(now)
        except Exception as error:  # noqa: BLE001  (what was found out by then stands; the next look goes on)
            self._troubles.note(error)
            return
        if self._notifier is not None:
            self._notifier.watch(self.name, self._tracker.directories)
        # What is not known yet may be older than the rest, which waits for it, but not for long.
        self._searching_since = (self._searching_since or now) if self._tracker.searching else None
        if self._searching_since is not None:
            waits = abs(now - self._searching_since) < BARREN_SECONDS
            self._worked, budget = SKIP_BYTES, budget if waits else budget + SKIP_BYTES
        waiting = False
        while queue and self._worked < budget:
            generations = queue.popleft()
            if self._must_wait(generations[0]):
                waiting = True
                continue
            step = self._step(generations[0], now)
            self._worked += step.cost
            if step.ended:
                generations.popleft()
            if generations:
                queue.append(generations)
            if step.batch:
                yield step.batch
        self._caught_up = not (queue or waiting or self._tracker.searching)
        yield from self._settle(now)
        if self._short() > short:
            self._open_files.shrink()

    def _short(self) -> int:
        return sum(self._troubles.counts[name] for name in SHORT)

    def _must_wait(self, stream: Stream) -> bool:
        """Whether too many archives are being read to begin another one."""
        return bool(stream.name.compression) and stream.reader is None and not self._open_files.has_room

    def positions(self) -> tuple[Position, ...]:
        """The positions after exactly the batches returned so far."""
        return self._tracker.positions()

    def status(self) -> InputStatus:
        """How it fares."""
        known = self._known
        return InputStatus(
            unread_bytes=sum(stream.unread for stream in known.streams.values()),
            read_bytes=self._read_bytes,
            rotations=known.rotations,
            truncations=known.truncations,
            lines_possibly_lost=known.lost,
            read_errors=dict(self._troubles.counts),
            caught_up=self._caught_up,
            worked=self._worked,
            faults=dict(self._troubles.faults),
            unreadable=self._troubles.unreadable,
            problems=(*self._troubles.problems, *(self._notifier.problems(self.name) if self._notifier else ())),
        )

    def release_deleted(self) -> int:
        """Close the files that only we keep from being freed; if one was not read to its end, that is counted."""
        released = 0
        for stream in self._known.streams.values():
            with suppress(OSError):
                released += stream.release_deleted()
        self._known.suspect(at_once=True)
        return released

    def close(self) -> None:
        """Close all files."""
        self._tracker.close()

    def _queue(self, now: float) -> deque[deque[Stream]]:
        """What is to be read, per log the oldest generation first; each call begins with another log.

        A generation that has brought no line for some seconds, although it was read, waits for the others of its log.
        """
        logs: dict[Family, list[Stream]] = {}
        for stream in self._known.streams.values():
            if stream.readable and not self._aside.rests(stream.key, stream.seen, now):
                logs.setdefault(stream.family, []).append(stream)
        queue = deque(
            deque(sorted(log, key=lambda s: (s.is_barren(now), not s.moved, age_order(s.name, s.seen[1]))))
            for log in logs.values()
        )
        if queue:
            self._turn += 1
            queue.rotate(-(self._turn % len(queue)))
        return queue

    def _step(self, stream: Stream, now: float) -> Step:
        """Read on in one file. An error only affects this file."""
        try:
            step = stepping.step(stream)
        except StillSkipping:
            step = Step(SKIP_BYTES)
        except (Replaced, FileNotFoundError):  # the next look finds out
            stream.verified = False
            step = Step(ended=True)
        except Exception as error:  # noqa: BLE001
            self._fail(stream, error, now)
            step = Step(ended=True)
        else:
            self._aside.done(stream.key)
            if step.ended:
                stream.exhausted = stream.seen
        stream.note_step(now, fruitful=step.batch is not None, ended=step.ended)
        # An archive being read stays open: closed, it would have to begin again.
        self._open_files.used(stream, pinned=not step.ended and bool(stream.name.compression))
        self._read_bytes += step.consumed
        return step

    def _fail(self, stream: Stream, error: Exception, now: float) -> None:
        """Set the file aside at its position."""
        stream.release()
        problem = self._troubles.note(error, stream.path, stream.offset)
        if isinstance(error, Refused):
            self._known.doubt(stream, str(error))
            stream.finished = True
        elif isinstance(error, Torn):
            stream.exhausted = stream.seen  # until the file changes: it may be written at this moment
        else:
            self._aside.put(stream.key, stream.seen, now, problem)

    def _settle(self, now: float) -> Iterator[Batch]:
        """Finish files that have not changed for a while: a rest without a line end is the last line."""
        newest = self._newest()
        for stream in list(self._known.streams.values()):
            if stream.finished or not (stream.bound and stream.verified and stream.at_end):
                continue
            superseded = stream.name.rotated and newest.get(stream.family) is not stream
            if (stream.moved or superseded or not stream.live) and abs(now - stream.quiet_since) >= QUIET_SECONDS:
                yield from self._finish(stream, now)

    def _finish(self, stream: Stream, now: float) -> Iterator[Batch]:
        step = Step(ended=True)
        try:
            step = stepping.flush(stream)
        except (Replaced, StillSkipping, FileNotFoundError):
            return  # the next look goes on
        except Torn as error:
            self._troubles.note(error, stream.path, stream.offset)
            self._known.doubt(stream, "damaged")
        except Exception as error:  # noqa: BLE001
            self._fail(stream, error, now)
            return
        self._read_bytes += step.consumed
        stream.finished = step.ended
        if stream.finished:
            stream.release()
        else:
            stream.exhausted = None  # it has grown meanwhile
        self._open_files.used(stream)
        if step.batch:
            yield step.batch

    def _newest(self) -> dict[Family, Stream]:
        newest: dict[Family, Stream] = {}
        for stream in self._known.streams.values():
            if stream.bound and stream.live:
                other = newest.setdefault(stream.family, stream)
                if age_order(stream.name, stream.seen[1]) > age_order(other.name, other.seen[1]):
                    newest[stream.family] = stream
        return newest
