"""`report FILE ...`: the ledger of a report on logs."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer

from exporter.catalogue import CONNECTIONS, Scope
from exporter.cli.configured import source_of
from exporter.cli.files import Replayed, replayed
from exporter.cli.options import FileProblem, existing
from exporter.config import AUTO, Config, Source


@contextmanager
def read(files: Sequence[str], config: Config) -> Iterator[tuple[Path, float]]:
    """A ledger of the files, and the clock to report at. FileProblem: they have no POP3 lines, so all would be 0."""
    sources = [(file, source_of(file, config, None)) for file in existing(files)]
    with tempfile.TemporaryDirectory(prefix="pop3-exporter-") as folder:
        ledger = Path(folder) / "ledger.sqlite"
        found = replayed(ledger, config, sources)
        _check(found, sources)
        yield ledger, found.clock


def _check(found: Replayed, sources: Sequence[tuple[str, Source]]) -> None:
    if not any(one.heard.events for one in found.files):
        raise FileProblem(
            f"nothing to report; are these the logs of the POP3 server{_formats(sources)}?"
            " (pop3-exporter parse FILE shows how each line was understood)"
        )
    connections = sum(row.totals[CONNECTIONS] for row in found.view.rows[Scope.SERVER].values())
    if not connections:
        typer.secho("WARNING: the log has lines of a POP3 server, but no connections", err=True, bold=True)


def _formats(sources: Sequence[tuple[str, Source]]) -> str:
    names = sorted({source.format for _, source in sources} - {AUTO})
    return f" ({', '.join(names)})" if names else ""
