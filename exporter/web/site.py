"""What the web server reads: functions that it calls in its threads and that change nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from exporter.exposition.renderer import Exposition
from exporter.exposition.sources import SourceReport
from exporter.formats.contract import Format
from exporter.ledger.reading import Reading
from exporter.model import View

# By kind (rules, dashboards, runbooks), a function that returns the files: name to text.
Files = Mapping[str, Callable[[], Mapping[str, str]]]


def _nothing() -> tuple[()]:
    return ()


@dataclass(frozen=True, slots=True)
class Site:
    """What there is to show.

    `view`: the last committed one. `clock`: UNIX seconds. `sources`: how they fare. `problems`: why the exporter is not
    ready (commits fail, a source cannot be read), as sentences; none when it is. `reading`: opens the ledger, to be
    closed by the caller; None: there are no reports. `formats`: by name, for the advice on what a server should be
    told to log. `listen`: the configured addresses. `files`: what comes with the program for Prometheus and Grafana.
    """

    exposition: Exposition
    view: Callable[[], View]
    clock: Callable[[], float]
    sources: Callable[[], Sequence[SourceReport]] = _nothing
    problems: Callable[[], Sequence[str]] = _nothing
    reading: Callable[[], Reading] | None = None
    formats: Mapping[str, Format] = field(default_factory=lambda: MappingProxyType({}))
    listen: Sequence[str] = ()
    files: Files = field(default_factory=lambda: MappingProxyType({}))
