"""How the dashboards look beside Grafana's open menu, 1280 pixels wide: what is cut off, and what is red."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.dashboards.grafana_api import Login
from tests.dashboards.test_numbers import RANGES, UIDS
from tests.dashboards.viewer import Viewer, chromium, logged_in

pytestmark = [pytest.mark.browser, pytest.mark.tool("prometheus", "promtool", "chromium"), pytest.mark.timeout(600)]

OPEN_MENU = """for (const name of ['docked', 'open'])
    localStorage.setItem('grafana.navigation.' + name, 'true');"""
CUT_TITLES = """() => [...document.querySelectorAll('section h2')]
    .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.innerText)"""
CUT_TABLES = """() => [...document.querySelectorAll('[role=grid]')]
    .filter((one) => one.scrollWidth > one.clientWidth + 1)
    .map((one) => one.closest('section').querySelector('h2').innerText)"""
COLOURS = """(title) => {
    const panel = [...document.querySelectorAll('section')]
        .find((one) => one.querySelector('h2')?.innerText === title);
    const canvas = panel.querySelector('canvas');
    const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    const found = {red: 0, green: 0};
    for (let at = 0; at < data.length; at += 4) {
        found.red += data[at] > 150 && data[at + 1] < 100;
        found.green += data[at + 1] > 120 && data[at] < 120;
    }
    return found;
}"""
CUT_HEADINGS = """() => [...document.querySelectorAll('[role=columnheader]')].filter((one) => {
        const text = document.createRange();
        text.selectNodeContents(one);
        const [inside, outside] = [text.getBoundingClientRect(), one.getBoundingClientRect()];
        return inside.top < outside.top - 1 || inside.bottom > outside.bottom + 1 || inside.right > outside.right + 1;
    }).map((one) => one.innerText)"""
OVERLAPPING = """() => {
    const notes = [...document.querySelectorAll('section')].find((one) => !one.querySelector('h2'));
    const lines = [...notes.querySelectorAll('span')].filter((one) => one.innerText).map((one) => {
        const text = document.createRange();
        text.selectNodeContents(one);
        return text.getBoundingClientRect();
    }).sort((one, other) => one.top - other.top);
    return lines.filter((one, at) => at && one.top < lines[at - 1].bottom - 4).length;
}"""
NO_TIME = "Data does not have a time field"  # what Grafana says of an empty timeline


@pytest.fixture(scope="module")
def context(prometheus_only: tuple[str, Login]) -> Iterator[BrowserContext]:
    url, login = prometheus_only
    with chromium() as browser, logged_in(browser, url, login, viewport={"width": 1280, "height": 3300}) as context:
        context.add_init_script(OPEN_MENU)
        yield context


@pytest.mark.parametrize("uid", UIDS)
def test_titles_and_tables_are_whole_beside_the_menu(uid: str, viewer: Viewer) -> None:
    """No title is shortened, and no table has a column that is out of sight."""
    viewer.open(uid)
    expect(viewer.page.get_by_role("link", name="Dashboards").first).to_be_visible()
    assert [] == viewer.page.evaluate(CUT_TITLES)
    assert [] == viewer.page.evaluate(CUT_TABLES)


@pytest.mark.parametrize("uid", UIDS)
def test_titles_headings_and_remarks_are_whole_on_a_telephone(uid: str, viewer: Viewer) -> None:
    """No title or heading is shortened, and no remark lies over another."""
    viewer.page.set_viewport_size({"width": 420, "height": 9000})
    viewer.open(uid, RANGES["longer than the data"])
    assert [] == viewer.page.evaluate(CUT_TITLES)
    assert [] == viewer.page.evaluate(CUT_HEADINGS)
    assert 0 == viewer.page.evaluate(OVERLAPPING)


@pytest.mark.parametrize(
    ("uid", "title", "name", "whole"),
    [
        ("pop3-trend", "Errors by Day", "Blocked connections", False),
        ("pop3-trend", "Errors by Day", "Terminations", True),
        ("pop3-trend", "Bandwidth by Day", "Bandwidth", False),
        ("pop3-trend", "Connections by Day", "New connections", True),
        ("pop3-domains", "Top 10 domains by Day", "c.example", True),
    ],
)
def test_a_legend_says_what_is_a_lower_bound(uid: str, title: str, name: str, whole: bool, viewer: Viewer) -> None:  # noqa: FBT001
    """As the cells do; and the series has its look."""
    viewer.open(uid, server="mx2")
    legend = viewer.panel(title)
    expect(legend.get_by_text(name if whole else f"{name} ≥", exact=True)).to_be_visible()
    assert 0 == legend.get_by_text(f"{name} ≥" if whole else name, exact=True).count()
    assert 0 == legend.get_by_text("[").count()


def test_a_rest_of_zeros_is_no_row(viewer: Viewer) -> None:
    """What stands for no domain is listed only if something is in it."""
    viewer.open("pop3-domains", server="mx2")
    assert {"c.example", "a.example", "unknown"} == set(viewer.cells("Domains", 0))


@pytest.mark.parametrize("step", ["1", "7", "30"])
def test_the_widest_report_is_whole_at_each_step(step: str, viewer: Viewer) -> None:
    """That of an account, which has two columns more; also with the days of weeks."""
    viewer.open("pop3-user", step=step)
    assert [] == viewer.page.evaluate(CUT_TABLES)


def test_a_firing_alert_is_red(viewer: Viewer) -> None:
    """Not green, which Grafana takes by itself."""
    viewer.open("pop3-user")
    viewer.drawn("Alerts of this account")
    found = viewer.page.evaluate(COLOURS, "Alerts of this account")
    assert found["red"] > 1000 > found["green"]


@pytest.mark.parametrize("uid", ["pop3-user", "pop3-suspicious"])
def test_where_no_alert_fired_nothing_is_red(uid: str, viewer: Viewer) -> None:
    """The timeline says so in its row, and Grafana has nothing to complain of."""
    viewer.open(uid, domain="b.example", user="ben@b.example", server="mx2")
    title = "Alerts of this account" if uid == "pop3-user" else "When alerts fired"
    viewer.drawn(title)
    assert 0 == viewer.page.get_by_text(NO_TIME).count()
    assert viewer.page.evaluate(COLOURS, title)["red"] < 1000


def test_what_only_links_need_is_no_column(viewer: Viewer) -> None:
    """Around which hours of an alert its account opens."""
    viewer.open("pop3-start")
    headings = viewer.panel("Firing alerts").get_by_role("columnheader").all_inner_texts()
    assert ["Alert", "Severity", "User", "Domain", "Server", "Since"] == [one.strip() for one in headings]


def test_how_many_exporters_of_how_many_are_up(viewer: Viewer) -> None:
    """In one line."""
    viewer.open("pop3-start")
    expect(viewer.panel("Exporters up").get_by_text("1 of 1", exact=True)).to_be_visible()
