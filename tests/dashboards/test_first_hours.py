"""A Prometheus that has just begun, younger than the steps in which long ranges are searched."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.dashboards import scenario
from tests.dashboards.site import Site, local, stamp
from tests.dashboards.test_numbers import LAST_30_DAYS, boards, opened
from tests.dashboards.test_remarks import NOT_BEFORE, REPORTS, TOO_LONG, remarks
from tests.prometheus_server import PrometheusServer

pytestmark = [pytest.mark.tool("prometheus", "promtool"), pytest.mark.timeout(300)]

QUARTER_DAY = 21_600
END = scenario.NOW // QUARTER_DAY * QUARTER_DAY - 900
BEGIN = END + 900 - QUARTER_DAY + 900  # between two steps


@pytest.fixture(scope="module")
def young_site(site: Site) -> Site:
    """Five hours of scrapes of an old exporter."""
    return replace(site, scrapes=[at for at in site.scrapes if BEGIN <= at <= END])


@pytest.fixture(scope="module")
def young(young_site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    with young_site.served(tmp_path_factory.mktemp("young")) as server:
        yield server


@pytest.fixture(scope="module")
def new(young_site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    """Of an exporter that is new, too."""
    events = [event for event in young_site.events if event.stamp >= BEGIN]
    with replace(young_site, events=events).served(tmp_path_factory.mktemp("new")) as server:
        yield server


@pytest.mark.parametrize("uid", REPORTS)
def test_a_new_exporter_is_seen(uid: str, new: PrometheusServer) -> None:
    """It is said that nothing was before."""
    begun = NOT_BEFORE.format(f"{local(BEGIN, scenario.ZONE):%Y-%m-%d}")
    assert {begun} == remarks(boards()[uid], replace(LAST_30_DAYS, servers=("mx1",)), new)


@pytest.mark.parametrize("uid", REPORTS)
def test_an_old_exporter_was_counting_before(uid: str, young: PrometheusServer) -> None:
    """Earlier periods are missing, and that is said at once."""
    assert {TOO_LONG} == remarks(boards()[uid], replace(LAST_30_DAYS, servers=("mx1",)), young)


@pytest.mark.parametrize("hours", [1, 3])
def test_the_first_minutes_are_seen_at_any_hour(hours: int, site: Site, tmp_path: Path) -> None:
    """The page of today ends at midnight; what is looked at there in steps must leave no hour out."""
    begin = BEGIN - 900 + 3600 * hours
    scrapes = [at for at in site.scrapes if begin <= at <= begin + 1800]
    events = [event for event in site.events if event.stamp >= BEGIN]
    with replace(site, scrapes=scrapes, events=events).served(tmp_path) as server:
        found = remarks(boards()["pop3-domains"], replace(LAST_30_DAYS, servers=("mx1",)), server)
    assert {NOT_BEFORE.format(f"{local(BEGIN, scenario.ZONE):%Y-%m-%d}")} == found


@pytest.fixture(scope="module")
def evening(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    """Scraped since the last hour of a day; its log reaches back to the day before that."""
    begin, end = stamp("2026-11-12 23:10", scenario.ZONE), stamp("2026-11-15 12:00", scenario.ZONE)
    log = stamp("2026-11-11 15:00", scenario.ZONE)
    events = [event for event in site.events if event.stamp >= log]
    scrapes = [at for at in site.scrapes if begin <= at <= end]
    with replace(site, events=events, scrapes=scrapes).served(tmp_path_factory.mktemp("evening")) as server:
        yield server


@pytest.mark.parametrize("uid", ["pop3-trend", "pop3-domain"])
def test_the_first_day_is_shown_however_late_it_was_scraped(uid: str, evening: PrometheusServer) -> None:
    """That of the first scrape has its row; the day before is missing, and that is said."""
    board, asked = boards()[uid], replace(LAST_30_DAYS, servers=("mx1",))
    target = next(target for title, target in board.targets() if title == "Connections by ${step:text}")
    found = opened(board, asked, evening, "Day", domain="a.example").rows(target.to_json_data())
    days = {dict(labels)["period"] for labels in found}
    assert {str(stamp(f"2026-11-{day}")) for day in (12, 13, 14, 15)} == days
    assert TOO_LONG in remarks(board, asked, evening)


def test_a_young_day_is_counted_from_the_first_sample(young: PrometheusServer, young_site: Site) -> None:
    """Not from the full hour after it: an hour would have more than the day that it is in."""
    board = boards()["pop3-suspicious"]
    target = next(target for title, target in board.targets() if title == "Most login failures")
    found = opened(board, replace(LAST_30_DAYS, servers=("mx1",)), young, "Day").rows(target.to_json_data())
    first, last = young_site.scrapes[0], young_site.scrapes[-1]
    failed = [
        Site.value(event, "login_failures")
        for event in young_site.events
        if event.server == "mx1" and event.user not in {None, "_other"} and first < event.arrival <= last
    ]
    assert sum(failed) == sum(found.values())


def test_ends_of_connections_are_counted_from_the_first_scrape(young: PrometheusServer) -> None:
    """Not only from the first step on: until then the panel would say that nothing was logged."""
    board = boards()["pop3-trend"]
    target = next(target for panel, target in board.targets() if panel.startswith("Ends by reason"))
    found = opened(board, replace(LAST_30_DAYS, servers=("mx1",)), young, "Day").rows(target.to_json_data())
    assert {float((END - BEGIN) // 900)} == set(found.values())
