"""A real Prometheus scrapes the web server."""

import time
from pathlib import Path

import bcrypt
import pytest

from exporter.catalogue import Scope
from exporter.model import Row
from tests.exposition.views import NOW, amounts, view
from tests.prometheus_server import PrometheusServer, labels
from tests.web.certificates import Authority
from tests.web.conftest import World

HOSTILE = ("a\\b", 'quote"', "line\nfeed", "tab\tand\rreturn", "nul\0", "{brace=~}", "%d %s %%", "bücher\u2028", "#")
DEADLINE_SECONDS = 30.0


@pytest.mark.slow
@pytest.mark.tool("prometheus")
def test_prometheus_reads_hostile_names_over_tls_as_a_user(world: World, tmp_path: Path) -> None:
    """Every name arrives as it was logged, through certificate, password and gzip."""
    authority = Authority(tmp_path)
    certificate, key = authority.issue("server")
    web = tmp_path / "web.yml"
    web.write_text(
        f"tls_server_config: {{cert_file: {certificate}, key_file: {key}}}\n"
        f"basic_auth_users: {{prometheus: {bcrypt.hashpw(b'secret', bcrypt.gensalt(4)).decode()}}}\n"
    )
    rows = [Row(("mx1", "a.example", name), NOW, amounts(connections=n)) for n, name in enumerate(HOSTILE, 1)]
    world.view = view({Scope.USER: rows})
    server = world.start(config_file=web)
    config = f"""
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: pop3
    scheme: https
    tls_config: {{ca_file: {authority.file}}}
    basic_auth: {{username: prometheus, password: secret}}
    static_configs: [{{targets: ["127.0.0.1:{server.address[1]}"], labels: {{instance: it}}}}]
"""
    try:
        with PrometheusServer(tmp_path, config=config) as prometheus:
            found = scraped(prometheus)
    finally:
        server.stop()
    same = {"__name__": "pop3_user_connections_total", "job": "pop3", "instance": "it", "server": "mx1"}
    assert {labels(**same, domain="a.example", user=name): float(n) for n, name in enumerate(HOSTILE, 1)} == found


def scraped(prometheus: PrometheusServer) -> dict[tuple[tuple[str, str], ...], float]:
    """What the first good scrape brought."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if found := prometheus.query("pop3_user_connections_total", time.time()):
            return found
        time.sleep(0.2)  # another process: it can only be asked
    return {}
