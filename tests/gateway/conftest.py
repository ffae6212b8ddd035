"""A real Prometheus with three customers' numbers, a real prom-label-proxy before it, and the gateway."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboards.site import Site
from tests.gateway import world
from tests.gateway.label_proxy import label_proxy
from tests.gateway.recorded import strict
from tests.gateway.recorder import Recorder
from tests.gateway.world import Door
from tests.prometheus_server import NO_SCRAPES, PrometheusServer


@pytest.fixture(scope="session")
def customers() -> Site:
    return world.site()


@pytest.fixture(scope="session")
def full_prometheus(customers: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    directory = tmp_path_factory.mktemp("customers")
    (directory / "rules.yml").write_text(world.RULES)
    history = directory / "history.txt"
    customers.openmetrics(history)
    with PrometheusServer(directory, config=f"{NO_SCRAPES}rule_files: [rules.yml]\n") as server:
        server.load_blocks(history)
        yield server


@pytest.fixture(scope="session")
def enforcing(full_prometheus: PrometheusServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the prom-label-proxy."""
    with label_proxy(full_prometheus.url, tmp_path_factory.mktemp("proxy") / "log") as url:
        yield url


@pytest.fixture(scope="session")
def door(full_prometheus: PrometheusServer, enforcing: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """The gateway before all of it, shared: tests change nothing of it."""
    with Door(tmp_path_factory.mktemp("gateway"), full_prometheus.url, enforcing).open() as opened:
        yield opened


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def prometheus() -> Iterator[Recorder]:
    with Recorder() as recorder:
        yield recorder


@pytest.fixture
def proxy() -> Iterator[Recorder]:
    with Recorder(strict) as recorder:
        yield recorder
