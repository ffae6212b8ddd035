"""A real Prometheus that holds what the exporter of a small site would have shown, and a Grafana in front of it."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from dashboards.__main__ import main
from tests.dashboards import grafana_server, scenario
from tests.dashboards.grafana_api import Login
from tests.dashboards.site import Site
from tests.dashboards.viewer import Viewer, chromium, logged_in
from tests.prometheus_server import Engine, PrometheusServer


@pytest.fixture(scope="session")
def site() -> Site:
    return scenario.site()


@pytest.fixture(scope="session")
def prometheus(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """`POP3_QUERY_URL`: another engine that holds the site; `POP3_QUERY_HEADERS`: `X-Scope-OrgID: 1; Name: value`."""
    if url := os.environ.get("POP3_QUERY_URL"):
        pairs = (pair.partition(":") for pair in os.environ.get("POP3_QUERY_HEADERS", "").split(";") if pair.strip())
        yield Engine(url, {name.strip(): value.strip() for name, _, value in pairs})
        return
    with site.served(tmp_path_factory.mktemp("site")) as server:
        yield server


@pytest.fixture(scope="session")
def empty_prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    with PrometheusServer(tmp_path_factory.mktemp("empty")) as server:
        yield server


@pytest.fixture(scope="session")
def prometheus_only(
    prometheus: PrometheusServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Login]]:
    """A Grafana's address, and a Viewer of the dashboards over the tests' Prometheus."""
    if not grafana_server.is_there():
        pytest.skip("neither GRAFANA_URL nor GRAFANA_HOME names a Grafana")
    directory = tmp_path_factory.mktemp("grafana")
    main(["--time-zone", scenario.ZONE, "--output", str(directory / "dashboards")])
    with grafana_server.some_grafana(directory) as api, api.organisation("POP3 dashboards") as place:
        place.data_source("Prometheus", "prometheus", prometheus.url, is_default=True)
        place.dashboards(directory / "dashboards")
        yield api.url, place.user("viewer")


@pytest.fixture(scope="module")  # a browser holds the thread's event loop
def context(prometheus_only: tuple[str, Login]) -> Iterator[BrowserContext]:
    with chromium() as browser, logged_in(browser, *prometheus_only) as context:
        yield context


@pytest.fixture
def viewer(context: BrowserContext, prometheus_only: tuple[str, Login]) -> Iterator[Viewer]:
    page = context.new_page()
    yield Viewer(page, prometheus_only[0])
    page.close()
