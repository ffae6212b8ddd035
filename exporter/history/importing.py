"""Old logs into a ledger that never ran, or one of their own: whole files, oldest first, by the log's own clock."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from exporter.history.oldlogs import SEEN_BEFORE, LogFile, Positions, by_first_stamp, is_complete
from exporter.inputs.generations import take_apart
from exporter.inputs.identity import HEAD_BYTES
from exporter.inputs.readers import Torn, open_reader
from exporter.inputs.whole import pieces
from exporter.ledger import Ledger, LedgerError
from exporter.ledger.reading import Reading
from exporter.model import Batch, Position, SourceCount
from exporter.pipeline import Pipeline

# A commit costs a few milliseconds; what an interruption loses is read again.
COMMIT_BYTES = 32 << 20
# Logs shrink to about a tenth: only for showing progress.
COMPRESSION = 10

# Bytes done and bytes in all, as they lie on the disk.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """What came of one file: lines and (uncompressed) bytes read now; `skipped` bytes were read before.

    `left`: bytes of a last line that is still being written. `problem`: why it could not be read to its end.
    """

    path: str
    lines: int = 0
    read: int = 0
    skipped: int = 0
    left: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did; files in the order in which they were read. `clock`: the newest stamp in the ledger."""

    files: tuple[ImportedFile, ...]
    clock: float


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
    again. Connections that are open at the end stay open: the files may grow. `now` (our clock) only tells which
    files are still being written. `finish`: nothing will follow, as in a report straight from files: last lines need
    no end, and what is open is given up.

    OSError if a file cannot be opened, LedgerError if the ledger has read some of the files as part of another
    source: nothing was imported then. LedgerError, too, if a commit fails. What is wrong inside a file is told in its
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
    return Imported(tuple(done), run.clock)


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
        self._positions = {source: Positions(saved) for source, saved in _saved_positions(ledger).items()}

    def refuse_foreign(self, file: LogFile) -> None:
        """Lines that another source has counted would be counted twice."""
        with closing(open_reader(file.path)) as reader:
            try:
                first = reader.read(0, HEAD_BYTES)
            except Torn:
                return
        for source, positions in self._positions.items():
            if source != file.source and positions.knows(first):
                raise LedgerError(f"{file.path}: was read as part of source {source!r}; import it as that source")

    def read(self, file: LogFile, begin: float, following: float) -> ImportedFile:
        """Read one file to its end. `begin`, `following`: the first stamps of this file and of the next one."""
        positions = self._positions.setdefault(file.source, Positions(()))
        lines, problem, uncommitted, left = 0, "", 0, 0
        start = position = SEEN_BEFORE
        in_order = self.clock <= begin  # logs of several hosts overlap
        with closing(open_reader(file.path)) as reader:
            try:
                start = position = positions.of(file.path, reader)
                final = is_complete(file.path, reader, self._now)
                for piece in pieces(reader.read, position.offset, skipping=position.skipping, final=final):
                    batch = Batch(position.stream, position.path, piece.lines, position.modified, caught_up=False)
                    self._ledger.book(self._pipeline(file.source).feed(batch, None))
                    uncommitted += piece.offset - position.offset
                    position = positions.move(position, file.path, reader, piece)
                    lines += len(piece.lines)
                    self._meter.at(file.path, position.offset)
                    if uncommitted >= COMMIT_BYTES:
                        self._commit(file.source, uncommitted)
                        uncommitted = 0
                        if in_order and self.clock <= following:
                            self._expire(file.source)
                left = len(reader.read(position.offset, HEAD_BYTES))
            except (OSError, Torn) as error:
                problem = f"is not complete, or not of the kind that its name says: {error}"
        if lines or uncommitted:
            self._commit(file.source, uncommitted)
        self._meter.finish(file.path)
        return ImportedFile(file.path, lines, position.offset - start.offset, start.offset, left, problem)

    def finish(self, *, everything: bool) -> None:
        """All is read: what had no line for too long is given up; the rest stays open, unless `everything` ends."""
        for source, pipeline in self._pipelines.items():
            self._expire(source)
            if everything:
                self._ledger.book(pipeline.finish())
                self._commit(source, 0)

    def _pipeline(self, source: str) -> Pipeline:
        if source not in self._pipelines:
            self._pipelines[source] = self._make(source)
        return self._pipelines[source]

    def _counts(self, source: str) -> SourceCount:
        saved = self._ledger.restored(source)
        return saved.counts if saved else SourceCount()

    def _commit(self, source: str, read_bytes: int) -> None:
        """Commit at the newest stamp read: days are the log's own."""
        before = self._counts(source)
        self._read_bytes[source] = self._read_bytes.get(source, before.read_bytes) + read_bytes
        checkpoint = self._pipeline(source).checkpoint(
            self._positions[source].all(),
            read_bytes=self._read_bytes[source],
            rotations=before.rotations,
            truncations=before.truncations,
            lines_possibly_lost=before.lines_possibly_lost,
        )
        self.clock = max([self.clock, *map(float, checkpoint.last_events.values())])
        self._ledger.commit(self.clock, {source: checkpoint})

    def _expire(self, source: str) -> None:
        """Give up what had no line for too long, by log time; only while nothing older is still to come."""
        charges = self._pipeline(source).expire(None, caught_up=False)
        if charges:
            self._ledger.book(charges)
            self._commit(source, 0)


class _Meter:
    """Says how far all files together are."""

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
    with closing(Reading(ledger.path)) as reading:
        sources = [source for (source,) in reading.connection.execute("SELECT DISTINCT source FROM positions")]
    return {source: saved.positions for source in sources if (saved := ledger.restored(source))}
