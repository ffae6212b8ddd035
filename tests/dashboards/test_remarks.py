"""Dashboards say what a reader must know, and are silent where all is well."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dashboards.boards import all_boards
from dashboards.dashboard import Board
from tests.dashboards import scenario
from tests.dashboards.grafana import ALL, Page
from tests.dashboards.site import Site, local
from tests.dashboards.test_numbers import LAST_30_DAYS, RANGES, UIDS, Asked, boards, opened
from tests.prometheus_server import PrometheusServer

pytestmark = [pytest.mark.tool("prometheus", "promtool"), pytest.mark.timeout(300)]

REPORTS = UIDS[:4]
FINE = "No remarks: all numbers below are logged, and Prometheus has the whole range"
EMPTY = "No POP3 exporter was scraped in this range, and no history was imported"
IMPORTED = "Imported history only: the exporter was not scraped, so there are no live numbers"
AT_LEAST = "Numbers with ≥ or “or more” are lower bounds: the log has only part of what they count"
WHOLE_DAYS = (
    "Only whole days are counted, and this range does not begin at midnight in {}: choose whole days and that time zone"
)
NOT_BEFORE = "The log begins on {}: nothing is known about earlier days"
NO_BYTES = "win1 logs no bytes, so its bandwidth is missing (Dovecot: set pop3_logout_format)"
TOO_LONG = "Prometheus has no samples from the start of this range: earlier periods are missing (see Exporter health)"
OTHER_ZONE = f"These dashboards are for UTC, but the exporter's days begin in {scenario.ZONE}: run `make dashboards`"


def remarks(
    board: Board, asked: Asked, prometheus: PrometheusServer, title: str = "", user: str = "anna@a.example"
) -> set[str]:
    """The words in a panel: that of the remarks has no title."""
    page = opened(board, asked, prometheus, "Day", domain=user.partition("@")[2], user=user)
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
    asked = replace(LAST_30_DAYS, servers=("mx1",))
    assert {FINE} == remarks(boards()[uid], asked, prometheus)


@pytest.mark.parametrize("uid", REPORTS)
def test_a_log_without_bytes_is_named_with_what_to_do(uid: str, prometheus: PrometheusServer) -> None:
    """Its bandwidth is missing in every sum; the other servers' is not mentioned."""
    asked = RANGES["a server without bytes"]
    assert {NO_BYTES} == remarks(boards()[uid], asked, prometheus, user="otto@old.example")


@pytest.mark.parametrize("uid", REPORTS)
def test_a_range_longer_than_memory_is_remarked(uid: str, short_memory: PrometheusServer) -> None:
    """Rows are missing although the log had them."""
    assert TOO_LONG in remarks(boards()[uid], LAST_30_DAYS, short_memory)
    young = Asked("2026-11-14", "2026-11-17")
    assert TOO_LONG not in remarks(boards()[uid], young, short_memory)


@pytest.mark.parametrize("uid", REPORTS)
def test_nothing_is_known(uid: str, empty_prometheus: PrometheusServer) -> None:
    """Before the first scrape, or with another site's data source."""
    assert EMPTY in remarks(boards()[uid], LAST_30_DAYS, empty_prometheus)


@pytest.mark.parametrize("uid", REPORTS)
def test_a_bound_is_called_one(uid: str, prometheus: PrometheusServer) -> None:
    """Where a log has only a part of something, also one half of the bandwidth."""
    assert {AT_LEAST} == remarks(boards()[uid], replace(LAST_30_DAYS, servers=("mx2",)), prometheus)


def test_start_does_not_say_that_all_is_logged(prometheus: PrometheusServer) -> None:
    """It shows the reports' numbers, so it has their remarks."""
    board = boards()["pop3-start"]
    assert {AT_LEAST} == remarks(board, replace(LAST_30_DAYS, servers=("mx2",)), prometheus)
    assert {FINE} == remarks(board, replace(LAST_30_DAYS, servers=("mx1",)), prometheus)


@pytest.mark.parametrize("uid", REPORTS)
def test_days_before_the_log_are_remarked(uid: str, prometheus: PrometheusServer) -> None:
    """They have no rows, and the reader is told why; also where the whole range lies before."""
    begun = NOT_BEFORE.format(f"{local(scenario.FIRST, scenario.ZONE):%Y-%m-%d}")
    assert begun in remarks(boards()[uid], RANGES["longer than the data"], prometheus)


@pytest.mark.parametrize("uid", REPORTS)
def test_hours_are_no_range_of_days(uid: str, prometheus: PrometheusServer) -> None:
    """Of the last six hours the whole day is shown: that is said."""
    board, begin = boards()[uid], LAST_30_DAYS.begin + 6 * 3600
    page = Page(board.json(), prometheus, begin, LAST_30_DAYS.end, {"step": "Day", "server": ALL})
    said = {words for panel, one in board.targets() if not panel for words in _words(page, one.to_json_data())}
    assert WHOLE_DAYS.format(scenario.ZONE) in said


@pytest.mark.parametrize(("uid", "label"), [("pop3-domain", "domain"), ("pop3-user", "user")])
def test_a_name_that_is_not_there_is_remarked(uid: str, label: str, prometheus: PrometheusServer) -> None:
    """Whoever asks for somebody else's, or for what has not logged in yet, does not read that nothing happened."""
    page = Page(
        boards()[uid].json(), prometheus, LAST_30_DAYS.begin, LAST_30_DAYS.end, {"step": "Day", label: "nobody"}
    )
    said = {words for panel, one in boards()[uid].targets() if not panel for words in _words(page, one.to_json_data())}
    assert f"No {label} nobody in this range: it logged in later, or you have no access to it" in said


@pytest.mark.parametrize("uid", REPORTS)
def test_imported_history_is_remarked(uid: str, site: Site, tmp_path: Path) -> None:
    """What only scrapes tell is missing, and not because nothing happened."""
    few = replace(site, scrapes=site.scrapes[-300:], instance="")
    with few.served(tmp_path) as imported:
        assert IMPORTED in remarks(boards()[uid], Asked("2026-11-16", "2026-11-18"), imported)


@pytest.mark.skipif(scenario.ZONE == "UTC", reason="the committed dashboards are for UTC")
def test_another_zone_is_remarked(prometheus: PrometheusServer) -> None:
    """On every dashboard whose days would begin at the wrong hour."""
    committed = {board.uid: board for board in all_boards("UTC")}
    said = {uid: OTHER_ZONE in remarks(committed[uid], LAST_30_DAYS, prometheus) for uid in [*REPORTS, "pop3-exporter"]}
    assert all(said.values()), said


def test_how_far_back_prometheus_reaches(prometheus: PrometheusServer) -> None:
    """In whole days, and that a quarter needs more."""
    reach = remarks(boards()["pop3-exporter"], LAST_30_DAYS, prometheus, "Prometheus history · time zones")
    assert {"44 days: a quarter is not possible yet"} == reach


@pytest.mark.parametrize(("days", "said"), [(91, "91 days: a quarter is not possible yet"), (92, "92 days")])
def test_a_quarter_takes_92_days(days: int, said: str, prometheus: PrometheusServer) -> None:
    """The same words for any age: the oldest sample's is put in its place."""
    board = boards()["pop3-exporter"]
    page = opened(board, LAST_30_DAYS, prometheus, "Day")
    target = next(target for panel, target in board.targets() if panel.startswith("Prometheus history"))
    begin, end = target.expr.index("($until-"), target.expr.index(")/86400")
    expr = f"{target.expr[:begin]}({days * 86_400 + 5}{target.expr[end:]}".replace("floor(", "floor(vector(1)*", 1)
    assert {said} == set(_words(page, target.to_json_data() | {"expr": expr}))
