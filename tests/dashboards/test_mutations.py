"""The comparison notices a broken formula: each part of the queries is broken once, on purpose."""

import re

import pytest

from tests.dashboards.grafana import Page
from tests.dashboards.site import Site
from tests.dashboards.test_numbers import RANGES, boards, wrong_cells
from tests.prometheus_server import PrometheusServer

pytestmark = [pytest.mark.slow, pytest.mark.tool("prometheus", "promtool"), pytest.mark.timeout(300)]

MANY, OVER_GAP = "longer than the data", "over a long gap"
BIRTHS = "births and no gap"
TONIGHT, AFTER_GAP = "30 days to tonight", "from a long gap on"
# What is broken: pattern, replacement, dashboard, range, step.
BROKEN = {
    "first arm a day off": (r"\[22h\] offset -21h2m", "[22h] offset -1d21h2m", "pop3-trend", MANY, "Day"),
    "first arm reaches over midnight": (r"\[22h\] offset -1d21h2m", "[26h] offset -1d25h2m", "pop3-trend", MANY, "Day"),
    "births are not known": (r"or 0\*\(max", "or 0*(0*max", "pop3-domains", MANY, "Day"),
    "births count from the label on": (r">=\(time\(\)-3600\)", ">=(time()+86400)", "pop3-domains", MANY, "Day"),
    "a day without scrapes is not looked up": (r"\[4d\] offset", "[1m] offset", "pop3-trend", OVER_GAP, "Day"),
    "today is not read from the counter": (
        r"\[[13]d\] offset -(2d)?23h",
        "[1m] offset -23h",
        "pop3-trend",
        MANY,
        "Day",
    ),
    "today is read from later days": (r"\[1d\] offset -23h", "[3d] offset -2d23h", "pop3-domains", BIRTHS, "Day"),
    "who was not scraped yet has no begin": (
        r"\[2d\] offset -1d23h",
        "[1m] offset -20h",
        "pop3-domains",
        BIRTHS,
        "Day",
    ),
    "weeks begin on Sunday": (r"\+6\)%7", "+0)%7", "pop3-trend", MANY, "Week"),
    "months are one": (r"\*100\+1 and", "*0+1 and", "pop3-trend", MANY, "Month"),
    "quarters begin one month late": (r"-2\)\*100", "-1)*100", "pop3-trend", MANY, "Quarter"),
    "the first day of the range is lost": (r"offset 30m", "offset -3h", "pop3-trend", "one day", "Day"),
    "hours are one off": (r"\[55m\] offset -55m", "[55m] offset -1h55m", "pop3-trend", "one day", "Hour"),
    "the range begins an hour late": (
        r"\[22h\] @ (\d+) offset -22h2m",
        r"[22h] @ \1 offset -45h2m",
        "pop3-domains",
        "one server",
        "Day",
    ),
    "the range's end is not the counter": (
        r"(_total\{[^}]*\})\[3h\]",
        r"\1[1s]",
        "pop3-domains",
        "30 days to tonight",
        "Day",
    ),
    "births are not known to totals": (r"or 0\*\(\(max", "or 0*(0*(max", "pop3-domains", MANY, "Day"),
    "an ended server is forgotten": (
        r'(_total\{[^}]*),server!~"[^"]*"\}',
        r'\1,server=~"none"}',
        "pop3-domains",
        "over the end of a server",
        "Day",
    ),
    "whoever was not there when the range began has no row": (
        r"or (0\*\(max by\(server,domain\)\(last_over_time\(pop3_domain_first_seen_timestamp_seconds\{[^}]*\}\[3h\])",
        r"unless \1",
        "pop3-domains",
        "30 days to tonight",
        "Day",
    ),
    "everybody was scraped": (
        r'server!~"[^"]*"',
        'server=~"none"',
        "pop3-domain",
        "from a long gap on",
        "Day",
    ),
    "the holds' fallback is missing": (
        r"\[4d\] @ (\d+) offset",
        r"[1s] @ \1 offset",
        "pop3-domain",
        "from a long gap on",
        "Day",
    ),
    "zero stands for what is not logged": (
        r'quality="none"',
        'quality="x"',
        "pop3-trend",
        "a server without bytes",
        "Day",
    ),
    "growth is halved": (r"round\(100\*", "round(50*", "pop3-trend", "over a long gap", "Day"),
    "growth since before the birth": (r"\)\)<=\d+\)", "))<=9e9)", "pop3-trend", TONIGHT, "Day"),
    "half of the bandwidth is missing": (r"_sent_bytes", "_received_bytes", "pop3-trend", MANY, "Day"),
    "a server too few": (r'server=~"\.\+"', 'server=~"mx1"', "pop3-trend", MANY, "Day"),
    "other users too": (r'user="anna@a\.example"', 'user=~".+"', "pop3-user", MANY, "Day"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_formula_is_noticed(
    name: str, site: Site, prometheus: PrometheusServer, monkeypatch: pytest.MonkeyPatch
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
