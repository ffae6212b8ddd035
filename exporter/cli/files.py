"""Reading whole log files through the pipelines, with progress where somebody looks."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from exporter.cli.options import FileProblem
from exporter.config import Config, Source
from exporter.inputs.readers import TORN
from exporter.inputs.whole import read_whole
from exporter.ledger import Ledger
from exporter.model import Batch, View
from exporter.pipeline import Pipeline
from exporter.wiring import open_ledger, pipeline_of


def batches(path: str) -> Iterator[Batch]:
    """All of a file; FileProblem if it cannot be read to its end."""
    try:
        yield from read_whole(path)
    except TORN as error:
        raise FileProblem(f"{path}: is not complete, or not of the kind that its name says: {error}") from error
    except OSError as error:
        raise FileProblem(f"{path}: {error.strerror}") from error


def replayed(path: Path, config: Config, files: Iterable[tuple[str, Source]]) -> tuple[View, float]:
    """The files through the whole line into a new ledger at `path`; its view, and the newest stamp read as clock."""
    with closing(open_ledger(config, 0.0, path)) as ledger:
        pipelines: dict[str, Pipeline] = {}
        for file, source in files:
            pipeline = pipelines.get(source.name) or pipeline_of(source, config, ledger)
            pipelines[source.name] = pipeline
            for batch in batches(file):
                ledger.book(pipeline.feed(batch, None))
                ledger.book(pipeline.expire(None, caught_up=False))
        for pipeline in pipelines.values():
            ledger.book(pipeline.finish())
        return committed(ledger, pipelines)


def committed(ledger: Ledger, pipelines: dict[str, Pipeline]) -> tuple[View, float]:
    """One commit of all that was fed; the clock is the newest stamp."""
    checkpoints = {name: pipeline.checkpoint(()) for name, pipeline in pipelines.items()}
    stamps = [stamp for one in checkpoints.values() for stamp in one.last_events.values()]
    clock = float(max(stamps, default=0))
    return ledger.commit(clock, checkpoints), clock
