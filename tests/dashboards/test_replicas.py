"""Two Prometheus servers scrape the same exporter, and one store has both: nothing is counted twice."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.dashboards import scenario
from tests.dashboards.site import Site
from tests.dashboards.test_classes import answer
from tests.dashboards.test_numbers import UIDS, Asked, boards, opened
from tests.prometheus_server import PrometheusServer

pytestmark = [pytest.mark.tool("prometheus", "promtool"), pytest.mark.timeout(300)]

DAYS = Asked("2026-11-17", "2026-11-18")


@pytest.fixture(scope="module")
def alone(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    with _recent(site).served(tmp_path_factory.mktemp("alone")) as server:
        yield server


@pytest.fixture(scope="module")
def both(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    directory = tmp_path_factory.mktemp("both")
    first, second = directory / "first.txt", directory / "second.txt"
    _recent(site).openmetrics(first)
    second.write_text(first.read_text().replace('job="pop3"', 'job="pop3",replica="b"'))
    with PrometheusServer(directory) as server:
        server.load_blocks(first)
        server.load_blocks(second)
        yield server


def _recent(site: Site) -> Site:
    return replace(site, scrapes=[at for at in site.scrapes if at >= scenario.NOW - 3 * 86_400])


@pytest.mark.parametrize("uid", UIDS)
def test_a_second_replica_changes_no_number(uid: str, alone: PrometheusServer, both: PrometheusServer) -> None:
    """Nor does any other external label. Memory, CPU and scrapes have a line per replica."""
    board = boards()[uid]
    own, shared = (opened(board, DAYS, server, "Day") for server in (alone, both))
    differ = [
        (panel, target.refId)
        for panel, target in board.targets()
        if panel not in {"Memory and CPU", "Scrape duration"}
        and sorted(map(str, answer(own, target))) != sorted(map(str, answer(shared, target)))
    ]
    assert [] == differ
