"""The dashboards in Chromium and a real Grafana, as a Viewer sees and uses them.

GRAFANA_URL: a running Grafana; or GRAFANA_HOME: an unpacked one, started here. The tests' Prometheus is behind it.
"""

import csv
import io
import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, expect

from exporter.periods import Step
from tests.dashboards.site import Site, dates, local
from tests.dashboards.tables import ACCOUNT, REPORT, USERS, Cell, Table, by_name, by_step
from tests.dashboards.test_numbers import LAST_30_DAYS, RANGES, UIDS, Asked
from tests.dashboards.viewer import CHOSEN, Viewer

pytestmark = [pytest.mark.browser, pytest.mark.tool("prometheus", "promtool", "chromium"), pytest.mark.timeout(600)]


@pytest.mark.parametrize("uid", UIDS)
def test_each_dashboard_opens_without_error_or_hole(uid: str, viewer: Viewer) -> None:
    """A Viewer sees no error and no panel without data."""
    viewer.open(uid)
    assert not viewer.troubles
    assert 0 == viewer.page.get_by_text("No data").count()
    assert 0 == viewer.page.get_by_test_id("data-testid Panel status error").count()


@pytest.mark.parametrize("uid", UIDS)
def test_there_is_no_link_to_what_is_not_offered(uid: str, viewer: Viewer) -> None:
    """Prometheus offers no CSV of the report, so nothing leads there."""
    viewer.open(uid)
    assert 0 == viewer.csv_links.count()
    assert 0 == viewer.page.get_by_text("CSV").count()


def test_the_table_says_what_the_log_says(viewer: Viewer, site: Site) -> None:
    """Days of the first page of the table, newest first, each with its connections."""
    viewer.open("pop3-trend")
    expected = []
    for day in dates(LAST_30_DAYS.first, LAST_30_DAYS.last)[::-1]:
        count = len(site.between(site.midnight(day), site.midnight(day + timedelta(days=1))))
        expected.append((f"{day:%a %Y-%m-%d}", f"{count:,}"))
    found = list(zip(viewer.cells("Report by Day", 0), viewer.cells("Report by Day", 1), strict=True))
    assert found
    assert expected[: len(found)] == found


@pytest.mark.parametrize(
    ("uid", "chosen", "found"),
    [
        ("pop3-domain", "", {"var-domain": "a.example"}),
        ("pop3-domain", "var-domain=unknown", {"var-domain": "unknown"}),
        ("pop3-user", "", {"var-domain": "a.example", "var-user": "anna@a.example"}),
    ],
)
def test_a_dashboard_opens_where_there_is_something(
    uid: str, chosen: str, found: dict[str, str], viewer: Viewer
) -> None:
    """Without a choice at the busiest domain, or at somebody's account; with one, there."""
    viewer.visit(f"/d/{uid}?from={LAST_30_DAYS.begin * 1000}&to={LAST_30_DAYS.end * 1000}&{chosen}")
    given = parse_qs(urlsplit(viewer.page.url).query)
    assert {name: [value] for name, value in found.items()} == {name: given.get(name) for name in found}
    assert 0 == viewer.page.get_by_text("Nothing was logged").count()


@pytest.mark.parametrize(("uid", "domain"), [("pop3-trend", ""), ("pop3-domains", ""), ("pop3-domain", "old.example")])
def test_what_is_not_logged_is_nowhere_a_zero(uid: str, domain: str, viewer: Viewer) -> None:
    """Not in tiles, cells, sums or legends of a server whose log has no bytes."""
    viewer.open(uid, RANGES["a server without bytes"], server="win1", domain=domain or "a.example")
    expect(viewer.panel("Bandwidth").get_by_text("not logged")).to_be_visible()
    assert 0 == viewer.page.get_by_text(re.compile(r"^0(\.0)? B$")).count()
    assert not viewer.troubles


def test_an_address_that_was_kept_shows_todays_numbers(viewer: Viewer, site: Site) -> None:
    """What the dashboard looks up for itself is in no address, and one that has it from somewhere is not believed."""
    table = by_name(site, LAST_30_DAYS, "server", REPORT)
    for old in ({"until": "1793714400", "before": "1793000000", "alive": "mx2", "unbroken": "mx2"}, {"until": ""}):
        viewer.open("pop3-trend", LAST_30_DAYS, **old)
        assert [table.texts(row) for row in table.rows] == [
            list(row) for row in zip(*(viewer.cells("Servers", at) for at in range(len(table.titles))), strict=True)
        ]
        # Whatever is chosen, the address is written anew.
        viewer.choose("Step", "Month")
        expect(viewer.page).to_have_url(re.compile("var-step=30"))
        names = parse_qs(urlsplit(viewer.page.url).query, keep_blank_values=True)
        # What stood there and is no variable of the page stays there (Grafana 12.4).
        given = {*old, *(one[4:] for one in CHOSEN)}
        assert {"datasource", "server", "step", "chart"} == {one[4:] for one in names if one.startswith("var-")} - given


DRAWN = [
    *(
        (uid, f"{what} by Day")
        for uid in UIDS[:4]
        if uid != "pop3-domains"
        for what in ("Connections", "Errors", "Bandwidth")
    ),
    ("pop3-domains", "Top 10 domains by Day"),
]


@pytest.mark.parametrize(("uid", "title"), DRAWN)
def test_a_chart_type_is_drawn_at_once(uid: str, title: str, viewer: Viewer) -> None:
    """Its pixels change with the choice, without a click on Refresh, and come back with it."""
    viewer.open(uid)
    seen = [viewer.drawn(title)]
    for name in ("Lines", "Area", "Points"):
        viewer.choose("Chart", name)
        seen.append(viewer.drawn(title, seen[-1]))
    assert len(seen) == len(set(seen))
    assert not viewer.troubles


@pytest.mark.parametrize(
    ("uid", "chosen"),
    [("pop3-domain", {"domain": "c.example"}), ("pop3-user", {"domain": "c.example", "user": "carla@c.example"})],
)
def test_what_is_chosen_survives_a_change_of_range(uid: str, chosen: dict[str, str], viewer: Viewer) -> None:
    """Also one that knows nothing of it; and the browser's way back leads back."""
    viewer.open(uid, LAST_30_DAYS, **chosen)
    expected = {f"var-{name}": [value] for name, value in chosen.items()}
    begins = []
    for goal in ("", "Last quarter", "Last 30 days", "back", "back"):
        if goal == "back":
            viewer.page.go_back()
        elif goal:
            viewer.page.get_by_test_id("data-testid TimePicker Open Button").click()
            viewer.page.get_by_text(goal, exact=True).click()
        viewer.settle()
        given = parse_qs(urlsplit(viewer.page.url).query)
        assert expected == {name: given.get(name) for name in expected}, goal
        begins.append(given["from"])
    assert begins[4] == begins[0]


def test_step_and_chart_change_in_their_lists(viewer: Viewer) -> None:
    """The lists above the charts change the step and the chart type, and the address with them."""
    viewer.open("pop3-trend")
    viewer.choose("Step", "Month")
    expect(viewer.panel("Report by Month").get_by_text("18 of 30")).to_be_visible()
    assert ["2026-11", "2026-10"] == viewer.cells("Report by Month", 0)
    assert ["18 of 30", "12 of 31"] == viewer.cells("Report by Month", 1)
    viewer.choose("Chart", "Lines")
    expect(viewer.page).to_have_url(re.compile("var-chart=lines"))
    assert not viewer.troubles


def test_the_doubled_hour_of_autumn_is_two_rows(viewer: Viewer) -> None:
    """In the night in which the clock goes back, 02:00 stands there twice, once in each offset."""
    viewer.open("pop3-trend", Asked("2026-10-25", "2026-10-25"), step="Hour")
    viewer.panel("Report by Hour").get_by_role("columnheader").get_by_text("Period", exact=True).click()
    expect(viewer.panel("Report by Hour").get_by_text("2026-10-25 02:00 CEST")).to_be_visible()
    expect(viewer.panel("Report by Hour").get_by_text("2026-10-25 02:00 CET", exact=True)).to_be_visible()


@pytest.mark.parametrize("sort", ["ascending", "descending"])
@pytest.mark.parametrize(
    "title", ["Servers", "Domains", "Domains of a while", "Known users of a.example", "Report by Day"]
)
def test_a_table_sorts_by_each_column(title: str, sort: str, viewer: Viewer, site: Site) -> None:
    """Clicks on a heading sort by it, up and down, by value and not by text: the first page begins so."""
    uid, asked, table = tables_of(site)[title]
    title = title.removesuffix(" of a while")
    viewer.open(uid, asked)
    for column, name in enumerate(table.titles):
        heading = viewer.panel(title).get_by_role("columnheader").nth(column)
        assert name == heading.inner_text().replace("\n", " ").strip()
        for _ in range(3):  # up, down, not at all
            if heading.get_attribute("aria-sort") != sort:
                viewer.heading(title, name).click()
        expect(heading).to_have_attribute("aria-sort", sort)
        rows = sorted(table.rows, key=lambda row: rank(row[column]), reverse=sort == "descending")
        expected = [table.texts(row)[column] for row in rows]
        found = viewer.cells(title, column)
        assert found
        assert expected[: len(found)] == found, name


def rank(cell: Cell) -> tuple[bool, Any]:
    """What no log has stands below everything."""
    return cell is not None, cell


def test_drilling_down_and_back(viewer: Viewer) -> None:
    """Trend, Domains, one of them, one of its users, and back by links and by the browser: the choices are kept."""
    viewer.open("pop3-trend", step="7", chart="lines", server="mx1")
    places: list[tuple[str, dict[str, str]]] = [("pop3-trend", {})]

    def follow(link: Locator, uid: str, **found: str) -> None:
        link.click()
        places.append((uid, found))
        arrived()

    def arrived() -> None:
        uid, found = places[-1]
        expect(viewer.page).to_have_url(re.compile(f"/d/{uid}[/?]"))
        viewer.settle()
        given = parse_qs(urlsplit(viewer.page.url).query)
        kept = {"var-step": "7", "var-chart": "lines", "var-server": "mx1"} | found
        assert {name: [value] for name, value in kept.items()} == {name: given[name] for name in kept}
        assert begins == {instant(given["from"][0])}

    begins = {LAST_30_DAYS.begin}
    links = viewer.page.get_by_role("link")
    follow(viewer.page.get_by_role("link", name="Domains", exact=True), "pop3-domains")
    follow(viewer.panel("Domains").get_by_role("link", name="b.example"), "pop3-domain", **{"var-domain": "b.example"})
    expect(viewer.page.get_by_role("heading", name="Known users of b.example")).to_be_visible()
    person = {"var-domain": "b.example", "var-user": "ben@b.example"}
    users = viewer.panel("Known users of b.example")
    follow(users.get_by_role("link", name="ben@b.example"), "pop3-user", **person)
    left = []
    while len(places) > 1:
        left.append(places.pop())
        viewer.page.go_back()
        arrived()
    while left:
        places.append(left.pop())
        viewer.page.go_forward()
        arrived()
    follow(links.get_by_text("Domain", exact=True).first, "pop3-domain", **{"var-domain": "b.example"})
    follow(links.get_by_text("Domains", exact=True).first, "pop3-domains")
    follow(links.get_by_text("Trend", exact=True).first, "pop3-trend")
    assert not viewer.troubles


def instant(text: str) -> int:
    """UNIX seconds of what Grafana writes into addresses."""
    return int(text) // 1000 if text.isdecimal() else int(datetime.fromisoformat(text).timestamp())


@pytest.mark.parametrize("formats", [True, False], ids=["formatted", "raw"])
@pytest.mark.parametrize(
    "title",
    [
        "Report by Week",
        "Report by Day",
        "Servers",
        "Domains of a while",
        "Known users of a.example",
        "Report by Day of a user",
    ],
)
def test_the_csv_is_the_table(title: str, formats: bool, viewer: Viewer, site: Site) -> None:  # noqa: FBT001
    """Inspect, Data, Download CSV, at the first click: every cell is the log's."""
    uid, asked, table = tables_of(site)[title]
    title = title.removesuffix(" of a user").removesuffix(" of a while")
    viewer.open(uid, asked, step="Week" if "Week" in title else "Day")
    found = list(csv.reader(io.StringIO(viewer.downloaded(title, formats=formats), newline="")))
    if title.startswith("Report") and not formats:
        # Any instant of the day: which one depends on the zone.
        days = [local(int(row[0]) // 1000, site.zone).date() for row in found[1:]]
        found[1:] = [[str(site.midnight(day) * 1000), *row[1:]] for day, row in zip(days, found[1:], strict=True)]
    expected = table.formatted() if formats else table.raw()
    assert [row[1] for row in expected] == [row[1] for row in found]
    assert sorted(expected) == sorted(found)  # rows of the same number stand in any order


def tables_of(site: Site) -> dict[str, tuple[str, Asked, Table]]:
    """Each table's dashboard and what it must show of a range."""
    asked = LAST_30_DAYS
    early = Asked("2026-10-20", "2026-11-09")  # in which the domain that logs no bytes is not the last one
    anybody = by_step(site, asked, Step.DAY, REPORT, lambda _: True)
    weeks = by_step(site, asked, Step.WEEK, REPORT, lambda _: True)
    anna = by_step(site, asked, Step.DAY, ACCOUNT, lambda event: event.user == "anna@a.example")
    return {
        "Report by Day": ("pop3-trend", asked, anybody),
        "Report by Week": ("pop3-trend", asked, weeks),
        "Servers": ("pop3-trend", asked, by_name(site, asked, "server", REPORT)),
        "Domains": ("pop3-domains", asked, by_name(site, asked, "domain", REPORT)),
        "Domains of a while": ("pop3-domains", early, by_name(site, early, "domain", REPORT)),
        "Known users of a.example": ("pop3-domain", asked, by_name(site, asked, "user", USERS, "a.example")),
        "Report by Day of a user": ("pop3-user", asked, anna),
    }
