"""Servers that Prometheus scraped for a few hours only, or that were switched off a moment ago."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dashboards.targets import Quantity
from tests.dashboards import scenario
from tests.dashboards.site import Site, stamp
from tests.dashboards.test_gaps import QUANTITIES, complaints
from tests.dashboards.test_numbers import Asked, boards, opened, view
from tests.prometheus_server import PrometheusServer

pytestmark = [pytest.mark.tool("prometheus", "promtool"), pytest.mark.timeout(300)]

ZONE = scenario.ZONE
DAY = "2026-10-27"
# Between two looks of six hours, and more than two hours before the end of the day.
BEGIN, END = stamp(f"{DAY} 13:20", ZONE), stamp(f"{DAY} 16:00", ZONE)
ENDS_OF_THE_LOG = {"days later": stamp("2026-10-29 12:10", ZONE), "in the evening": stamp(f"{DAY} 18:40", ZONE)}
# When it was switched off, and when the page is opened.
STOPS = {
    "in the hour before": (stamp(f"{DAY} 13:30", ZONE), stamp(f"{DAY} 14:10", ZONE)),
    "before midnight": (stamp(f"{DAY} 23:45", ZONE), stamp("2026-10-28 00:40", ZONE)),
}
HOURS = frozenset({Quantity.STEPS, Quantity.BEGINS})


def part(site: Site, begin: int, end: int, until: int) -> Site:
    """Ten days of the site, in which a server, as busy as another one, logs from `begin` to `end`."""
    scrapes = [at for at in site.scrapes if until - 10 * 86_400 <= at <= until]
    others = [event for event in site.events if event.server != "win1" and event.arrival <= scrapes[-1]]
    brief = [
        replace(event, server="win1")
        for event in others
        if event.server == "mx1" and event.stamp >= begin and event.arrival <= end
    ]
    return replace(site, events=[*others, *brief], scrapes=scrapes, gone={"win1": end}, quality=scenario.PARTS)


@pytest.fixture(scope="module", params=ENDS_OF_THE_LOG.values(), ids=list(ENDS_OF_THE_LOG))
def brief(
    request: pytest.FixtureRequest, site: Site, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Site, PrometheusServer]]:
    found = part(site, BEGIN, END, request.param)
    with found.served(tmp_path_factory.mktemp("brief")) as server:
        yield found, server


@pytest.fixture(scope="module", params=STOPS.values(), ids=list(STOPS))
def stopped(
    request: pytest.FixtureRequest, site: Site, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Site, PrometheusServer]]:
    end, until = request.param
    found = part(site, stamp("2026-10-26 08:00", ZONE), end, until)
    with found.served(tmp_path_factory.mktemp("stopped")) as server:
        yield found, server


def wrong(uid: str, asked: Asked, step: str, served: tuple[Site, PrometheusServer]) -> list[str]:
    site, server = served
    page = opened(boards()[uid], asked, server, step)
    truth = replace(view(page, site, asked, step), until=min(site.scrapes[-1], asked.end))
    return complaints(page, boards()[uid], truth, HOURS if step == "Hour" else QUANTITIES)


@pytest.mark.parametrize("step", ["Day", "Hour"])
@pytest.mark.parametrize("uid", ["pop3-trend", "pop3-domains"])
def test_a_few_hours_count(uid: str, step: str, brief: tuple[Site, PrometheusServer]) -> None:
    """Wherever in the day they are."""
    asked = Asked("2026-10-26", DAY) if step == "Hour" else Asked("2026-10-22", "2026-10-29")
    assert not wrong(uid, asked, step, brief)


@pytest.mark.slow
@pytest.mark.parametrize("step", ["Day", "Hour"])
@pytest.mark.parametrize("first", [DAY, "2026-10-28"])
@pytest.mark.parametrize("uid", ["pop3-trend", "pop3-domains"])
def test_the_end_of_a_server_is_in_its_own_period(
    uid: str, first: str, step: str, stopped: tuple[Site, PrometheusServer]
) -> None:
    """What it logged last, not what is current now."""
    assert not wrong(uid, Asked(first, "2026-10-28"), step, stopped)


@pytest.mark.parametrize(("clock", "step"), [("13:59:30", "Hour"), ("23:59:30", "Day")])
def test_a_period_that_nobody_has_scraped_yet_takes_nothing(clock: str, step: str, site: Site, tmp_path: Path) -> None:
    """In its first minute: what the newest samples have stands in the period before."""
    end = stamp(f"{DAY} {clock}", ZONE)
    found = part(site, stamp("2026-10-26 08:00", ZONE), end, end)
    found = replace(found, scrapes=[*found.scrapes, end])
    with found.served(tmp_path) as server:
        for uid in ("pop3-trend", "pop3-domains"):
            page = opened(boards()[uid], Asked(DAY, "2026-10-28"), server, step)
            truth = replace(view(page, found, Asked(DAY, "2026-10-28"), step), until=end + 60)
            assert not complaints(page, boards()[uid], truth, HOURS if step == "Hour" else QUANTITIES)
