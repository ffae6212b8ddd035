"""Prometheus was away for days: every sum has what happened meanwhile, and it stands in the gap's last day or hour."""

import math
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from dashboards.dashboard import Board
from dashboards.targets import Quantity
from tests.dashboards import scenario
from tests.dashboards.grafana import Page
from tests.dashboards.site import Event, Site, local, stamp
from tests.dashboards.test_numbers import SERVERS, UIDS, Asked, boards, opened, view
from tests.dashboards.test_remarks import EMPTY, remarks
from tests.dashboards.truth import View
from tests.prometheus_server import PrometheusServer

pytestmark = [pytest.mark.tool("prometheus", "promtool"), pytest.mark.timeout(300)]

ZONE = scenario.ZONE
# Two days without a scrape, and three more with the end of a week and a birth in them.
GAPS = (
    (stamp("2026-10-28 20:20", ZONE), stamp("2026-10-31 05:05", ZONE)),
    (stamp("2026-11-07 21:20", ZONE), stamp("2026-11-11 03:05", ZONE)),
)
SILENT = {"mx2": (stamp("2026-10-20 10:20", ZONE), stamp("2026-10-23 09:05", ZONE))}
RANGES = {
    "all": Asked("2026-10-05", "2026-11-18"),
    "up to the gap": Asked("2026-10-19", "2026-10-29"),
    "from the gap on": Asked("2026-10-30", "2026-11-03"),
    "from the day after on": Asked("2026-10-31", "2026-11-10"),
    "the last day of the gap": Asked("2026-10-30", "2026-10-30"),
    "one server": Asked("2026-10-19", "2026-10-25", ("mx2",)),
}
# What of the range before is compared depends on scrapes: test_numbers.py has that.
QUANTITIES = frozenset(Quantity) - {Quantity.CHANGE}
Unit = Callable[[int], int]  # the begin of the unit that holds an instant


@pytest.fixture(scope="module")
def gappy(site: Site) -> Site:
    """The site with these gaps, and no line late, so that hours are exact."""
    scrapes = [at for at in site.scrapes if not any(begin < at < end for begin, end in GAPS)]
    events = [replace(event, arrival=event.stamp) for event in site.events]
    return replace(site, scrapes=scrapes, events=events, silent=SILENT)


@pytest.fixture(scope="module")
def prometheus_away(gappy: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    with gappy.served(tmp_path_factory.mktemp("gaps")) as server:
        yield server


def moved(site: Site, begin_of: Unit) -> Site:
    """As it is booked: what the last scrape before a gap had not seen, at the begin of the gap's last day or hour."""
    scraped = {name: [at for at in site.scrapes if site.is_scraped(name, at)] for name in SERVERS}

    def booked(event: Event) -> Event:
        scrapes = scraped[event.server]
        place = bisect_left(scrapes, event.arrival)
        if 0 < place < len(scrapes):
            last = begin_of(scrapes[place]) - 1  # just before the unit in which it is scraped again
            if scrapes[place - 1] < begin_of(last) and event.stamp <= last:
                return replace(event, stamp=begin_of(last))
        return event

    return replace(site, events=[booked(event) for event in site.events])


def complaints(page: Page, board: Board, truth: View, quantities: frozenset[Quantity]) -> list[str]:
    """About the exact targets of a page."""
    return [
        f"{panel} {target.refId}: {words}"
        for panel, target in board.targets()
        if target.meaning.quantity in quantities
        for words in truth.complaints(target.meaning, page.rows(target.to_json_data()))
    ]


def through(site: Site, end: int) -> int:
    """Up to where the log is known: all of the range if the day after it was scraped."""
    is_over = any(end < at <= end + 86_400 for at in site.scrapes)
    return end if is_over else max(at for at in site.scrapes if at <= end)


def whole_days(site: Site) -> Site:
    """As days are booked."""

    def midnight(at: int) -> int:
        return site.midnight(local(at, ZONE).date())

    return moved(site, midnight)


@pytest.mark.parametrize("step", ["Day", "Week", "Month"])
@pytest.mark.parametrize("asked", RANGES.values(), ids=RANGES)
@pytest.mark.parametrize("uid", UIDS[:4])
def test_nothing_is_lost_in_a_gap(
    uid: str, asked: Asked, step: str, gappy: Site, prometheus_away: PrometheusServer
) -> None:
    """Each cell, and each total, has the gap's events in its last day."""
    page, booked = opened(boards()[uid], asked, prometheus_away, step), whole_days(gappy)
    truth = replace(view(page, booked, asked, step), until=through(gappy, asked.end))
    assert not complaints(page, boards()[uid], truth, QUANTITIES)


@pytest.mark.parametrize("day", ["2026-10-23", "2026-10-25", "2026-10-28", "2026-10-31", "2026-11-11"])
@pytest.mark.parametrize("uid", ["pop3-trend", "pop3-domains", "pop3-domain"])
def test_nothing_is_lost_in_a_gap_of_hours(uid: str, day: str, gappy: Site, prometheus_away: PrometheusServer) -> None:
    """Each hour, also in the night in which the clock goes back; the gap's events are in its last hour."""
    asked, booked = Asked(day, day), moved(gappy, gappy.calendar.hour)
    page = opened(boards()[uid], asked, prometheus_away, "Hour")
    truth = replace(view(page, booked, asked, "Hour"), until=through(gappy, asked.end))
    assert not complaints(page, boards()[uid], truth, frozenset({Quantity.STEPS, Quantity.BEGINS}))


@pytest.mark.parametrize("uid", UIDS[:4])
def test_what_was_never_scraped_is_not_shown_as_something_else(uid: str, prometheus_away: PrometheusServer) -> None:
    """A range inside of a gap has no number, and the page says why."""
    asked, board = Asked("2026-10-29", "2026-10-29"), boards()[uid]
    assert EMPTY in remarks(board, asked, prometheus_away)
    page = opened(board, asked, prometheus_away, "Day")
    for panel, target in board.targets():
        if target.meaning.quantity in {Quantity.STEPS, Quantity.TOTAL, Quantity.TOP, Quantity.SHARES}:
            rows = page.rows(target.to_json_data())
            assert not {value for value in rows.values() if value and not math.isnan(value)}, panel


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [(r"\[22h56m\d+s\]", "[22h56m1s]"), (r"-50400-\d+\)", "-50400)"), (r"\[1d\] offset -10h2m", "[1s] offset -10h2m")],
    ids=["before a gap", "births in a gap", "the last scrape of a day"],
)
def test_a_broken_formula_is_noticed(
    pattern: str, replacement: str, gappy: Site, prometheus_away: PrometheusServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one part of what looks over gaps broken some cell is wrong."""
    whole = Page.expression
    monkeypatch.setattr(Page, "expression", lambda page, text: re.sub(pattern, replacement, whole(page, text)))
    asked = RANGES["all"]
    page = opened(boards()["pop3-domains"], asked, prometheus_away, "Day")
    truth = view(page, whole_days(gappy), asked, "Day")
    assert complaints(page, boards()["pop3-domains"], truth, QUANTITIES)
