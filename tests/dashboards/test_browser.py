"""The dashboards in Chromium and a real Grafana, as a Viewer sees and uses them.

GRAFANA_HOME: an unpacked Grafana, started here with the tests' Prometheus behind it.
"""

import csv
import io
import os
import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Locator, Page, Response, expect, sync_playwright

from dashboards.__main__ import main
from tests.dashboards import scenario
from tests.dashboards.grafana_server import GrafanaServer
from tests.dashboards.site import Site, dates
from tests.dashboards.test_numbers import LAST_30_DAYS, Asked
from tests.prometheus_server import PrometheusServer

pytestmark = [pytest.mark.browser, pytest.mark.tool("prometheus", "promtool", "chromium"), pytest.mark.timeout(600)]

UIDS = ("pop3-trend", "pop3-domains", "pop3-domain", "pop3-user", "pop3-suspicious", "pop3-exporter")
CHOSEN = {"var-domain": "a.example", "var-user": "anna@a.example"}
WIDTH, HEIGHT = 1600, 2400


@pytest.fixture(scope="module")
def grafana(prometheus: PrometheusServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = os.environ.get("GRAFANA_HOME")
    if not home:
        pytest.skip("GRAFANA_HOME names no Grafana")
    directory = tmp_path_factory.mktemp("grafana")
    main(["--time-zone", scenario.ZONE, "--output", str(directory / "dashboards")])
    with GrafanaServer(Path(home), directory, directory / "dashboards", prometheus.url) as server:
        yield server.url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])


class Viewer:
    """A browser page with one dashboard open, and what went wrong in it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.troubles: list[str] = []
        page.on("response", self._listen)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))

    def _listen(self, response: Response) -> None:
        if "/api/ds/query" in response.url and (response.status >= 400 or '"error"' in response.text()):
            self.troubles.append(f"{response.status}: {response.text()[:500]}")

    def open(self, uid: str, asked: Asked = LAST_30_DAYS, **chosen: str) -> None:
        names = {"var-" + name: value for name, value in chosen.items()}
        between = {"from": f"{asked.begin * 1000}", "to": f"{asked.end * 1000 + 999}"}
        self.page.goto(f"{self.url}/d/{uid}?{urlencode(between | CHOSEN | names)}")
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is asked of Grafana any more."""
        self.page.wait_for_load_state("networkidle")
        expect(self.page.get_by_label("Panel loading bar")).to_have_count(0, timeout=30_000)

    def panel(self, title: str) -> Locator:
        return self.page.locator("section").filter(has=self.page.get_by_role("heading", name=title, exact=True))

    def cells(self, title: str, column: int) -> list[str]:
        """The texts of one column of the table's first page."""
        rows = self.panel(title).get_by_role("row").all()
        found = [row.get_by_role("gridcell").all_inner_texts() for row in rows]
        return [cells[column].strip() for cells in found if len(cells) > column and cells[0].upper() != "TOTAL"]


@pytest.fixture
def viewer(browser: Browser, grafana: str) -> Iterator[Viewer]:
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, timezone_id="Asia/Tokyo", locale="en-US")
    yield Viewer(page, grafana)
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
