"""The real Prometheus of the other tests."""

from pathlib import Path

import pytest

from tests.prometheus_server import PrometheusServer, labels

NOON = 1_790_000_000
HISTORY = f"""\
# TYPE pop3_connections counter
pop3_connections_total{{server="mx"}} 5 {NOON}
pop3_connections_total{{server="mx"}} 7 {NOON + 86_400}
# EOF
"""


@pytest.mark.tool("prometheus", "promtool")
def test_answers_from_blocks_of_an_openmetrics_file(tmp_path: Path) -> None:
    """Samples with stamps months away are there as soon as they are loaded, for instant and range queries."""
    history = tmp_path / "history.txt"
    history.write_text(HISTORY)
    with PrometheusServer(tmp_path) as server:
        assert {} == server.query("pop3_connections_total", NOON)
        server.load_blocks(history)
        assert {labels(__name__="pop3_connections_total", server="mx"): 5.0} == server.query(
            "pop3_connections_total", NOON + 60
        )
        assert {
            labels(__name__="pop3_connections_total", server="mx"): [(NOON, 5.0), (NOON + 86_400, 7.0)]
        } == server.query_range("last_over_time(pop3_connections_total[1h])", NOON, NOON + 86_400, 86_400)
        with pytest.raises(RuntimeError, match="parse error"):
            server.query("sum(", NOON)
