"""Dashboards say what a reader must know, and are silent where all is well."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from dashboards.boards import all_boards
from dashboards.dashboard import Board
from tests.dashboards import scenario
from tests.dashboards.grafana import Page
from tests.dashboards.site import Site
from tests.dashboards.test_numbers import LAST_30_DAYS, RANGES, UIDS, Asked, boards, opened
from tests.prometheus_server import PrometheusServer

pytestmark = [pytest.mark.tool("prometheus", "promtool"), pytest.mark.timeout(300)]

REPORTS = UIDS[:4]
FINE = "No remarks: nothing below is missing in the logs or beyond what Prometheus remembers"
EMPTY = "This data source knows no POP3 exporter in this range"
NO_BYTES = "win1 logs no bytes, so its bandwidth is missing (Dovecot: set pop3_logout_format)"
TOO_LONG = "Prometheus does not know the begin of this range: earlier periods are missing (see Exporter health)"
OTHER_ZONE = f"These dashboards are for UTC, the exporter's days begin in {scenario.ZONE}: run `make dashboards`"


def remarks(board: Board, asked: Asked, prometheus: PrometheusServer, title: str = "") -> set[str]:
    """The words in a panel: that of the remarks has no title."""
    page = opened(board, asked, prometheus, "Day")
    return {
        words for panel, target in board.targets() if panel == title for words in _words(page, target.to_json_data())
    }


def _words(page: Page, target: dict[str, str]) -> Iterator[str]:
    for labels in page.rows(target):
        named = dict(labels)
        if "note" in named:
            yield named["note"]


@pytest.fixture(scope="module")
def short_memory(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    """A Prometheus that kept the last nine days only."""
    kept = replace(site, scrapes=[at for at in site.scrapes if at >= scenario.NOW - 9 * 86_400])
    with kept.served(tmp_path_factory.mktemp("short")) as server:
        yield server


@pytest.mark.parametrize("uid", REPORTS)
def test_nothing_is_remarked_where_nothing_is_missing(uid: str, prometheus: PrometheusServer) -> None:
    """One grey line says that somebody has looked."""
    asked = replace(LAST_30_DAYS, servers=("mx1", "mx2"))
    assert {FINE} == remarks(boards()[uid], asked, prometheus)


@pytest.mark.parametrize("uid", REPORTS)
def test_a_log_without_bytes_is_named_with_what_to_do(uid: str, prometheus: PrometheusServer) -> None:
    """Its bandwidth is missing in every sum; the other servers' is not mentioned."""
    assert {NO_BYTES} == remarks(boards()[uid], RANGES["a server without bytes"], prometheus)


@pytest.mark.parametrize("uid", REPORTS)
def test_a_range_longer_than_memory_is_remarked(uid: str, short_memory: PrometheusServer) -> None:
    """Rows are missing although the log had them."""
    assert TOO_LONG in remarks(boards()[uid], LAST_30_DAYS, short_memory)
    young = Asked("2026-11-14", "2026-11-17")
    assert TOO_LONG not in remarks(boards()[uid], young, short_memory)


@pytest.mark.parametrize("uid", REPORTS)
def test_nothing_is_known(uid: str, empty_prometheus: PrometheusServer) -> None:
    """Before the first scrape, or with another site's data source."""
    assert {EMPTY} == remarks(boards()[uid], LAST_30_DAYS, empty_prometheus)


@pytest.mark.skipif(scenario.ZONE == "UTC", reason="the committed dashboards are for UTC")
def test_another_zone_is_remarked(prometheus: PrometheusServer) -> None:
    """On every dashboard whose days would begin at the wrong hour."""
    committed = {board.uid: board for board in all_boards("UTC")}
    said = {uid: OTHER_ZONE in remarks(committed[uid], LAST_30_DAYS, prometheus) for uid in [*REPORTS, "pop3-exporter"]}
    assert all(said.values()), said


def test_how_far_back_prometheus_reaches(prometheus: PrometheusServer) -> None:
    """In whole days, and that a quarter needs more."""
    reach = remarks(boards()["pop3-exporter"], LAST_30_DAYS, prometheus, "Prometheus remembers · time zones")
    assert {"44 days: a quarter is not possible yet"} == reach


@pytest.mark.parametrize(("days", "said"), [(91, "91 days: a quarter is not possible yet"), (92, "92 days")])
def test_a_quarter_takes_92_days(days: int, said: str, prometheus: PrometheusServer) -> None:
    """The same words for any age: the oldest sample's is put in its place."""
    board = boards()["pop3-exporter"]
    page = opened(board, LAST_30_DAYS, prometheus, "Day")
    target = next(target for panel, target in board.targets() if panel.startswith("Prometheus remembers"))
    begin, end = target.expr.index("($until-"), target.expr.index(")/86400")
    expr = f"{target.expr[:begin]}({days * 86_400 + 5}{target.expr[end:]}".replace("floor(", "floor(vector(1)*", 1)
    assert {said} == set(_words(page, target.to_json_data() | {"expr": expr}))
