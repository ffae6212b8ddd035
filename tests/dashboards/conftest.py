"""A real Prometheus that holds what the exporter of a small site would have shown."""

from collections.abc import Iterator

import pytest

from tests.dashboards import scenario
from tests.dashboards.site import Site
from tests.prometheus_server import PrometheusServer


@pytest.fixture(scope="session")
def site() -> Site:
    return scenario.site()


@pytest.fixture(scope="session")
def prometheus(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    directory = tmp_path_factory.mktemp("site")
    history = directory / "history.txt"
    site.openmetrics(history)
    with PrometheusServer(directory) as server:
        server.load_blocks(history)
        history.unlink()
        yield server


@pytest.fixture(scope="session")
def empty_prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    with PrometheusServer(tmp_path_factory.mktemp("empty")) as server:
        yield server
