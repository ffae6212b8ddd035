"""The pages in Chromium: nothing is wider than the screen, forms and downloads work, and no script runs."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from exporter import shipped
from exporter.catalogue import Quality
from exporter.ledger import Ledger
from tests.exposition.views import NOW
from tests.reports.ledgers import Commit, charge, filled
from tests.web.conftest import World

pytestmark = [pytest.mark.slow, pytest.mark.tool("chromium"), pytest.mark.timeout(300)]

COMMON = "margaret.hamilton@example.com"
NAMES = ("ann@example.com", "x" * 200 + "@example.com", "\u202e<script>alert(1)</script>@example.com", COMMON)
PATHS = ("/", "/domains", "/users", "/unused?days=1")


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A server over a ledger with strange names, all of which are unused for a day."""
    charges = [
        charge(NOW - 2 * 86_400 - number, domain="example.com", user=name, connections=10 - number, logins=1)
        for number, name in enumerate(NAMES)
    ]
    quality = {("mx", "bad_command_connections"): Quality.LOWER_BOUND}
    path = filled(tmp_path / "ledger.sqlite", "Europe/Berlin", [Commit(NOW, charges, quality)])
    ledger = Ledger.open(path, now=NOW)
    ledger.close()
    server = World(view=ledger.view, ledger=path, files=shipped.KINDS).start()
    yield server.url
    server.stop()


def opened(browser: Browser, width: int, scheme: str) -> tuple[Page, list[str]]:
    """A page, and what the console says."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        accept_downloads=True,
    )
    page, told = context.new_page(), list[str]()
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    return page, told


@pytest.mark.parametrize("width", [1600, 1280, 420])
def test_pages_fit_the_screen_in_light_and_dark(browser: Browser, url: str, width: int) -> None:
    """Wide tables scroll in themselves; the background follows the scheme; names run nothing."""
    shades = set()
    for scheme in ("light", "dark"):
        page, told = opened(browser, width, scheme)
        for path in PATHS:
            page.goto(f"{url}{path}")
            assert width >= page.evaluate("document.documentElement.scrollWidth"), (path, scheme)
            shades.add((scheme, page.evaluate("getComputedStyle(document.body).backgroundColor")))
        assert [] == told
    assert 2 == len(shades)


def test_a_common_name_stands_on_one_line(browser: Browser, url: str) -> None:
    """Where there is room, no name is broken."""
    page, _ = opened(browser, 1280, "light")
    page.goto(f"{url}/users")
    heights = {name: page.get_by_text(name, exact=True).first.bounding_box() for name in (COMMON, "ann@example.com")}
    short, common = heights["ann@example.com"], heights[COMMON]
    assert short
    assert common
    assert short["height"] == common["height"]


def test_search_and_csv_are_one_click(browser: Browser, url: str, tmp_path: Path) -> None:
    """The form is sent, the file is saved under its name, and "≥" stands in the cell."""
    page, told = opened(browser, 1280, "light")
    page.goto(url)
    assert page.get_by_text("≥\u00a00").first.is_visible()
    page.get_by_label("Search users").fill("ANN")
    page.get_by_role("button", name="Search").click()
    assert f"{url}/users?q=ANN" == page.url
    assert ["ann@example.com"] == page.locator("tbody th").all_inner_texts()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV").click()
    assert "pop3-users-2026-11-09-to-2026-11-22.csv" == waiting.value.suggested_filename
    waiting.value.save_as(tmp_path / "saved.csv")
    assert "ann@example.com,10,0,0,0,0,Bad Commands: at least" in (tmp_path / "saved.csv").read_text(encoding="utf-8")
    assert [] == told
