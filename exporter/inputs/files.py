"""Log files, followed through everything that happens to them: no line lost, none given twice.

Events only wake the daemon. One `look` does all: it compares what lies on the disk with the streams (generations)
known, by identity first, by content where that does not answer, and then reads each on from where it was.
"""

import errno
import os
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from exporter.inputs.contract import InputStatus
from exporter.inputs.generations import age_order
from exporter.inputs.matching import Matcher
from exporter.inputs.notifier import Notifier
from exporter.inputs.readers import TORN
from exporter.inputs.stream import Replaced, Step, Stream
from exporter.inputs.survey import Found, Survey, identity_of, take_survey
from exporter.model import Batch, Position, SourceCount

QUIET_SECONDS = 30.0
_FORGET_LOST = 2_000  # positions of files that are gone; they may come back with a mount

_SEEN_BEFORE = Position(stream="", path="")


class FileInput:
    """The files that `paths` (names or globs) match; `positions` as saved by the last commit, none: first seen.

    `start`: where a source that is seen for the first time begins: `end` or `beginning` of what there is.
    `hold_open` False (Windows): open, read and close at each look, so that nobody's rename or delete is blocked.
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
    ) -> None:
        self.name = name
        self._patterns = [str(Path(path).absolute()) for path in paths]
        self._streams = {p.stream: Stream.restored(p) for p in positions if p.path}
        self._first_look = not positions
        self._from_end = start == "end"
        counts = counts or SourceCount()
        self._read_bytes, self._rotations = counts.read_bytes, counts.rotations
        self._truncations, self._lost = counts.truncations, counts.lines_possibly_lost
        self._errors: Counter[str] = Counter()
        self._problems: dict[str, None] = {}
        self._notifier = notifier
        self._max_open = max_open if hold_open else 0
        self._next_key = 1 + max((int(key) for key in self._streams if key.isdigit()), default=0)
        self._open: OrderedDict[str, Stream] = OrderedDict()
        self._turn = 0
        self._caught_up = False
        self._looked_at: float | None = None

    # ── the contract ────────────────────────────────────────────────────────────────────────────────────────

    def read(self, now: float, budget: int) -> Iterator[Batch]:
        """Look once and give what there is, about `budget` bytes at most, fairly among logs."""
        self._problems.clear()
        self._look(now)
        self._caught_up = False
        queue = self._queue()
        while queue and budget > 0:
            generations = queue.popleft()
            step = self._step(generations[0], now)
            budget -= step.consumed
            self._read_bytes += step.consumed
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
        if self._first_look:
            return ()
        return (_SEEN_BEFORE, *(stream.position() for stream in self._streams.values()))

    def status(self) -> InputStatus:
        """How it fares."""
        unread = sum(stream.unread for stream in self._streams.values())
        problems = (*self._problems, *(self._notifier.problems() if self._notifier else ()))
        return InputStatus(
            unread_bytes=unread,
            read_bytes=self._read_bytes,
            rotations=self._rotations,
            truncations=self._truncations,
            lines_possibly_lost=self._lost,
            read_errors=dict(self._errors),
            caught_up=self._caught_up,
            problems=problems,
        )

    def release_deleted(self) -> int:
        """Close the files that only we keep from being freed; what was unread in them is lost, and counted."""
        released = 0
        for stream in self._streams.values():
            if stream.reader is not None and not stream.reader.stat().st_nlink:
                stream.unbind()
                released += 1
        self._suspect()
        return released

    def close(self) -> None:
        """Close all files."""
        for stream in self._streams.values():
            stream.release()

    # ── looking ─────────────────────────────────────────────────────────────────────────────────────────────

    def _look(self, now: float) -> None:
        survey = take_survey(self._patterns, {s.path for s in self._streams.values() if s.bound and not s.live})
        for error in survey.errors:
            self._failed(error)
        for stream in [s for s in self._streams.values() if s.bound]:
            found = survey.files.get(stream.identity)
            if found is not None:
                self._seen_again(stream, found, now)
            else:
                self._missing(stream, survey, now)
        self._recognise(survey, now)
        self._suspect()
        self._forget()
        if self._notifier is not None:
            self._notifier.watch(self.name, survey.directories)
        self._first_look, self._looked_at = False, now

    def _seen_again(self, stream: Stream, found: Found, now: float) -> None:
        """The file has the stream's identity: is it still its content? Where is it now?"""
        before = stream.seen
        if found.path != stream.path and found.name.rotated and not stream.moved:
            self._moved(stream, now)
        stream.bind(found)
        if stream.verified and stream.seen == before and not _recent(stream, now):
            return
        try:
            stream.verify()
            if stream.cut_back():
                self._truncations += 1
                self._lost += 1
        except Replaced:
            self._truncations += 1
            stream.unbind()
        except (OSError, *TORN) as error:
            self._failed(error)
            stream.release()
        else:
            if stream.seen != before:
                stream.quiet_since = now
                stream.finished = stream.finished and stream.size <= stream.offset

    def _moved(self, stream: Stream, now: float) -> None:
        stream.moved, stream.quiet_since = True, now
        self._rotations += 1

    def _missing(self, stream: Stream, survey: Survey, now: float) -> None:
        """No pattern and no generation's name leads to the stream's file any more: read on while it is open."""
        stream.live = False
        try:
            if stream.reader is not None:
                stream.sight_open()
                if not stream.moved:
                    self._moved(stream, now)
                return
            status = os.stat(stream.path)  # noqa: PTH116
        except FileNotFoundError:
            stream.unbind()
        except OSError as error:
            self._failed(error)
            stream.release()
        else:
            self._elsewhere(stream, status, survey, now)

    def _elsewhere(self, stream: Stream, status: os.stat_result, survey: Survey, now: float) -> None:
        """A file that nothing configured leads to: the old target of a symbolic link is finished, others are not."""
        if identity_of(status) != stream.identity or not survey.symlinks:
            stream.unbind()
        elif not stream.moved:
            self._moved(stream, now)
            self._seen_again(stream, Found(stream.path, stream.label, status, live=False), now)
            stream.limit = status.st_size

    def _recognise(self, survey: Survey, now: float) -> None:
        """Find out what the files are that no stream has for its own."""
        matcher = Matcher(self._streams.values())
        known = {stream.identity for stream in self._streams.values() if stream.bound}
        unknown = [found for identity, found in survey.files.items() if identity not in known]
        for found in sorted(unknown, key=matcher.precedence):
            try:
                first = matcher.first_bytes(found)
            except (OSError, *TORN) as error:
                self._failed(error)
                continue
            stream = matcher.owner(found, first)
            if stream is not None:
                self._bound_again(stream, found, now)
            elif not matcher.is_copy(found, first):
                matcher.add(self._new(found, first, now))

    def _bound_again(self, stream: Stream, found: Found, now: float) -> None:
        if found.name.rotated and not stream.moved:
            self._moved(stream, now)
        stream.bind(found)
        stream.suspected, stream.quiet_since = False, now
        self._seen_again(stream, found, now)

    def _new(self, found: Found, first: bytes, now: float) -> Stream:
        """A generation never seen before."""
        stream = Stream.found(str(self._next_key), found, first)
        self._next_key += 1
        self._streams[stream.key] = stream
        stream.quiet_since = now
        left_out = self._from_end or not found.live if self._first_look else not (found.live or self._is_recent(stream))
        if left_out:
            self._skip_what_is_there(stream)
        elif not found.live:
            self._rotations += 1
        return stream

    def _skip_what_is_there(self, stream: Stream) -> None:
        try:
            stream.skip_to_end()
        except (OSError, *TORN) as error:
            self._failed(error)

    def _is_recent(self, stream: Stream) -> bool:
        """Whether a generation beside the configured path was made after what we read last, not restored from old."""
        family = [s.modified for s in self._streams.values() if s.family == stream.family and s is not stream]
        known = max(family, default=self._looked_at if self._looked_at is not None else float("inf"))
        return stream.seen[1] / 1e9 >= known - 1.0 or not any(family)

    def _suspect(self) -> None:
        """Count once, for each file that is gone before its end was seen, that lines may be lost."""
        for stream in self._streams.values():
            if not (stream.bound or stream.finished or stream.suspected):
                stream.suspected = True
                self._lost += 1

    def _forget(self) -> None:
        lost = [stream for stream in self._streams.values() if not stream.bound]
        for stream in sorted(lost, key=lambda s: s.modified)[: max(0, len(lost) - _FORGET_LOST)]:
            del self._streams[stream.key]

    def _failed(self, error: BaseException) -> None:
        if isinstance(error, OSError) and error.errno is not None:
            self._errors[errno.errorcode.get(error.errno, str(error.errno))] += 1
            self._problems[f"{error.filename or self.name}: {os.strerror(error.errno)}"] = None
        else:
            self._errors["TORN"] += 1
            self._problems[f"{self.name}: a compressed file is damaged or not yet complete ({error})"] = None

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────

    def _queue(self) -> deque[deque[Stream]]:
        """What is to be read, per log the oldest generation first; each call begins with another log."""
        logs: dict[tuple[str, str], list[Stream]] = {}
        for stream in self._streams.values():
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
            step = stream.step()
        except Replaced:
            stream.verified = False
            return Step(0, None)
        except (OSError, *TORN) as error:
            self._failed(error)
            stream.release()
            return Step(0, None)
        if step.consumed:
            stream.quiet_since = now
        else:
            stream.exhausted = stream.seen
        self._bound_open(stream)
        return step

    def _settle(self, now: float) -> Iterator[Batch]:
        """Finish what nobody has written to for a while: a rest without a line end is its last line."""
        newest = self._newest()
        for stream in list(self._streams.values()):
            if stream.finished or not (stream.bound and stream.verified) or stream.readable:
                continue
            moved_away = (
                stream.moved or not stream.live or (stream.name.rotated and newest.get(stream.family) is not stream)
            )
            if moved_away and abs(now - stream.quiet_since) >= QUIET_SECONDS:
                yield from self._finish(stream)

    def _finish(self, stream: Stream) -> Iterator[Batch]:
        try:
            step = stream.flush()
        except (OSError, Replaced, *TORN) as error:
            self._failed(error)
            if not isinstance(error, TORN):
                return
            self._lost += 1
            step = Step(0, None)
        self._read_bytes += step.consumed
        stream.finished = True
        stream.release()
        if step.batch:
            yield step.batch

    def _newest(self) -> dict[tuple[str, str], Stream]:
        newest: dict[tuple[str, str], Stream] = {}
        for stream in self._streams.values():
            if stream.bound and stream.live:
                other = newest.setdefault(stream.family, stream)
                if age_order(stream.name, stream.seen[1]) > age_order(other.name, other.seen[1]):
                    newest[stream.family] = stream
        return newest

    def _bound_open(self, stream: Stream) -> None:
        """Keep at most so many files open; never close one that could not be opened again."""
        if stream.reader is None:
            self._open.pop(stream.key, None)
            return
        self._open[stream.key] = stream
        self._open.move_to_end(stream.key)
        for other in list(self._open.values()):
            if len(self._open) <= self._max_open:
                return
            if other.listed:
                other.release()
            if other.reader is None:
                del self._open[other.key]


def _recent(stream: Stream, now: float) -> bool:
    """Whether the file changed so lately that its times could hide another change."""
    return abs(now - stream.seen[2] / 1e9) < 2.0  # noqa: PLR2004  (the coarsest clock of a file system: FAT's)
