"""Queries that are not exact: they run, have something to show, and keep within their bounds."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from dashboards.dashboard import Board
from dashboards.queries import accounts
from dashboards.queries.lookups import known
from dashboards.queries.terms import Only, filled
from dashboards.targets import Quantity, Target, Trust
from exporter.catalogue import REASONS
from tests.dashboards import scenario
from tests.dashboards.grafana import ALL, Json, Page
from tests.dashboards.site import Site, local, stamp
from tests.dashboards.test_numbers import LAST_30_DAYS, UIDS, Asked, boards, opened
from tests.prometheus_server import PrometheusServer

pytestmark = [pytest.mark.tool("prometheus", "promtool"), pytest.mark.timeout(300)]

# Remarks that are silent where all is well: panel and query.
SILENT = {("", ref) for ref in "ABCDEFGHIJKLNW"}
# Not known of a log that is younger.
SILENT |= {(f"Unused {days} d", "A") for days in (90, 180, 365)}

QUARTER_DAY = 6 * 3600
# To now and into the future, a day, over a gap and from inside it, longer than the data.
ENDS_RANGES = (
    LAST_30_DAYS,
    Asked("2026-11-01", "2026-11-30"),
    Asked("2026-10-28", "2026-10-28"),
    Asked("2026-11-09", "2026-11-12"),
    Asked("2026-11-11", "2026-11-14"),
    Asked("2026-08-01", "2026-11-18"),
)


def page_of(uid: str, prometheus: PrometheusServer) -> tuple[Board, Page]:
    board = boards()[uid]
    return board, opened(board, LAST_30_DAYS, prometheus, "Day")


def answer(page: Page, target: Target) -> list[Any]:
    """Values of an instant target, or points of a range target."""
    data: Json = target.to_json_data()
    if data["instant"]:
        return list(page.rows(data).values())
    return [value for points in page.lines(data).values() for _, value in points]


@pytest.mark.parametrize("uid", UIDS)
def test_every_query_has_something_to_show(uid: str, prometheus: PrometheusServer) -> None:
    """On a site where all is scraped no panel stays empty, of whatever class its queries are."""
    board, page = page_of(uid, prometheus)
    targets = [(panel, target) for panel, target in board.targets() if (panel, target.refId) not in SILENT]
    empty = [(panel, target.refId) for panel, target in targets if not answer(page, target)]
    # Coverage speaks only for weeks and longer.
    assert not [one for one in empty if one[1] != "Z"]


@pytest.mark.parametrize("hours", [("2026-11-18 10:15", "2026-11-18 13:15"), ("2026-10-28 09:00", "2026-10-28 17:00")])
@pytest.mark.parametrize("uid", UIDS)
def test_hours_of_a_day_show_that_day(
    uid: str, hours: tuple[str, str], site: Site, prometheus: PrometheusServer
) -> None:
    """As an alert's link opens its account: no query fails, and the totals are those of the whole day."""
    begin, end = (stamp(text, scenario.ZONE) for text in hours)
    board = boards()[uid]
    page = Page(board.json(), prometheus, begin, end, {"domain": "a.example", "user": "anna@a.example", "step": "Day"})
    found = {panel: answer(page, target) for panel, target in board.targets()}
    if uid == "pop3-user":
        day = site.midnight(local(begin, scenario.ZONE).date())
        events = [one for one in site.between(day, day + 86_400) if one.user == "anna@a.example"]
        assert [len(events)] == found["New connections"]
        # The day's bar stands in the chart, not before it.
        drawn = next(target for _, target in board.targets() if target.meaning.quantity is Quantity.BEGINS)
        assert [(begin + 1) * 1000] == answer(page, drawn)
        sent = sum(site.value(one, "sent_bytes") for one in site.events if begin < one.arrival <= end and one in events)
        assert [sent] == found["Downloaded"]


@pytest.mark.parametrize("uid", UIDS)
def test_an_empty_prometheus_is_no_error(uid: str, empty_prometheus: PrometheusServer) -> None:
    """Before the first scrape every query is answered, totals with nothing or zero."""
    board, page = page_of(uid, empty_prometheus)
    exact = [target for _, target in board.targets() if target.meaning.quantity in {Quantity.TOTAL, Quantity.CHANGE}]
    assert not [value for target in exact for value in answer(page, target) if value]
    for _, target in board.targets():
        answer(page, target)


@pytest.mark.parametrize(("odd", "all_odd"), [("", "none"), ("(a|b|c)", "none"), ("(a|b|c|d)", ".+")])
@pytest.mark.parametrize("name", ["odd", "odd_hours"])
def test_many_odd_servers_stand_for_all(name: str, odd: str, all_odd: str, empty_prometheus: PrometheusServer) -> None:
    """Three are named; of more all are read. Grafana takes the name from a row that has no other label."""
    lookup = next(one for one in known() if one.name == f"all_{name}")
    query = filled(lookup.query, {f"${name}": odd, "$server": ".+"})
    assert [(("odd", all_odd),)] == list(empty_prometheus.query(query, at=scenario.NOW))


@pytest.mark.parametrize("uid", UIDS)
def test_the_marks_in_the_charts_are_there(uid: str, prometheus: PrometheusServer) -> None:
    """Gaps without scrapes are found over the whole range, where they explain what is shown; restarts: none."""
    _, page = page_of(uid, prometheus)
    if uid != "pop3-exporter":
        assert [] == page.board["annotations"]["list"]
        return
    found = {one["name"]: page.lines(one) for one in page.board["annotations"]["list"]}
    assert {"Exporter restarts": False, "Scrape gaps": True} == {name: bool(lines) for name, lines in found.items()}


def test_the_busiest_domain_is_the_first(site: Site, prometheus: PrometheusServer) -> None:
    """Domain opens with it; all that were ever known can be chosen, also of a server that ended, pseudo-names last."""
    page = Page(boards()["pop3-domain"].json(), prometheus, LAST_30_DAYS.begin, LAST_30_DAYS.end)
    counts = Counter(event.domain for event in site.events if event.server not in site.gone)
    ended = {event.domain for event in site.events} - set(counts)
    ranks = counts | dict.fromkeys(ended, 0)
    pseudo = {"unknown", "_other"}
    found = page.names("domain")
    assert "_other" == counts.most_common(1)[0][0]
    assert ranks[found[0]] == max(count for name, count in ranks.items() if name not in pseudo)
    named = [name for name in found if name not in pseudo]
    assert sorted((ranks[name] for name in named), reverse=True) == [ranks[name] for name in named]
    assert (pseudo, set(ranks)) == (set(found[-2:]), set(found))
    assert ended


def test_a_chosen_name_stays(prometheus: PrometheusServer) -> None:
    """Also where the range knows nothing of it; a user only in his domain."""
    before = Asked("2026-08-01", "2026-08-31")
    chosen = {"domain": "c.example", "user": "carla@c.example"}
    board = boards()["pop3-user"].json()
    assert {"c.example"} == set(_offered(board, prometheus, before, "domain", chosen))
    assert {"carla@c.example"} == set(_offered(board, prometheus, before, "user", chosen))
    other = chosen | {"domain": "a.example"}
    assert "carla@c.example" not in _offered(board, prometheus, LAST_30_DAYS, "user", other)


def _offered(board: Json, prometheus: PrometheusServer, asked: Asked, name: str, chosen: dict[str, str]) -> list[str]:
    """The names that a variable offers which already has a value."""
    page = Page(board, prometheus, asked.begin, asked.end, {**chosen})
    variable = next(one for one in board["templating"]["list"] if one["name"] == name)
    return page.offered(variable)


def test_nobody_is_unused_for_longer_than_the_log(prometheus: PrometheusServer) -> None:
    """It is 44 days long: of 90 days it knows nothing, which is no zero."""
    board, page = page_of("pop3-start", prometheus)
    tiles = {panel: answer(page, target) for panel, target in board.targets() if panel.startswith("Unused ")}
    assert tiles["Unused 30 d"]
    assert [[], [], []] == [tiles[f"Unused {days} d"] for days in (90, 180, 365)]


@pytest.mark.parametrize("hours", [1, 24])
def test_recent_counts_are_those_between_two_scrapes(hours: int, site: Site, prometheus: PrometheusServer) -> None:
    """The last hours of an account are what arrived between the newest scrape and the one so long before."""
    series = accounts.users("connections", Only(servers=".+"))
    recent = filled(accounts.recent(series, ["user"], hours), {"$until": str(scenario.NOW)})
    rows = prometheus.query(recent, at=scenario.NOW)
    begin = max(at for at in site.scrapes if at <= scenario.NOW - 3600 * hours)  # there was none just then yesterday
    arrived = [event.user for event in site.events if begin < event.arrival <= scenario.NOW and event.user]
    expected = {user: arrived.count(user) for user in arrived}
    assert expected == {dict(labels)["user"]: value for labels, value in rows.items() if value}


@pytest.mark.parametrize("servers", [ALL, ("mx1",)], ids=["all", "one"])
@pytest.mark.parametrize("asked", ENDS_RANGES, ids=lambda asked: f"{asked.first} to {asked.last}")
def test_ends_are_those_within_a_scrape_of_the_range(
    asked: Asked, servers: str | tuple[str, ...], site: Site, prometheus: PrometheusServer
) -> None:
    """How and why connections ended: each number lies between what the scrapes inside and around the range tell."""
    board = boards()["pop3-trend"]
    page = opened(board, replace(asked, servers=servers), prometheus, "Day")
    panels = {
        "Ends while scraped": ("end",),
        "Ends by reason, while scraped": ("end", "reason"),
    }
    targets = {panel: target for panel, target in board.targets() if panel in panels}
    assert set(panels) == set(targets)
    least, most = ended_between(site.scrapes, asked.begin, asked.end + 1)
    names = {(str(reason.end), str(reason)) for reason in REASONS}
    for panel, by in panels.items():
        found = {
            tuple(dict(labels)[name] for name in by): value
            for labels, value in page.rows(targets[panel].to_json_data()).items()
        }
        counts = Counter(name[: len(by)] for name in names)
        assert set(counts) == set(found)
        factor = 1 if servers == ("mx1",) else 2  # both count alike
        for name, value in found.items():
            assert factor * counts[name] * least <= value <= factor * counts[name] * most, (panel, name)


def ended_between(scrapes: Sequence[int], begin: int, end: int) -> tuple[int, int]:
    """At least and at most so many ends of one reason: of the scrapes inside the range, and of those around it."""

    def ended(scrape: int) -> int:
        return int(next(value for family, _, value in scenario.extra(scrape) if family == "pop3_session_ends_total"))

    inside = [scrape for scrape in scrapes if begin <= scrape < end]
    before = [scrape for scrape in scrapes if scrape <= begin]
    after = [scrape for scrape in scrapes if scrape >= end] or inside[-1:]
    first = inside[0]
    if before and begin - before[-1] > 3600:
        # Nothing was scraped there: the count begins with the first quarter of a UTC day in which something was.
        first = -(-first // QUARTER_DAY) * QUARTER_DAY
    return ended(inside[-1]) - ended(first), ended(after[0]) - (ended(before[-1]) if before else 0)


@pytest.mark.parametrize("uid", UIDS)
def test_each_query_says_how_far_it_may_be_trusted(uid: str) -> None:
    """Exact queries name what they count; only those do."""
    meanings = [target.meaning for _, target in boards()[uid].targets()]
    assert all((meaning.trust is Trust.EXACT) == (meaning.quantity is not None) for meaning in meanings)
