"""The self-metrics of the process, in a registry of prometheus_client; they start at 0."""

import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from exporter import __version__
from exporter.exposition.families import Family, Group
from exporter.exposition.sources import SourceReport

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
FAULTS = {"line": 0, "file": 0, "source": 0, "commit": 0}
# Exported from the start, so that the first such error is an increase.
USUAL_ERRORS = {"EACCES": 0, "EIO": 0}
Values = Iterable[tuple[tuple[str, ...], float]]


@dataclass(frozen=True, slots=True)
class _OfSource:
    family: Family
    values: Callable[[SourceReport], Values]


def _gauge(name: str, text: str, value: Callable[[SourceReport], float | None]) -> _OfSource:
    def values(source: SourceReport) -> Values:
        number = value(source)
        return [] if number is None else [((), number)]

    return _OfSource(Family(f"pop3_exporter_{name}", "gauge", text, Group.EXPORTER, ("source",)), values)


_OF_SOURCES: tuple[_OfSource, ...] = (
    _gauge("unread_bytes", "Bytes of log not read yet.", lambda source: source.unread_bytes),
    _gauge("catching_up", "1 while more is unread than one turn reads.", lambda source: int(source.catching_up)),
    _gauge(
        "problems",
        "Number of current problems of the source; the landing page lists them.",
        lambda source: len(source.problems),
    ),
    _OfSource(
        Family(
            "pop3_exporter_doubts",
            "gauge",
            "1 while the log suggests that numbers of the server are wrong, by sign.",
            Group.EXPORTER,
            ("source", "server", "sign"),
        ),
        lambda source: [(doubt, 1) for doubt in source.doubts],
    ),
    _gauge(
        "clock_skew_seconds",
        "The exporter's clock minus the timestamp of the newest event, if that was read as it was written.",
        lambda source: source.clock_skew_seconds,
    ),
    _OfSource(
        Family(
            "pop3_exporter_read_errors_total",
            "counter",
            "Failed attempts to open or read a source, by errno.",
            Group.EXPORTER,
            ("source", "errno"),
        ),
        lambda source: [((errno,), number) for errno, number in (USUAL_ERRORS | dict(source.read_errors)).items()],
    ),
    _OfSource(
        Family(
            "pop3_exporter_faults_total",
            "counter",
            "Errors of the exporter itself, by what it did: set a line or a file aside, pause a source, or repeat a"
            " commit without it.",
            Group.EXPORTER,
            ("source", "kind"),
        ),
        lambda source: [((kind,), number) for kind, number in (FAULTS | dict(source.faults)).items()],
    ),
)
SOURCE_FAMILIES: tuple[Family, ...] = tuple(each.family for each in _OF_SOURCES)


class _Sources(Collector):
    """The last reports, replaced as a whole, so that a scrape in another thread sees a consistent set."""

    def __init__(self) -> None:
        self.reports: Sequence[SourceReport] = ()

    def collect(self) -> Iterator[Metric]:
        reports = self.reports
        for each in _OF_SOURCES:
            family = each.family
            kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
            metric = kind(family.name, family.help, labels=family.labels)
            for source in reports:
                for labels, value in each.values(source):
                    metric.add_metric([source.name, *labels], value)
            yield metric


class SelfMetrics:
    """Metrics about the daemon. Safe to render from another thread."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry(auto_describe=False)
        self._sources = _Sources()
        self.registry.register(self._sources)
        self._commits = self._histogram("commit_duration_seconds", "Duration of commits to the ledger.")
        self._turns = self._histogram("turn_duration_seconds", "Duration of passes of the main loop, without waiting.")
        self._open_files = self._plain("open_files", "Log files that are kept open, of all sources.")
        self._most_files = self._plain("open_files_limit", "Log files that may be kept open.")
        build = Info("pop3_exporter_build", "Versions of the exporter and of Python.", registry=self.registry)
        build.info({"version": __version__, "python": platform.python_version()})
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def _histogram(self, name: str, text: str) -> Histogram:
        return Histogram(f"pop3_exporter_{name}", text, registry=self.registry, buckets=SECONDS)

    def _plain(self, name: str, text: str) -> Gauge:
        return Gauge(f"pop3_exporter_{name}", text, registry=self.registry)

    def watch_files(self, number: Callable[[], int], most: Callable[[], int]) -> None:
        """How many log files are kept open, and may be, from now on."""
        self._open_files.set_function(number)
        self._most_files.set_function(most)

    def observe_commit(self, seconds: float) -> None:
        """Record the duration of a commit."""
        self._commits.observe(seconds)

    def observe_turn(self, seconds: float) -> None:
        """Record the duration of a pass of the loop, without the pause after it."""
        self._turns.observe(seconds)

    def report(self, sources: Sequence[SourceReport]) -> None:
        """Replace the state of all sources."""
        self._sources.reports = tuple(sources)

    @property
    def sources(self) -> Sequence[SourceReport]:
        """The last reported state."""
        return self._sources.reports

    def render(self) -> bytes:
        """All of them as text."""
        return generate_latest(self.registry)
