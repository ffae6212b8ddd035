"""What the web side is given: functions, called in its thread at each request, none of which may change anything."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from exporter.exposition.renderer import Exposition
from exporter.exposition.sources import SourceReport
from exporter.formats.contract import Format
from exporter.model import View


class ReportLine(NamedTuple):
    """One row of the report on the landing page; None means that no log tells it.

    `marks`: per column, why its number is not simply what happened; empty where it is. `legend`: what they mean.
    """

    label: str
    connections: int | None
    blocked: int | None
    bad_commands: int | None
    terminations: int | None
    bandwidth: int | None
    marks: tuple[str, ...] = ("",) * 5
    legend: tuple[str, ...] = ()

    @property
    def values(self) -> tuple[int | None, ...]:
        """The numbers, in the order of the columns."""
        return self.connections, self.blocked, self.bad_commands, self.terminations, self.bandwidth


def _nothing() -> tuple[()]:
    return ()


@dataclass(frozen=True, slots=True)
class Site:
    """What there is to show.

    `view`: the last committed one. `clock`: UNIX seconds. `sources`: how they fare. `problems`: why the exporter is not
    ready (commits fail, a source cannot be read), as sentences; none when it is. `report`: rows for the last 14 days,
    in the order to be shown; called at most once per view and hour, in the web server's thread. `formats`: by name,
    for the advice on what a server should be told to log.
    """

    exposition: Exposition
    view: Callable[[], View]
    clock: Callable[[], float]
    sources: Callable[[], Sequence[SourceReport]] = _nothing
    problems: Callable[[], Sequence[str]] = _nothing
    report: Callable[[], Iterable[ReportLine]] = _nothing
    formats: Mapping[str, Format] = field(default_factory=lambda: MappingProxyType({}))
