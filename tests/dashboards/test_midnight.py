"""The first hour after a midnight, in summer and in winter: the day that has just begun has a row of its own."""

from dataclasses import replace
from pathlib import Path

import pytest

from dashboards.targets import Quantity, Trust
from tests.dashboards import scenario
from tests.dashboards.grafana import Page
from tests.dashboards.site import Site, stamp
from tests.dashboards.test_numbers import SERVERS, boards
from tests.dashboards.truth import View
from tests.prometheus_server import Engine

pytestmark = [pytest.mark.tool("prometheus", "promtool"), pytest.mark.timeout(300)]


@pytest.mark.skipif(scenario.ZONE != "Europe/Berlin", reason="other zones have other nights")
@pytest.mark.parametrize("now", ["2026-10-20 00:45", "2026-11-03 00:45"], ids=["summer", "winter"])
def test_the_first_hour_of_a_day_is_its_own(now: str, site: Site, tmp_path: Path) -> None:
    """At a quarter to one nothing of today stands in yesterday's row, whatever the season."""
    until = stamp(now, scenario.ZONE)
    begun = [event for event in site.events if event.arrival <= until]
    scraped = [at for at in site.scrapes if until - 15 * 86_400 <= at <= until]
    young = replace(site, events=begun, scrapes=scraped, gone={})
    begin, end = stamp(now, scenario.ZONE) - 6 * 86_400 - 2_700, stamp(f"{now[:10]} 23:59:59", scenario.ZONE)
    board = boards()["pop3-trend"]
    with young.served(tmp_path) as server:
        page = Page(board.json(), server, begin, end, {"step": "Day", "server": "$__all"})
        truth = View(young, begin, end, until, "Day", SERVERS)
        found = [
            f"{panel} {target.refId}: {words}"
            for panel, target in board.targets()
            if target.meaning.trust is Trust.EXACT
            for words in truth.complaints(target.meaning, page.rows(target.to_json_data()))
        ]
    assert not found


@pytest.mark.skipif(scenario.ZONE != "Europe/Berlin", reason="other zones have other nights")
@pytest.mark.parametrize("uid", ["pop3-user", "pop3-domain"])
@pytest.mark.parametrize("day", ["2026-10-20", "2026-11-03"], ids=["summer", "winter"])
def test_the_evening_before_is_not_forgotten(day: str, uid: str, site: Site, prometheus: Engine) -> None:
    """The hours around an alert soon after midnight have both days, the one on which it began in full."""
    midnight = stamp(day, scenario.ZONE)
    begin, end = midnight - 5 * 3600, midnight + 3 * 3600 - 1
    chosen: dict[str, str | list[str]] = {"domain": "a.example", "user": "anna@a.example"}
    page = Page(boards()[uid].json(), prometheus, begin, end, {"step": "Day", "server": "$__all", **chosen})
    last = midnight + 86_400 - 1  # days are whole
    truth = View(site, midnight - 86_400, last, last, "Day", SERVERS, "a.example", "anna@a.example")
    found = [
        f"{panel} {target.refId}: {words}"
        for panel, target in boards()[uid].targets()
        if target.meaning.quantity in {Quantity.STEPS, Quantity.TOTAL}
        for words in truth.complaints(target.meaning, page.rows(target.to_json_data()))
    ]
    assert not found
