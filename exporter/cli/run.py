"""`run`: the daemon."""

import gc
import logging
import threading
import time
from contextlib import ExitStack, closing

import typer

from exporter import shipped
from exporter.cli import configured, logs, options, serving
from exporter.cli.signals import Signals
from exporter.config import Config, Source
from exporter.configfile import ConfigError
from exporter.daemon import Daemon
from exporter.descriptors import limit, shares
from exporter.exposition.renderer import Exposition
from exporter.exposition.selfmetrics import SelfMetrics
from exporter.formats import FORMATS
from exporter.inputs.notifier import WATCHES_MOST, Notifier
from exporter.inputs.openfiles import OpenFiles
from exporter.ledger import Ledger
from exporter.ledger.reading import Reading
from exporter.overlap import carry_over, shared
from exporter.pulse import Pulse
from exporter.systemd import Watchdog, notify
from exporter.web.server import MAX_CONNECTIONS
from exporter.web.serving import serve
from exporter.web.site import Site
from exporter.wiring import STANDARD_INPUT, crew_of, inputs_named, open_ledger

LOG = logging.getLogger("pop3_exporter")


def _run(  # noqa: PLR0917 - the options of a command
    file: options.ConfigArgument = None,
    config_file: options.ConfigFile = None,
    listen: serving.ListenAddress = None,
    web_config_file: serving.WebConfigFile = None,
    log_level: logs.LogLevel = logs.Level.INFO,
    log_format: logs.LogFormat = logs.Form.TEXT,
) -> None:
    """Run the daemon: read the configured logs and serve /metrics."""
    config = serving.overridden(configured.loaded(config_file, file), listen, web_config_file)
    if problems := shared(config):
        raise ConfigError(problems)
    logs.begin(log_level, log_format)
    stop, wake = threading.Event(), threading.Event()
    pulse = Pulse(time.monotonic, Watchdog(time.monotonic).beat)

    def ended() -> None:
        notify("STOPPING=1")
        stop.set()
        wake.set()

    with ExitStack() as stack:
        stack.enter_context(Signals(ended, lambda: pulse.where))
        ledger = stack.enter_context(closing(open_ledger(config, time.time(), options.with_folder(config.ledger))))
        daemon = _served(stack, config, ledger, pulse, wake, stop)
        notify("READY=1")
        if not daemon.run(wake):
            raise typer.Exit(1)
    LOG.info("stopped; all lines read are counted in the ledger")


def _served(  # noqa: PLR0917 - all that there is so far
    stack: ExitStack, config: Config, ledger: Ledger, pulse: Pulse, wake: threading.Event, stop: threading.Event
) -> Daemon:
    """The daemon, not running yet, and its web server."""
    metrics = SelfMetrics()
    journals = sum(source.journal is not None for source in config.sources)
    share = shares(limit(), journals, watches=WATCHES_MOST, connections=MAX_CONNECTIONS)
    open_files = OpenFiles(share.files)
    metrics.watch_files(lambda: len(open_files), lambda: open_files.most)
    notifier = stack.enter_context(closing(Notifier(wake, most=share.watches)))
    carry_over(config, ledger, time.time())
    begins = {source.name: _begin(source, ledger) for source in config.sources}
    daemon = Daemon(
        ledger,
        crew_of(config, ledger, notifier, open_files),
        metrics,
        commit_seconds=config.commit_seconds,
        clock=time.time,
        stopwatch=time.perf_counter,
        pulse=pulse,
        stop=stop,
    )
    stack.callback(daemon.close)
    daemon.begin()
    site = Site(
        exposition=Exposition(ledger.calendar, metrics),
        view=lambda: ledger.view,
        clock=time.time,
        sources=lambda: metrics.sources,
        problems=lambda: [*filter(None, [pulse.problem, daemon.failing]), *_unreadable(metrics)],
        reading=lambda: Reading(ledger.path),
        formats={one.name: one for one in FORMATS},
        listen=config.web.listen,
        files=shipped.KINDS,
    )
    web = serve(config.web.listen, site, config.web.config_file, connections=share.connections)
    stack.callback(web.stop)
    LOG.info("serving %s; ledger %s; days begin in %s", ", ".join(web.urls), ledger.path, ledger.view.time_zone)
    for source in config.sources:
        LOG.info("source %s reads %s%s", source.name, ", ".join(inputs_named(source)), begins[source.name])
    # Objects in memory now are permanent; without them, full collections are three times as fast.
    gc.collect()
    gc.freeze()
    return daemon


def _begin(source: Source, ledger: Ledger) -> str:
    """Explains that a first start skips existing lines, which otherwise looks like a silent log."""
    is_file = source.journal is None and source.paths != STANDARD_INPUT
    if not is_file or source.start == "beginning" or ledger.restored(source.name) is not None:
        return ""
    return ", from its end; to also count what it already contains, set `start: beginning` before the first start"


def _unreadable(metrics: SelfMetrics) -> list[str]:
    """Why sources cannot be read."""
    return [f"source {one.name}: {problem}" for one in metrics.sources for problem in one.unreadable]


COMMANDS = {"run": _run}
