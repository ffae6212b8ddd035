"""Every query of every dashboard on a real Prometheus: exact ones cell by cell, the others held to their class."""

from dataclasses import dataclass
from functools import cache

import pytest

from dashboards.boards import all_boards
from dashboards.dashboard import Board
from dashboards.targets import Trust
from tests.dashboards import scenario
from tests.dashboards.grafana import ALL, Page
from tests.dashboards.site import Site, stamp
from tests.dashboards.truth import View
from tests.prometheus_server import Engine

pytestmark = [pytest.mark.tool("prometheus", "promtool"), pytest.mark.timeout(300)]

SERVERS = frozenset({"mx1", "mx2", "win1"})
UIDS = ("pop3-trend", "pop3-domains", "pop3-domain", "pop3-user", "pop3-suspicious", "pop3-exporter", "pop3-start")


@dataclass(frozen=True)
class Asked:
    """What a viewer asks for: local dates (both inside), and the choice of servers."""

    first: str
    last: str
    servers: str | tuple[str, ...] = ALL

    @property
    def begin(self) -> int:
        return stamp(self.first, scenario.ZONE)

    @property
    def end(self) -> int:
        return stamp(f"{self.last} 23:59:59", scenario.ZONE)


LAST_30_DAYS = Asked("2026-10-20", "2026-11-18")
RANGES = {
    "30 days to tonight": LAST_30_DAYS,
    "this month, which ends in the future": Asked("2026-11-01", "2026-11-30"),
    "the week of the change of summer time": Asked("2026-10-19", "2026-10-25"),
    "one day": Asked("2026-10-25", "2026-10-25"),
    "over a long gap": Asked("2026-11-09", "2026-11-12"),
    "from a long gap on": Asked("2026-11-11", "2026-11-14"),
    "longer than the data": Asked("2026-08-01", "2026-11-18"),
    "two servers": Asked("2026-10-12", "2026-11-15", ("mx1", "win1")),
    "a server without bytes": Asked("2026-10-12", "2026-10-31", ("win1",)),
    "one server": Asked("2026-10-12", "2026-11-15", ("mx2",)),
    "over the end of a server": Asked("2026-11-01", "2026-11-10"),
    "births and no gap": Asked("2026-10-06", "2026-10-22"),
    "to the day before a long gap": Asked("2026-10-20", "2026-11-09"),
}


ALWAYS = {
    "30 days to tonight",
    "to the day before a long gap",
    "the week of the change of summer time",
    "longer than the data",
    "births and no gap",
}


def marked(name: str) -> list[pytest.MarkDecorator]:
    return [] if name in ALWAYS else [pytest.mark.slow]


@cache
def boards() -> dict[str, Board]:
    return {board.uid: board for board in all_boards(scenario.ZONE)}


def opened(
    board: Board,
    asked: Asked,
    prometheus: Engine,
    step: str,
    *,
    domain: str = "a.example",
    user: str = "anna@a.example",
) -> Page:
    servers = asked.servers if isinstance(asked.servers, str) else list(asked.servers)
    chosen = {"server": servers, "step": step, "domain": domain, "user": user}
    return Page(board.json(), prometheus, asked.begin, asked.end, chosen)


def view(page: Page, site: Site, asked: Asked, step: str) -> View:
    servers = SERVERS if isinstance(asked.servers, str) else frozenset(asked.servers)
    hidden: dict[str, list[str]] = {
        name: page.names(name) for name in page.found & {"top", "topbytes", "topusers", "suspects"}
    }
    until = min(scenario.NOW, asked.end)
    return View(site, asked.begin, asked.end, until, step, servers, "a.example", "anna@a.example", hidden)


def wrong_cells(board: Board, asked: Asked, step: str, site: Site, prometheus: Engine) -> list[str]:
    """All complaints about the exact targets of a dashboard."""
    page = opened(board, asked, prometheus, step)
    truth = view(page, site, asked, step)
    found = []
    for panel, target in board.targets():
        if target.meaning.trust is Trust.EXACT:
            rows = page.rows(target.to_json_data())
            found += [f"{panel} {target.refId}: {words}" for words in truth.complaints(target.meaning, rows)]
    return found


@pytest.mark.parametrize("asked", [pytest.param(RANGES[name], id=name, marks=marked(name)) for name in RANGES])
@pytest.mark.parametrize("uid", UIDS[:4])
def test_every_exact_cell_equals_the_log(uid: str, asked: Asked, site: Site, prometheus: Engine) -> None:
    """Days and totals, for each dashboard and range: each cell is the sum of the log's own events."""
    assert not wrong_cells(boards()[uid], asked, "Day", site, prometheus)


@pytest.mark.parametrize("step", ["Week", "Month", "Quarter"])
@pytest.mark.parametrize("uid", UIDS[:4])
def test_longer_periods_equal_the_log(uid: str, step: str, site: Site, prometheus: Engine) -> None:
    """Weeks, months and quarters, also those that the range covers only in part."""
    assert not wrong_cells(boards()[uid], LAST_30_DAYS, step, site, prometheus)


@pytest.mark.parametrize("asked", [Asked("2026-10-26", "2026-10-28"), Asked("2026-11-17", "2026-11-18")], ids=str)
@pytest.mark.parametrize("uid", ["pop3-trend", "pop3-domains", "pop3-domain"])
def test_hours_equal_the_log(uid: str, asked: Asked, site: Site, prometheus: Engine) -> None:
    """Hours where scrapes were made and no line was later than the hour's window: each one equals the log."""
    assert not wrong_cells(boards()[uid], asked, "Hour", site, prometheus)
