"""The dashboards over the real exporter: logs imported, history exported, every exact cell as in its ledger."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from exporter.catalogue import MEASURES
from exporter.config import Config
from exporter.demo.traffic import lines
from exporter.history import LogFile, export_openmetrics, import_files
from exporter.ledger.reading import Reading
from exporter.wiring import log_zone, open_ledger, pipeline_of
from tests.dashboards import scenario
from tests.dashboards.grafana import ALL
from tests.dashboards.site import NAMES, Event, Site, stamp
from tests.dashboards.test_numbers import LAST_30_DAYS, Asked, boards
from tests.dashboards.test_numbers import opened as opened_page
from tests.dashboards.truth import View
from tests.prometheus_server import PrometheusServer

pytestmark = [pytest.mark.slow, pytest.mark.tool("prometheus", "promtool"), pytest.mark.timeout(400)]

FIRST = stamp("2026-10-08", scenario.ZONE)
UIDS = ("pop3-trend", "pop3-domains", "pop3-domain", "pop3-user")


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six weeks of a mail host's log, imported."""
    folder = tmp_path_factory.mktemp("ledger")
    log = folder / "mail.log"
    log.write_text("".join(f"{line}\n" for line in lines(FIRST, scenario.NOW)), encoding="utf-8")
    source = {"name": "mail", "paths": [str(log)], "format": "dovecot", "start": "beginning"}
    wanted = {"time_zone": scenario.ZONE, "ledger": str(folder / "ledger.sqlite"), "sources": [source]}
    config = Config.model_validate(wanted)
    with closing(open_ledger(config, float(scenario.NOW))) as opened:
        files = [LogFile(str(log), "mail", log_zone(config.sources[0]))]
        import_files(opened, files, lambda _: pipeline_of(config.sources[0], config, opened), now=float(scenario.NOW))
    return folder / "ledger.sqlite"


@pytest.fixture(scope="module")
def exported(ledger: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    folder = tmp_path_factory.mktemp("exported")
    with Reading(ledger) as reading:
        export_openmetrics([reading], folder / "history.txt", clock=scenario.NOW)
    with PrometheusServer(folder) as server:
        server.load_blocks(folder / "history.txt")
        yield server


@pytest.fixture(scope="module")
def booked(ledger: Path) -> Site:
    """The ledger's rows as one event per day and user, and one for what a domain has beside its users."""
    site = Site(scenario.ZONE, [], [])
    days: dict[tuple[int, str, str], list[int]] = {}
    events = []
    with closing(sqlite3.connect(ledger)) as book:
        for day, server, domain, user, *added in _daily(book):
            rest = days.setdefault((day, server, domain), [0] * len(MEASURES))
            at = site.midnight(date.fromordinal(day))
            for column, value in enumerate(added):
                rest[column] += -value if user else value
            if user:
                events.append(Event(at, at, server, domain, user, tuple(added)))
        quality = dict.fromkeys(book.execute("SELECT server, measure FROM quality WHERE quality = 'none'"), "none")
    for (day, server, domain), values in days.items():
        at = site.midnight(date.fromordinal(day))
        events.append(Event(at, at, server, domain, None, tuple(values)))
    return Site(scenario.ZONE, events, [], quality)


def _daily(book: sqlite3.Connection) -> list[tuple[int, str, str, str, int]]:
    """Day, server, domain, user ('' for the domain as a whole) and what the day added of each measure."""
    added = ", ".join(f"{name} - lag({name}, 1, 0) OVER (PARTITION BY key ORDER BY day)" for name in NAMES)
    query = f"SELECT day, server, domain, user, {added} FROM book JOIN keys ON id = key WHERE scope > 0"
    return book.execute(query).fetchall()


@pytest.mark.parametrize("step", ["Day", "Week", "Month"])
@pytest.mark.parametrize("asked", [LAST_30_DAYS, Asked("2026-11-01", "2026-11-30")], ids=["30 days", "this month"])
@pytest.mark.parametrize("uid", UIDS)
def test_every_exact_cell_equals_the_ledger(
    uid: str, asked: Asked, step: str, booked: Site, exported: PrometheusServer
) -> None:
    """Imported and exported by the real exporter, each exact query of each dashboard says what the ledger says."""
    busiest = max(booked.events, key=lambda event: event.values[0] if event.user else 0)
    board = boards()[uid]
    page = opened_page(board, asked, exported, step, domain=busiest.domain, user=busiest.user or "")
    hidden = {name: page.names(name) for name in page.found & {"top", "topusers"}}
    servers = frozenset(event.server for event in booked.events)
    assert ALL == asked.servers
    truth = View(
        booked, asked.begin, asked.end, scenario.NOW, step, servers, busiest.domain, busiest.user or "", hidden
    )
    exact = [(panel, target) for panel, target in board.targets() if target.meaning.quantity]
    assert exact
    for panel, target in exact:
        rows = page.rows(target.to_json_data())
        assert not truth.complaints(target.meaning, rows), (panel, target.refId)
