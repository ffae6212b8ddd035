"""Reads existing logs with the daemon's own loop, so that the daemon continues there and counts nothing twice."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from exporter.catalogue import OTHER, UNKNOWN, Scope
from exporter.cli import options
from exporter.config import Config
from exporter.daemon import Daemon
from exporter.exposition.selfmetrics import SelfMetrics
from exporter.ledger import Ledger
from exporter.overlap import carry_over
from exporter.wiring import crew_of, open_ledger

# How long to wait for the first entries of a journal.
PAUSE_SECONDS = 0.05
# Nothing scrapes now: fewer commits are faster, and after an interruption the lines are read again.
COMMIT_SECONDS = 5.0


def bring_in(config: Config) -> tuple[str, ...]:
    """Read all sources to their current ends; returns problems as sentences. LedgerError, FileProblem."""
    with ExitStack() as stack:
        where = options.with_folder(config.ledger)
        ledger = stack.enter_context(closing(open_ledger(config, time.time(), where)))
        carry_over(config, ledger, time.time())
        metrics = SelfMetrics()
        daemon = Daemon(
            ledger,
            crew_of(config, ledger, None),
            metrics,
            commit_seconds=COMMIT_SECONDS,
            clock=time.time,
            stopwatch=time.perf_counter,
        )
        stack.callback(daemon.close)
        _read(daemon, metrics, ledger)
        daemon.finish()
        problems = [problem for one in metrics.sources for problem in one.problems]
        return (*filter(None, [daemon.failing]), *problems, *_without_domain(ledger))


def _read(daemon: Daemon, metrics: SelfMetrics, ledger: Ledger) -> None:
    """Run the loop until all sources are read to their ends, with progress."""
    columns = (TextColumn("reading"), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not options.interactive()) as bar:
        task, most = bar.add_task("", total=None), 0
        while True:
            busy = daemon.turn()
            left = sum(one.unread_bytes for one in metrics.sources)
            most = max(most, left)  # the size of a journal is unknown
            bar.update(task, completed=most - left, total=most or None, description=f"{_lines(ledger):,} lines")
            if daemon.failing or not (busy or any(one.catching_up and not one.unreadable for one in metrics.sources)):
                return
            if not busy:
                time.sleep(PAUSE_SECONDS)


def _lines(ledger: Ledger) -> int:
    counts = ledger.view.sources.values()
    return sum(one.events + one.ignored + one.unmatched + one.malformed for one in counts)


def _without_domain(ledger: Ledger) -> Iterator[str]:
    """Problems of servers whose users log in without a domain: a report by domain is then useless."""
    users = [(domain, user) for _, domain, user in ledger.view.rows.get(Scope.USER, {})]
    bare = [user for domain, user in users if domain == UNKNOWN and user not in {UNKNOWN, OTHER}]
    if bare:
        yield (
            f"{len(bare):,} user names have no domain and are counted in the domain {UNKNOWN}. Set default_domain:"
            " example.com (your domain) in the source, or start over: remove the ledger and run"
            " setup --replace --default-domain example.com"
        )
