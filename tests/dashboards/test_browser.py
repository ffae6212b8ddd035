"""The dashboards in Chromium and a real Grafana, as a Viewer sees and uses them.

GRAFANA_URL: a running Grafana; or GRAFANA_HOME: an unpacked one, started here. The tests' Prometheus is behind it.
"""

import csv
import io
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, expect

from dashboards.__main__ import main
from tests.dashboards import grafana_server, scenario
from tests.dashboards.grafana_api import Login
from tests.dashboards.site import Site, dates
from tests.dashboards.test_numbers import LAST_30_DAYS, UIDS, Asked
from tests.dashboards.viewer import Viewer, chromium, logged_in
from tests.prometheus_server import PrometheusServer

pytestmark = [pytest.mark.browser, pytest.mark.tool("prometheus", "promtool", "chromium"), pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def prometheus_only(
    prometheus: PrometheusServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Login]]:
    """A Grafana's address, and a Viewer of the dashboards over the tests' Prometheus."""
    if not grafana_server.is_there():
        pytest.skip("neither GRAFANA_URL nor GRAFANA_HOME names a Grafana")
    directory = tmp_path_factory.mktemp("grafana")
    main(["--time-zone", scenario.ZONE, "--output", str(directory / "dashboards")])
    with grafana_server.some_grafana(directory) as api, api.organisation("POP3 dashboards") as place:
        place.data_source("Prometheus", "prometheus", prometheus.url, is_default=True)
        place.dashboards(directory / "dashboards")
        yield api.url, place.user("viewer")


@pytest.fixture(scope="module")
def context(prometheus_only: tuple[str, Login]) -> Iterator[BrowserContext]:
    with chromium() as browser, logged_in(browser, *prometheus_only) as context:
        yield context


@pytest.fixture
def viewer(context: BrowserContext, prometheus_only: tuple[str, Login]) -> Iterator[Viewer]:
    page = context.new_page()
    yield Viewer(page, prometheus_only[0])
    page.close()


@pytest.mark.parametrize("uid", UIDS)
def test_each_dashboard_opens_without_error_or_hole(uid: str, viewer: Viewer) -> None:
    """A Viewer sees no error and no panel without data."""
    viewer.open(uid)
    assert not viewer.troubles
    assert 0 == viewer.page.get_by_text("No data").count()
    assert 0 == viewer.page.get_by_test_id("data-testid Panel status error").count()


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


def test_step_and_chart_change_with_one_click(viewer: Viewer) -> None:
    """The links above the charts change the step and the chart type, and the address with them."""
    viewer.open("pop3-trend")
    viewer.page.get_by_role("link", name="Month", exact=True).click()
    expect(viewer.panel("Report by Month").get_by_text("18 of 30")).to_be_visible()
    assert ["2026-11", "2026-10"] == viewer.cells("Report by Month", 0)
    assert ["18 of 30", "12 of 31"] == viewer.cells("Report by Month", 1)
    viewer.page.get_by_role("link", name="Lines", exact=True).click()
    expect(viewer.page).to_have_url(re.compile("var-chart=lines"))
    viewer.settle()
    assert not viewer.troubles


def test_the_doubled_hour_of_autumn_is_two_rows(viewer: Viewer) -> None:
    """In the night in which the clock goes back, 02:00 stands there twice, once in each offset."""
    viewer.open("pop3-trend", Asked("2026-10-25", "2026-10-25"), step="Hour")
    viewer.panel("Report by Hour").get_by_role("columnheader").get_by_text("Period", exact=True).click()
    expect(viewer.panel("Report by Hour").get_by_text("2026-10-25 02:00 CEST")).to_be_visible()
    expect(viewer.panel("Report by Hour").get_by_text("2026-10-25 02:00 CET", exact=True)).to_be_visible()


def test_a_table_sorts_by_its_columns(viewer: Viewer) -> None:
    """A click on a heading sorts by it, by value and not by text."""
    viewer.open("pop3-domains")
    names = ["Domain", "New connections", "Blocked connections", "Bad commands", "Terminations"]
    for column, name in enumerate(names):
        heading = (
            viewer.panel("Domains").get_by_role("columnheader").filter(has_text=name).get_by_text(name, exact=True)
        )
        heading.click()
        texts = viewer.cells("Domains", column)
        values = texts if column == 0 else [int(text.replace(",", "")) for text in texts]
        assert values in (sorted(values), sorted(values, reverse=True)), name


def test_drilling_down_and_back(viewer: Viewer) -> None:
    """From the domains to one of them, to one of its users, and back, with the range kept."""
    viewer.open("pop3-domains")
    viewer.panel("Domains").get_by_role("link", name="b.example", exact=True).click()
    expect(viewer.page.get_by_role("heading", name="Users of b.example")).to_be_visible()
    viewer.settle()
    viewer.panel("Users of b.example").get_by_role("link", name="ben@b.example").click()
    expect(viewer.page).to_have_url(re.compile("pop3-user.*var-user=ben"))
    viewer.settle()
    viewer.page.get_by_role("link", name="Domains").first.click()
    expect(viewer.page).to_have_url(re.compile(r"pop3-domains.*from=(\d{13}|2026-10-19T22)"))
    assert not viewer.troubles


def test_the_csv_is_the_table(viewer: Viewer, site: Site) -> None:
    """Inspect, Data, Download CSV: the table's rows, right at the first click."""
    viewer.open("pop3-trend", step="Week")
    viewer.panel("Report by Week").hover()
    viewer.page.get_by_label("Menu for panel Report by Week").click()
    viewer.page.get_by_role("menuitem", name="Inspect").hover()
    viewer.page.get_by_role("menuitem", name="Data", exact=True).click()
    with viewer.page.expect_download() as download:
        viewer.page.get_by_role("button", name="Download CSV").click()
    text = download.value.path().read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert ["Period", "Days", "New connections", "Blocked connections"] == list(rows[0])[:4]
    total = len(site.between(LAST_30_DAYS.begin, LAST_30_DAYS.end + 1))
    assert total == sum(int(row["New connections"].replace(",", "")) for row in rows)
