"""The dashboards over the real exporter, 100 days exported and exposed: every exact cell as in its ledger."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from dashboards.targets import Quantity
from exporter.catalogue import MEASURES
from exporter.demo.traffic import iso, lines
from exporter.history.importing import import_files
from exporter.history.oldlogs import LogFile
from exporter.history.openmetrics import export_openmetrics
from exporter.ledger.reading import Reading
from exporter.wiring import log_zone, open_ledger, pipeline_of
from tests.dashboards import scenario
from tests.dashboards.grafana import ALL
from tests.dashboards.site import NAMES, Event, Site, dates, local, stamp
from tests.dashboards.test_numbers import LAST_30_DAYS, Asked, boards
from tests.dashboards.test_numbers import opened as opened_page
from tests.dashboards.truth import View
from tests.prometheus_server import PrometheusServer
from tests.system.lives import Host, born

pytestmark = [pytest.mark.slow, pytest.mark.tool("prometheus", "promtool"), pytest.mark.timeout(400)]

FIRST = stamp("2026-08-11", scenario.ZONE)
LIVE = stamp("2026-10-12 14:00", scenario.ZONE)  # until then the log is imported and exported, from then on scraped
GAP = (stamp("2026-11-10 22:10", scenario.ZONE), stamp("2026-11-11 01:40", scenario.ZONE))
BORN = (
    ("newborn@example.com", stamp("2026-10-28 23:59:52", scenario.ZONE)),
    ("unscraped@born.example", stamp("2026-11-10 23:59", scenario.ZONE)),
    ("second@born.example", stamp("2026-11-11 00:20", scenario.ZONE)),
)
SCRAPE_SECONDS = 1800
UIDS = ("pop3-trend", "pop3-domains", "pop3-domain", "pop3-user")
RANGES = {
    "30 days": LAST_30_DAYS,
    "this month": Asked("2026-11-01", "2026-11-30"),
    "imported": Asked("2026-08-20", "2026-09-23"),
    "over the seam": Asked("2026-10-10", "2026-10-14"),
    "all": Asked("2026-08-11", "2026-11-18"),
}
MOMENTS = (*range(LIVE + 600, scenario.NOW, SCRAPE_SECONDS), scenario.NOW)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100 days of a mail host: nine weeks imported and exported, then the exporter beside it, scraped."""
    folder = tmp_path_factory.mktemp("lived")
    host = Host(folder, scenario.ZONE, LIVE)
    host.append(lines(FIRST, LIVE))
    source = host.config.sources[0]
    with closing(open_ledger(host.config, float(LIVE))) as opened:
        files = [LogFile(str(host.log), "mail", log_zone(source))]
        import_files(opened, files, lambda _: pipeline_of(source, host.config, opened), now=float(LIVE))
    with Reading(host.config.ledger) as reading:
        export_openmetrics([reading], folder / "exported.txt", clock=LIVE)
    host.start()
    with (folder / "scraped.txt").open("wb") as scraped:
        scraped.writelines(scrapes(host))
        scraped.write(b"# EOF\n")
    host.vanish()
    return folder


def scrapes(host: Host) -> Iterator[bytes]:
    """What each scrape saw, while the log grew."""
    births = sorted(born(BORN, scenario.NOW))
    before = LIVE
    for moment in MOMENTS:
        begin, end = iso(before), iso(moment)
        host.append(sorted([*lines(before, moment), *(line for line in births if begin <= line[: len(begin)] < end)]))
        before = moment
        host.turn(moment)
        if not GAP[0] < moment < GAP[1]:
            yield from host.scrape()


@pytest.fixture(scope="module")
def prometheus_100_days(folder: Path) -> Iterator[PrometheusServer]:
    with PrometheusServer(folder) as server:
        for name in ("exported.txt", "scraped.txt"):
            server.load_blocks(folder / name)
        yield server


@pytest.fixture(scope="module")
def booked(folder: Path) -> Site:
    """The ledger's rows as one event per day and user, and one for what a domain has beside its users."""
    site = Site(scenario.ZONE, [], [])
    days: dict[tuple[int, str, str], list[int]] = {}
    events = []
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as book:
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
    return Site(scenario.ZONE, events, [at for at in MOMENTS if not GAP[0] < at < GAP[1]], quality)


def _daily(book: sqlite3.Connection) -> list[tuple[int, str, str, str, int]]:
    """Day, server, domain, user ('' for the domain as a whole) and what the day added of each measure."""
    added = ", ".join(f"{name} - lag({name}, 1, 0) OVER (PARTITION BY key ORDER BY day)" for name in NAMES)
    query = f"SELECT day, server, domain, user, {added} FROM book JOIN keys ON id = key WHERE scope > 0"
    return book.execute(query).fetchall()


def test_the_100_days_are_full(booked: Site) -> None:
    """Each day has connections, and who was born in the meantime is there from then on."""
    zone = scenario.ZONE
    assert set(dates("2026-08-11", "2026-11-18")) == {local(event.stamp, zone).date() for event in booked.events}
    first = {user: min(event.stamp for event in booked.events if event.user == user) for user, _ in BORN}
    assert {user: local(at, zone).date() for user, at in BORN} == {
        user: local(at, zone).date() for user, at in first.items()
    }


def test_what_was_imported_is_no_gap(prometheus_100_days: PrometheusServer) -> None:
    """The page on the exporter marks the time in which scrapes were missing, and not that before the first one."""
    page = opened_page(boards()["pop3-exporter"], RANGES["all"], prometheus_100_days, "Day")
    gaps = next(one for one in page.board["annotations"]["list"] if one["name"] == "Scrape gaps")
    marked = [at for points in page.lines(gaps).values() for at, _ in points]
    assert marked
    assert GAP[0] < min(marked) <= max(marked) < GAP[1] + SCRAPE_SECONDS


@pytest.mark.parametrize("step", ["Day", "Week", "Month", "Quarter"])
@pytest.mark.parametrize("asked", RANGES.values(), ids=RANGES)
@pytest.mark.parametrize("uid", UIDS)
def test_every_exact_cell_equals_the_ledger(
    uid: str, asked: Asked, step: str, booked: Site, prometheus_100_days: PrometheusServer
) -> None:
    """Exported and exposed by the real exporter, each exact query of each dashboard says what the ledger says."""
    busiest = max(booked.events, key=lambda event: event.values[0] if event.user else 0)
    board = boards()[uid]
    page = opened_page(board, asked, prometheus_100_days, step, domain=busiest.domain, user=busiest.user or "")
    hidden = {name: page.names(name) for name in page.found & {"top", "topbytes", "topusers"}}
    servers = frozenset(event.server for event in booked.events)
    assert ALL == asked.servers
    truth = View(
        booked,
        asked.begin,
        asked.end,
        min(scenario.NOW, asked.end),
        step,
        servers,
        busiest.domain,
        busiest.user or "",
        hidden,
    )
    # What part of a range before had come by this time of the day is not in rows of days: test_numbers.py has that.
    runs = asked.end > scenario.NOW
    exact = [
        (panel, target)
        for panel, target in board.targets()
        if target.meaning.quantity and not (runs and target.meaning.quantity is Quantity.CHANGE)
    ]
    assert exact
    for panel, target in exact:
        rows = page.rows(target.to_json_data())
        assert not truth.complaints(target.meaning, rows), (panel, target.refId)
