"""Reads whole log files through the pipelines, with progress on a terminal."""

import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from exporter.cli.options import FileProblem
from exporter.cli.understood import tell
from exporter.config import AUTO, Config, Journal, Source
from exporter.history.importing import import_files
from exporter.history.oldlogs import LogFile
from exporter.history.outcome import Heard, Imported, ImportedFile
from exporter.inputs.generations import take_apart
from exporter.inputs.readers import Torn
from exporter.inputs.whole import STANDARD_INPUT, read_whole
from exporter.ledger import Ledger
from exporter.model import Batch, View
from exporter.periods import Calendar
from exporter.pipeline import Pipeline
from exporter.wiring import log_zone, open_ledger, pipeline_of, pipelines_of

# How much of a log is sampled: batches of about a mebibyte.
SAMPLED_BATCHES = 8
# How many entries of a journal are sampled, and for how long.
SAMPLED_ENTRIES = 20_000
JOURNAL_SECONDS = 30
JOURNAL_FIELDS = "MESSAGE,_HOSTNAME,SYSLOG_IDENTIFIER,SYSLOG_PID,_PID,_COMM"
# How many logs of a source are sampled.
MOST_LOGS = 8


@contextmanager
def problems_of(files: str) -> Iterator[None]:
    """Raises errors of a file as FileProblem; `files` names it if the error does not."""
    try:
        yield
    except Torn as error:
        raise FileProblem(f"{files}: truncated, or not in the format its name suggests: {error}") from error
    except OSError as error:
        raise FileProblem(f"{error.filename or files}: {error.strerror}") from error


def batches(path: str) -> Iterator[Batch]:
    """All batches of a file; FileProblem if it cannot be read to its end."""
    with problems_of(path):
        yield from read_whole(path, time.time())


def newest(paths: Iterable[Path]) -> list[Path]:
    """The newest file of each log; of many logs, the most recently written ones, newest first."""
    logs: dict[tuple[Path, str], list[Path]] = {}
    for path in paths:
        logs.setdefault((path.parent, take_apart(path.name).base), []).append(path)
    return sorted((max(log, key=_age) for log in logs.values()), key=_age, reverse=True)[:MOST_LOGS]


def _age(path: Path) -> float:
    return path.stat().st_mtime


def sampled(path: str, source: Source, config: Config) -> Pipeline:
    """A pipeline that has read the beginning of the file and knows the server and what it logs."""
    with (
        tempfile.TemporaryDirectory(prefix="pop3-exporter-") as folder,
        closing(open_ledger(config, 0.0, Path(folder) / "ledger.sqlite")) as ledger,
    ):
        pipeline = pipeline_of(source, config, ledger)
        for batch in islice(batches(path), SAMPLED_BATCHES):
            pipeline.feed(batch, None)
            pipeline.expire(None, caught_up=False)
        return pipeline


@contextmanager
def journal_end(journal: Journal) -> Iterator[Path]:
    """A file with the newest entries that a source would read; empty if there are none, or none is readable."""
    fields = [*(f"_SYSTEMD_UNIT={one if '.' in one else f'{one}.service'}" for one in journal.units)]
    fields += [f"SYSLOG_IDENTIFIER={one}" for one in journal.identifiers]
    where = ("--directory", str(journal.directory)) if journal.directory else ()
    output = ("--output=json", f"--output-fields={JOURNAL_FIELDS}", f"--lines={SAMPLED_ENTRIES}", "--all", "--merge")
    command = ("journalctl", "--quiet", "--no-pager", *where, *output, *" + ".join(fields).split(" "))
    with tempfile.NamedTemporaryFile(prefix="pop3-exporter-") as file:
        with suppress(OSError, subprocess.SubprocessError):
            subprocess.run(command, stdout=file, stderr=subprocess.DEVNULL, check=False, timeout=JOURNAL_SECONDS)  # noqa: S603 - journalctl, with arguments of the configuration
        yield Path(file.name)


def refuse_mixed(config: Config, files: Sequence[tuple[str, Source]]) -> None:
    """FileProblem if a file has lines of two servers and `auto` cannot decide which format to use."""
    for file, source in files:
        is_told = source.format != AUTO or file == STANDARD_INPUT
        if not is_told and (mixed := sampled(file, source, config).mixed):
            raise FileProblem(f"{mixed} (here: --format NAME)")


class Replayed(NamedTuple):
    """The result of reading whole files: the view, the newest timestamp as clock, and the result for each file."""

    calendar: Calendar
    view: View
    clock: float
    files: tuple[ImportedFile, ...]
    problems: tuple[str, ...]


def replayed(path: Path, config: Config, files: Sequence[tuple[str, Source]], *, is_kept: bool = True) -> Replayed:
    """Read the files into a new ledger at `path`, and print the result for each to standard error.

    Files are read oldest first, each once, whatever the order given. FileProblem if one cannot be read to its end.
    `is_kept`: somebody will read the ledger.
    """
    refuse_mixed(config, files)
    with ExitStack() as stack:
        ledger = open_ledger(config, 0.0, path)
        stack.callback(ledger.close, is_kept=is_kept)
        if any(file == STANDARD_INPUT for file, _ in files):
            found = _streamed(ledger, config, files)
        else:
            logs = log_files(files)
            with problems_of("a file"):
                made = pipelines_of(config, ledger)
                imported = import_files(ledger, logs, made.__getitem__, now=time.time(), finish=True)
            refuse_torn(imported)
            found = Replayed(ledger.calendar, ledger.view, imported.clock, imported.files, sentences(imported.problems))
        tell(found.files, ledger.calendar, *found.problems)
        return found


def log_files(files: Sequence[tuple[str, Source]]) -> list[LogFile]:
    """For an import."""
    return [
        LogFile(
            file, source.name, log_zone(source), "" if source.format == AUTO else source.format, source.behind or ""
        )
        for file, source in files
    ]


def sentences(problems: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The problems of all sources, without duplicates."""
    return tuple(dict.fromkeys(one for found in problems.values() for one in found))


def refuse_torn(imported: Imported) -> None:
    """FileProblem if a file could not be read to its end."""
    problems = [f"{one.path}: {one.problem}" for one in imported.files if one.problem]
    if problems:
        raise FileProblem("\n".join(problems))


def _streamed(ledger: Ledger, config: Config, files: Sequence[tuple[str, Source]]) -> Replayed:
    """The same in the given order, because standard input cannot be read twice."""
    pipelines = pipelines_of(config, ledger)
    found = []
    for file, source in files:
        pipeline = pipelines[source.name]
        before, stream = Heard.of(pipeline), file
        for batch in batches(file):
            ledger.book(pipeline.feed(batch, None))
            ledger.book(pipeline.expire(None, caught_up=False))
            stream = batch.stream
        _, form, last = pipeline.told(stream)
        found.append(ImportedFile(file, Heard.of(pipeline).since(before), format=form, last=last))
    for pipeline in pipelines.values():
        ledger.book(pipeline.finish())
    checkpoints = {name: pipeline.checkpoint(()) for name, pipeline in pipelines.items()}
    problems = sentences({name: pipeline.problems for name, pipeline in pipelines.items()})  # as of the checkpoints
    clock = float(max((stamp for one in checkpoints.values() for stamp in one.last_events.values()), default=0))
    return Replayed(ledger.calendar, ledger.commit(clock, checkpoints), clock, tuple(found), problems)
