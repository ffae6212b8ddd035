"""Somebody with a browser who has logged in to Grafana and looks at dashboards."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Browser, BrowserContext, Locator, Page, Response, expect, sync_playwright

from tests.dashboards.grafana_api import Login
from tests.dashboards.test_numbers import LAST_30_DAYS, Asked

CHOSEN = {"var-domain": "a.example", "var-user": "anna@a.example"}
# Another zone than the site's: dashboards must not care.
LOOKS: dict[str, Any] = {"viewport": {"width": 1600, "height": 2400}, "timezone_id": "Asia/Tokyo", "locale": "en-US"}


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])


@contextmanager
def logged_in(browser: Browser, url: str, login: Login, **looks: Any) -> Iterator[BrowserContext]:
    """A browser of his own, logged in; `looks`: other options of Playwright's contexts than LOOKS."""
    context = browser.new_context(**(LOOKS | looks))
    try:
        answer = context.request.post(f"{url}/login", data={"user": login.name, "password": login.password})
        assert answer.ok, answer.text()
        yield context
    finally:
        context.close()


class Viewer:
    """A browser page with one dashboard open, and what went wrong in it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        page.set_default_timeout(90_000)  # a busy machine
        self.troubles: list[str] = []
        page.on("response", self._listen)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))

    def _listen(self, response: Response) -> None:
        if "/api/ds/query" in response.url and (response.status >= 400 or '"error"' in response.text()):
            self.troubles.append(f"{response.status} {response.url}: {response.text()[:500]}")

    def open(self, uid: str, asked: Asked = LAST_30_DAYS, **chosen: str) -> None:
        """A dashboard; `chosen`: values of its variables."""
        names = {"var-" + name: value for name, value in chosen.items()}
        between = {"from": f"{asked.begin * 1000}", "to": f"{asked.end * 1000 + 999}"}
        self.visit(f"/d/{uid}?{urlencode(between | CHOSEN | names)}")

    def visit(self, path: str) -> None:
        self.page.goto(f"{self.url}{path}")
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is asked of Grafana any more."""
        self.page.wait_for_load_state("networkidle")
        expect(self.page.get_by_label("Panel loading bar")).to_have_count(0, timeout=60_000)

    def panel(self, title: str) -> Locator:
        return self.page.locator("section").filter(has=self.page.get_by_role("heading", name=title, exact=True))

    def choose(self, label: str, name: str) -> None:
        """Another value of a variable, from its list above the panels."""
        control = self.page.get_by_test_id(f"data-testid Dashboard template variables submenu Label {label}").locator(
            ".."
        )
        control.get_by_role("combobox").click()
        self.page.get_by_role("option", name=name, exact=True).click()
        self.settle()

    def drawn(self, title: str, other_than: str = "") -> str:
        """The pixels of a chart, as soon as they are others than these. Playwright's TimeoutError if they stay."""
        found = self.page.wait_for_function(
            """([title, old]) => {
                const panels = [...document.querySelectorAll('section')];
                const panel = panels.find((one) => one.querySelector('h2')?.innerText === title);
                const pixels = panel?.querySelector('canvas')?.toDataURL();
                return pixels && pixels !== old && pixels;
            }""",
            arg=[title, other_than],
            timeout=20_000,
        )
        return str(found.json_value())

    def heading(self, title: str, column: str) -> Locator:
        """The heading of a table's column, to be clicked."""
        return self.panel(title).get_by_role("columnheader").get_by_text(column, exact=True)

    def cells(self, title: str, column: int) -> list[str]:
        """The texts of one column of the table's first page, without its total."""
        rows = self.panel(title).get_by_role("row").all()
        found = [row.get_by_role("gridcell").all_inner_texts() for row in rows]
        return [cells[column].strip() for cells in found if len(cells) > column and cells[0].upper() != "TOTAL"]

    @property
    def csv_links(self) -> Locator:
        """What leads to the gateway's report, visible or not."""
        return self.page.locator('a[href*="report.csv"]')

    def downloaded(self, title: str, *, formats: bool = True) -> str:
        """The CSV of Inspect, Data; without `formats` after a click that switches them off."""
        self.panel(title).hover()
        self.page.get_by_label(f"Menu for panel {title}").click()
        self.page.get_by_role("menuitem", name="Inspect").hover()
        self.page.get_by_role("menuitem", name="Data", exact=True).click()
        if not formats:
            self.page.get_by_text("Data options").click()
            self.page.locator("label[for=formatted-data-toggle]").last.click()
        with self.page.expect_download() as download:
            self.page.get_by_role("button", name="Download CSV").click()
        return download.value.path().read_text("utf-8")
