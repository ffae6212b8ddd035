"""The comparison notices a broken formula: each part of the queries is broken once, on purpose."""

import re

import pytest

from tests.dashboards.grafana import Page
from tests.dashboards.site import Site
from tests.dashboards.test_numbers import RANGES, boards, wrong_cells
from tests.prometheus_server import Engine

pytestmark = [pytest.mark.slow, pytest.mark.tool("prometheus", "promtool"), pytest.mark.timeout(300)]

MANY, OVER_GAP = "longer than the data", "over a long gap"
BIRTHS = "births and no gap"
TONIGHT, AFTER_GAP = "30 days to tonight", "from a long gap on"
# What is broken: pattern, replacement, dashboard, range, step.
BROKEN = {
    "first arm a day off": (r"\[2h\] offset -1d8h58m", "[2h] offset -2d8h58m", "pop3-trend", BIRTHS, "Day"),
    "first arm over midnight": (
        r"\[2h\] offset -1d8h58m",
        "[2h] offset -1d10h58m",
        "pop3-trend",
        BIRTHS,
        "Day",
    ),
    "births between two days are not known": (r">=\d+>=time", ">=9e9>=time", "pop3-domains", BIRTHS, "Day"),
    "births are not known": (r"or 0\*\(", "or 0*(0*", "pop3-domains", MANY, "Day"),
    "today is not read from the counter": (r"connections_total\{", "connections_totals{", "pop3-trend", MANY, "Day"),
    "nobody is looked at closely": (
        r'server=~"[^"]*\|none"',
        'server=~"none"',
        "pop3-trend",
        "over the end of a server",
        "Day",
    ),
    "weeks begin on Sunday": (r"\+6\)%7", "+0)%7", "pop3-trend", MANY, "Week"),
    "months are one": (r"year\(\)\*100\+month\(\)", "0*month()", "pop3-trend", MANY, "Month"),
    "quarters begin one month late": (r"ceil\(month\(\)/3\)", "ceil((month()-1)/3)", "pop3-trend", MANY, "Quarter"),
    "the first day of the range is lost": (r"\[(\d+)s:1d\]", "[1s:1d]", "pop3-trend", TONIGHT, "Day"),
    "hours are one off": (r"\[56m\] offset -1h58m", "[56m] offset -2h58m", "pop3-trend", "one day", "Hour"),
    "the range begins a day late": (
        r"(_day_start\{[^}]*\}\[2h\] @ \d+)\) or max",
        r"\1 offset -1d) or max",
        "pop3-domains",
        BIRTHS,
        "Day",
    ),
    "births are not known to totals": (r"or 0\*\(max", "or 0*(0*max", "pop3-domains", MANY, "Day"),
    "an ended server is forgotten": (
        r'_total\{server=~"[^"]*\|none"\}',
        '_total{server=~"none"}',
        "pop3-domains",
        "over the end of a server",
        "Day",
    ),
    "zero stands for what is not logged": (
        r'quality="none"',
        'quality="x"',
        "pop3-trend",
        "a server without bytes",
        "Day",
    ),
    "growth is halved": (r"floor\(100\*", "floor(50*", "pop3-trend", "over a long gap", "Day"),
    "growth since before the birth": (r"\)<=\d+\+\d+-50400\)", ")<=9e9)", "pop3-trend", TONIGHT, "Day"),
    "half of the bandwidth is missing": (r"_sent_bytes", "_received_bytes", "pop3-trend", MANY, "Day"),
    "a server too few": (r'server=~"\.\+"', 'server=~"mx1"', "pop3-trend", MANY, "Day"),
    "other users too": (r"user=`anna@a\.example`", 'user=~".+"', "pop3-user", MANY, "Day"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_formula_is_noticed(
    name: str, site: Site, prometheus: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one part of the queries broken some cell of some dashboard is wrong, and the comparison says so."""
    pattern, replacement, uid, asked, step = BROKEN[name]
    whole = Page.expression
    touched: list[int] = []

    def broken(page: Page, text: str) -> str:
        result, count = re.subn(pattern, replacement, whole(page, text))
        touched.append(count)
        return result

    monkeypatch.setattr(Page, "expression", broken)
    assert wrong_cells(boards()[uid], RANGES[asked], step, site, prometheus)
    assert sum(touched)
