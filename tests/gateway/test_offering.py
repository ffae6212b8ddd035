"""How the dashboards learn that their data source is a gateway: the same for all who are let in, for nobody else."""

import pytest

from dashboards.queries.gateway import GATEWAY
from exporter.gateway.offering import offer
from tests.gateway.world import LAST, Door

pytestmark = [pytest.mark.tool("prometheus", "promtool", "prom-label-proxy"), pytest.mark.timeout(120)]

ROW = {"metric": {"__name__": GATEWAY}, "value": [LAST, "1"]}


def test_everybody_who_is_let_in_is_told(door: Door) -> None:
    """A customer and an operator get the same row, by GET and by POST."""
    for token in (door.token(), door.operator()):
        assert [ROW] == door.rows(GATEWAY, token)
        assert [ROW] == door.get("/api/v1/query", token, query=GATEWAY, time=str(LAST)).json()["data"]["result"]


def test_nobody_else_is(door: Door) -> None:
    """Without a token, and without an entry in the access file."""
    assert 401 == door.client.get("/api/v1/query", params={"query": GATEWAY}).status_code
    assert 403 == door.get("/api/v1/query", door.token("mallory", number=99), query=GATEWAY).status_code


def test_it_is_no_way_around(door: Door) -> None:
    """Only the bare name is answered; whatever else has it inside is a query like all others."""
    for query in (f"{GATEWAY} or pop3_domain_connections_total", f'{GATEWAY}{{domain="b.example"}}', f"-{GATEWAY}"):
        assert offer([("query", query), ("time", "1")]) is None
        assert "b.example" not in {row["metric"].get("domain") for row in door.rows(query.split("{")[0])}
    assert offer([("query", GATEWAY), ("time", "yesterday")]) is None
    assert offer([("query", GATEWAY), ("time", "nan")]) is None
    answer = door.get("/api/v1/query_range", query=GATEWAY, start=str(LAST - 60), end=str(LAST), step="60")
    assert [] == answer.json()["data"]["result"]
