"""Imports old logs into a ledger: whole files, oldest first, by the time of the log."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from exporter.formats.recognise import format_of
from exporter.history.oldlogs import SEEN_BEFORE, LogFile, Positions, by_first_stamp, is_complete, moved
from exporter.history.outcome import Heard, Imported, ImportedFile
from exporter.inputs.beginnings import beginning_of
from exporter.inputs.generations import take_apart
from exporter.inputs.identity import HEAD_BYTES
from exporter.inputs.readers import Reader, Torn, open_reader
from exporter.inputs.whole import Piece, pieces
from exporter.ledger import Ledger, LedgerError
from exporter.model import Batch, Position, SourceCheckpoint, SourceCount
from exporter.pipeline import OWN_STATE, Pipeline

# A commit costs a few milliseconds; what an interruption loses is read again.
COMMIT_BYTES = 32 << 20
# Logs shrink to about a tenth: only for showing progress.
COMPRESSION = 10

# Bytes done and bytes in all, as they lie on the disk.
Progress = Callable[[int, int], None]


class ForeignFile(LedgerError):  # noqa: N818 - it is told as it stands
    """The file at `path` was already read as part of another `source`."""

    def __init__(self, path: str, source: str) -> None:
        super().__init__(
            f"{path}: already read as part of source {source!r} and would count twice; import it as that source"
        )
        self.path = path
        self.source = source


def import_files(
    ledger: Ledger,
    files: Iterable[LogFile],
    pipelines: Callable[[str], Pipeline],
    *,
    now: float,
    finish: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Read log files into the ledger, and commit as it goes.

    `pipelines` makes the pipeline of a source, going on where the ledger's last commit was; it is called once a
    source. What was read before, under whatever name, is not read again, so an interrupted import is simply begun
    again. A file of which nothing is counted is not remembered. Connections that are open at the end stay open: the
    files may grow. `now` (our clock) only tells which files are still being written. `finish`: nothing will follow, as
    in a report straight from files: last lines need no end, and what is open is given up.

    OSError if a file cannot be opened, ForeignFile if the ledger has read some of the files as part of another
    source: nothing was imported then. LedgerError if a commit fails. What is wrong inside a file is told in its
    `problem`.
    """
    ordered = by_first_stamp(files)
    meter = _Meter(progress, [file.path for _, file in ordered])
    run = _Import(ledger, pipelines, float("inf") if finish else now, meter)
    for _, file in ordered:
        run.refuse_foreign(file)
    done = []
    for number, (begin, file) in enumerate(ordered):
        following = ordered[number + 1][0] if number + 1 < len(ordered) else float("inf")
        done.append(run.read(file, begin, following))
    run.finish(everything=finish)
    return Imported(tuple(done), run.clock, run.problems())


class _Part(Exception):  # noqa: N818 - it is told as it stands
    """A file's lines are in another one, which was read."""


class _Import:
    """One run: the sources' pipelines and how far their files were read."""

    def __init__(self, ledger: Ledger, pipelines: Callable[[str], Pipeline], now: float, meter: "_Meter") -> None:
        self.clock = float(max(ledger.view.last_events.values(), default=0))
        self._ledger = ledger
        self._make = pipelines
        self._now = now
        self._meter = meter
        self._pipelines: dict[str, Pipeline] = {}
        self._read_bytes: dict[str, int] = {}
        self._uncommitted = 0  # bytes
        self._positions = {source: Positions(saved) for source, saved in _saved_positions(ledger).items()}

    def refuse_foreign(self, file: LogFile) -> None:
        """Refuse files that another source has counted, unless it counts another server's lines."""
        with closing(open_reader(file.path)) as reader:
            try:
                beginning = beginning_of(reader)
            except Torn:
                return
        for source, positions in self._positions.items():
            for known in positions.like(beginning) if source != file.source else ():
                other = self._format(source, known.stream)
                if not (file.format and other and file.format != other):
                    raise ForeignFile(file.path, source)

    def read(self, file: LogFile, begin: float, following: float) -> ImportedFile:
        """Read one file to its end. `begin`, `following`: the first stamps of this file and of the next one."""
        pipeline, in_order = self._pipeline(file.source), self.clock <= begin  # logs of several hosts overlap
        if file.behind and self._ledger.restored(file.behind):
            self._pipeline(file.behind)
        one = _File(file.path, Heard.of(pipeline))
        with closing(open_reader(file.path)) as reader:
            try:
                one.start = one.position = self._positions_of(file.source).of(file.path, reader)
                if not one.start.offset:
                    self._refuse_part(file, reader)
                for piece in one.pieces(reader, self._now):
                    batch = Batch(one.stream, one.position.path, piece.lines, one.position.modified, caught_up=False)
                    self._ledger.book(pipeline.feed(batch, None))
                    one.move(reader, piece)
                    self.clock = max(self.clock, float(pipeline.newest))
                    self._meter.at(file.path, one.position.offset)
                    if self._uncommitted + one.uncommitted >= COMMIT_BYTES:
                        if in_order and self.clock <= following:  # what is over need not be stored
                            self._expire(file.source)
                        self._keep(file.source, one)
                        self._commit()
                one.left = len(reader.read(one.position.offset, HEAD_BYTES))
                one.finish(is_complete(file.path, reader, self._now))
            except _Part as part:
                one.problem = str(part)
            except (OSError, Torn) as error:
                one.problem = f"truncated, or not in the format its name suggests: {error}"
        found = one.outcome(pipeline, begin)
        self._keep(file.source, one)
        self._meter.finish(file.path)
        return found

    def _refuse_part(self, file: LogFile, reader: Reader) -> None:
        """Of a file that was read, or the whole of which a part was read."""
        positions = self._positions_of(file.source)
        holder = positions.holder(file.path, beginning_of(reader))
        if holder:
            raise _Part(f"was left out, because {holder} holds its lines, and was read")
        part = positions.part(reader)
        if part:
            raise _Part(
                f"was left out, because {part}, which was read, is a part of it and would count twice:"
                " import the whole into a new ledger"
            )

    def problems(self) -> dict[str, tuple[str, ...]]:
        """Problems that the lines have shown."""
        return {source: pipeline.problems for source, pipeline in self._pipelines.items() if pipeline.problems}

    def _keep(self, source: str, one: "_File") -> None:
        """How far the file was read goes with the next commit, if anything of it counts; else nobody has read it."""
        if one.uncommitted and one.counts(self._pipeline(source)):
            self._positions_of(source).keep(one.position)
            self._read_bytes[source] = self._read_bytes_of(source) + one.uncommitted
            self._uncommitted += one.uncommitted
            one.uncommitted = 0

    def _positions_of(self, source: str) -> Positions:
        return self._positions.setdefault(source, Positions(()))

    def finish(self, *, everything: bool) -> None:
        """At the end, close sessions that timed out; the rest stays open, unless `everything` ends."""
        over = [self._expire(source) for source in self._pipelines]
        for pipeline in self._pipelines.values() if everything else ():
            self._ledger.book(pipeline.finish())
        if everything or self._uncommitted or any(over):
            self._commit()

    def _format(self, source: str, stream: str) -> str:
        saved = self._ledger.restored(source)
        return format_of(saved.envelopes.get(OWN_STATE, ""), stream) if saved else ""

    def _pipeline(self, source: str) -> Pipeline:
        if source not in self._pipelines:
            self._pipelines[source] = self._make(source)
        return self._pipelines[source]

    def _counts(self, source: str) -> SourceCount:
        saved = self._ledger.restored(source)
        return saved.counts if saved else SourceCount()

    def _read_bytes_of(self, source: str) -> int:
        return self._read_bytes.get(source, self._counts(source).read_bytes)

    def _commit(self) -> None:
        """Commit at the newest stamp read: days are the log's own.

        All sources at once: lines of a back end change what is known of its front.
        """
        self._ledger.commit(self.clock, {name: self._checkpoint(name) for name in self._pipelines})
        self._uncommitted = 0

    def _checkpoint(self, source: str) -> SourceCheckpoint:
        before = self._counts(source)
        return self._pipelines[source].checkpoint(
            self._positions_of(source).all(),
            read_bytes=self._read_bytes_of(source),
            rotations=before.rotations,
            truncations=before.truncations,
            lines_possibly_lost=before.lines_possibly_lost,
        )

    def _expire(self, source: str) -> bool:
        """Close sessions that timed out in log time, unless older lines are still to come."""
        charges = self._pipeline(source).expire(None, caught_up=False)
        self._ledger.book(charges)
        return bool(charges)


class _File:
    """How far one file was read; `before`: what its source had heard."""

    def __init__(self, path: str, before: Heard) -> None:
        self.path = path
        self.start = self.position = SEEN_BEFORE
        self.uncommitted = self.left = 0
        self.problem = ""
        self._before = before

    @property
    def stream(self) -> str:
        return self.position.stream

    def pieces(self, reader: Reader, now: float) -> Iterator[Piece]:
        """Its lines from where it was read before."""
        final = is_complete(self.path, reader, now)
        return pieces(reader.read, self.start.offset, skipping=self.start.skipping, final=final)

    def move(self, reader: Reader, piece: Piece) -> None:
        """A piece was read."""
        self.uncommitted += piece.offset - self.position.offset
        self.position = moved(self.position, self.path, reader, piece)

    def finish(self, complete: bool) -> None:  # noqa: FBT001
        """All is read; nobody will look for more of a `complete` file, wherever it goes, unless it changes."""
        if complete and not self.left and self.stream:
            self.position = replace(self.position, finished=True)

    def counts(self, pipeline: Pipeline) -> bool:
        """Whether anything of it was counted, now or before."""
        return bool(self.start.offset) or Heard.of(pipeline).events > self._before.events

    def outcome(self, pipeline: Pipeline, begin: float) -> ImportedFile:
        """What came of it; `begin`: its first stamp."""
        heard = Heard.of(pipeline).since(self._before)
        _, form, last = pipeline.told(self.stream)
        first = begin if last is not None and not self.start.offset else None
        read, skipped = self.position.offset - self.start.offset, self.start.offset
        return ImportedFile(self.path, heard, read, skipped, self.left, form, first, last, self.problem)


class _Meter:
    """Reports the progress over all files."""

    def __init__(self, progress: Progress | None, paths: Sequence[str]) -> None:
        self._progress = progress
        self._sizes = {path: Path(path).stat().st_size for path in paths}
        self._done = 0

    def at(self, path: str, offset: int) -> None:
        """So many bytes of the file's content are read."""
        size = self._sizes[path]
        self._show(min(offset // COMPRESSION if take_apart(Path(path).name).compression else offset, size))

    def finish(self, path: str) -> None:
        """The file is done."""
        self._done += self._sizes[path]
        self._show(0)

    def _show(self, current: int) -> None:
        if self._progress is not None:
            self._progress(self._done + current, sum(self._sizes.values()))


def _saved_positions(ledger: Ledger) -> dict[str, Sequence[Position]]:
    """Of every source that the ledger knows."""
    return {source: saved.positions for source, saved in ledger.known_sources.items() if saved.positions}
