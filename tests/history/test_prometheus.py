"""What Prometheus answers to the dashboards' queries from exported history is what the ledger reports."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from dashboards.queries.steps import Steps
from dashboards.queries.terms import Only, filled
from exporter.catalogue import Scope
from exporter.history.openmetrics import export_openmetrics
from exporter.ledger import Keep
from exporter.ledger.reading import Reading
from exporter.periods import Step
from exporter.reports import COLUMNS, report
from tests.history.comparing import Site, compare_hours, compare_steps, compare_totals, key, series
from tests.history.sites import USERS, history
from tests.prometheus_server import PrometheusServer
from tests.reports.ledgers import at

FIRST, LAST = date(2026, 9, 29), date(2026, 11, 3)

pytestmark = pytest.mark.tool("prometheus", "promtool")

ZONES = (
    "Europe/Berlin",
    *(
        pytest.param(zone, marks=pytest.mark.slow)
        for zone in (
            "UTC",
            "America/New_York",
            "Asia/Kolkata",
            "Asia/Kathmandu",
            "Pacific/Auckland",
            "Africa/Cairo",
            "America/St_Johns",
        )
    ),
)
RANGES = [
    pytest.param(FIRST, LAST, id="all"),
    pytest.param(date(2026, 8, 1), date(2026, 11, 30), id="more than there is", marks=pytest.mark.slow),
    pytest.param(date(2026, 10, 12), date(2026, 10, 27), id="a part, over the change of the clock"),
    pytest.param(date(2026, 10, 14), date(2026, 10, 14), id="a day", marks=pytest.mark.slow),
    pytest.param(LAST, LAST, id="today"),
]


@pytest.fixture(scope="module", params=ZONES)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Five weeks of history over the autumn change, exported in the afternoon of the last day."""
    zone = str(request.param)
    directory = tmp_path_factory.mktemp(zone.replace("/", "-"))
    clock = at(zone, f"{LAST}T15:20")
    with (
        Reading(history(directory / "ledger.sqlite", zone, FIRST, LAST, clock)) as reading,
        PrometheusServer(directory) as server,
    ):
        export_openmetrics([reading], directory / "history.txt", clock=clock)
        server.load_blocks(directory / "history.txt")
        yield Site(zone, clock, reading, server)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PrometheusServer]:
    """Another Prometheus, without data."""
    with PrometheusServer(tmp_path) as running:
        yield running


@pytest.mark.parametrize(("first", "last"), RANGES)
def test_steps_equal_the_ledger(site: Site, first: date, last: date) -> None:
    """Every day, week, month and quarter, of the servers and of each domain, in all five columns."""
    compare_steps(site, first, last)


@pytest.mark.parametrize(("first", "last"), RANGES)
def test_totals_equal_the_ledger(site: Site, first: date, last: date) -> None:
    """Domains, the users of each domain, and the wide table of all users."""
    compare_totals(site, first, last)


@pytest.mark.parametrize(
    ("first", "last"),
    [pytest.param(date(2026, 10, 15), date(2026, 10, 27), id="clock change"), pytest.param(LAST, LAST, id="today")],
)
def test_hours_equal_the_ledger(site: Site, first: date, last: date) -> None:
    """Every hour of each domain, both hours of an autumn night and the one that runs."""
    compare_hours(site, first, last)


@pytest.mark.parametrize("step", [Step.DAY, Step.HOUR])
def test_periods_without_events_are_rows(site: Site, step: Step) -> None:
    """From its birth on a domain has a value for every day and hour that has begun: 0 is not a hole in the chart."""
    first, last = date(2026, 10, 20), LAST
    steps, values = Steps(hours=True), site.values(first, last, step)
    for domain in ("a.example", "c.example", "late.example"):
        query = steps.values(series(COLUMNS[0], Scope.DOMAIN, Only(servers=None, domain=domain)))
        answer = site.server.query(filled(query, values), float(values["${__to:date:seconds}"]))
        rows = report([site.reading], step=step, first=first, last=last, domain=domain, clock=site.clock).rows
        assert {key(row.label, step, first) for row in rows} == {dict(labels)["period"] for labels in answer}


@pytest.mark.slow
def test_a_range_longer_than_what_is_known_begins_with_what_is(
    tmp_path: Path, site: Site, server: PrometheusServer
) -> None:
    """Where Prometheus knows less than a range asks for, totals of what is older are those since its first day."""
    known = date(2026, 10, 24)
    export_openmetrics([site.reading], tmp_path / "history.txt", first=known, clock=site.clock)
    server.load_blocks(tmp_path / "history.txt")
    part = Site(site.zone, site.clock, site.reading, server)
    compare_totals(part, date(2026, 10, 18), LAST, known=known)


@pytest.mark.slow
def test_what_retention_left_is_exact(tmp_path: Path, server: PrometheusServer) -> None:
    """From a ledger that keeps 20 days, and hours of 10: the days and hours that it knows."""
    zone, clock = "Europe/Berlin", at("Europe/Berlin", f"{LAST}T15:20")
    path = history(tmp_path / "ledger.sqlite", zone, FIRST, LAST, clock, keep=Keep(days=20, hours_days=10))
    with Reading(path) as reading:
        export_openmetrics([reading], tmp_path / "history.txt", clock=clock)
        server.load_blocks(tmp_path / "history.txt")
        kept = Site(zone, clock, reading, server)
        compare_steps(kept, date(2026, 10, 18), LAST)
        compare_totals(kept, date(2026, 10, 18), LAST)
        compare_hours(kept, date(2026, 10, 26), LAST)


def test_the_history_has_what_makes_it_hard(site: Site) -> None:
    """All users were born, and the two that are born at the edges of a day."""
    users = {one.labels[2] for one in site.reading.keys(Scope.USER)}
    assert {*USERS, "eve@late.example", "eve@early.example"} == users
