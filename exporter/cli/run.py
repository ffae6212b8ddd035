"""`run`: the daemon."""

import gc
import logging
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from datetime import date, timedelta
from functools import partial

import typer

from exporter.cli import options
from exporter.config import Config
from exporter.configfile import ConfigError
from exporter.daemon import Daemon, Reader
from exporter.exposition.renderer import Exposition
from exporter.exposition.selfmetrics import SelfMetrics
from exporter.formats import FORMATS
from exporter.inputs.notifier import Notifier
from exporter.ledger import Ledger
from exporter.ledger.reading import Reading
from exporter.overlap import carry_over, claims_of, shared
from exporter.periods import Step
from exporter.reports import By, report
from exporter.web import ReportLine, Site, serve
from exporter.wiring import input_of, open_ledger, pipelines_of, report_of

LOG = logging.getLogger("pop3_exporter")
REPORT_DAYS = 14


def _run(config_file: options.ConfigFile = None) -> None:
    """The daemon: reads the configured sources and serves /metrics until it is told to stop."""
    config = options.loaded(config_file)
    if problems := shared(config):
        raise ConfigError(problems)
    # systemd's journal adds the time; a terminal is told it.
    form = "%(asctime)s %(levelname)s %(message)s" if sys.stderr.isatty() else "%(levelname)s %(message)s"
    logging.basicConfig(level=logging.INFO, format=form, stream=sys.stderr)
    logging.getLogger("watchdog").setLevel(logging.WARNING)
    stop, wake = threading.Event(), threading.Event()

    def ended(*_: object) -> None:
        stop.set()
        wake.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ended)
    with ExitStack() as stack:
        ledger = stack.enter_context(closing(open_ledger(config, time.time())))
        if not _serve(stack, config, ledger, wake, stop):
            raise typer.Exit(1)
    LOG.info("stopped; everything read is in the ledger")


def _serve(stack: ExitStack, config: Config, ledger: Ledger, wake: threading.Event, stop: threading.Event) -> bool:
    metrics = SelfMetrics()
    notifier = stack.enter_context(closing(Notifier(wake)))
    readers = list(_readers(stack, config, ledger, notifier))
    daemon = Daemon(
        ledger, readers, metrics, commit_seconds=config.commit_seconds, clock=time.time, stopwatch=time.perf_counter
    )
    daemon.begin()
    site = Site(
        exposition=Exposition(ledger.calendar, metrics),
        view=lambda: ledger.view,
        clock=time.time,
        sources=lambda: metrics.sources,
        problems=lambda: [*filter(None, [daemon.failing]), *_unreadable(metrics)],
        report=lambda: _last_days(ledger),
        formats={one.name: one for one in FORMATS},
    )
    web = serve(config.web.listen, site, config.web.config_file)
    stack.callback(web.stop)
    LOG.info("serving %s; ledger %s; days begin in %s", web.url, ledger.path, ledger.view.time_zone)
    for reader in readers:
        LOG.info("source %s reads %s", reader.name, ", ".join(reader.report().inputs))
    # What is in memory now stays: full collections then take a third of the time (tests/bench/ledger.py).
    gc.collect()
    gc.freeze()
    return daemon.run(wake, stop)


def _readers(stack: ExitStack, config: Config, ledger: Ledger, notifier: Notifier) -> Iterator[Reader]:
    carry_over(config, ledger, time.time())
    sources, claims = {source.name: source for source in config.sources}, claims_of(config)
    for name, pipeline in pipelines_of(config, ledger).items():
        source = sources[name]
        read = stack.enter_context(closing(input_of(source, ledger, notifier, config, claims)))
        yield Reader(name, read, pipeline, partial(report_of, source, read, pipeline))


def _unreadable(metrics: SelfMetrics) -> list[str]:
    """What keeps sources from being read."""
    return [f"source {one.name}: {problem}" for one in metrics.sources for problem in one.problems if one.read_errors]


def _last_days(ledger: Ledger) -> Iterable[ReportLine]:
    """The report of the landing page: the last days, newest first."""
    clock = time.time()
    today = date.fromordinal(ledger.calendar.day(int(clock)))
    with closing(Reading(ledger.path)) as reading:
        found = report(
            [reading],
            by=By.TREND,
            step=Step.DAY,
            first=today - timedelta(days=REPORT_DAYS - 1),
            last=today,
            clock=clock,
        )
    return [ReportLine(row.label, *row.values) for row in reversed(found.rows)]


COMMANDS = {"run": _run}
