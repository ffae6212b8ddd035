"""Requests: what goes further, what does not, within which limits; without real programs behind it."""

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import bcrypt
import httpx
import pytest

from exporter.gateway import parameters
from exporter.gateway.refusal import Reason
from tests.gateway.recorded import opened, strict
from tests.gateway.recorder import GOOD, Recorder, Seen
from tests.gateway.world import Door

LIMITS = "limits: {seconds: 2, parallel: 2, bytes: 2048}\n"


@pytest.fixture
def door(tmp_path: Path, prometheus: Recorder, proxy: Recorder) -> Iterator[Door]:
    with opened(tmp_path, prometheus, proxy, LIMITS) as one:
        yield one


def test_a_customers_query_goes_through_the_label_proxy(door: Door, prometheus: Recorder, proxy: Recorder) -> None:
    """As a form written anew, with his domains and none of the client's headers."""
    headers = {"X-Grafana-Id": door.token("dora", number=9), "Cookie": "a=b", "Authorization": "Basic x", "X-Evil": "1"}
    answer = door.client.post("/api/v1/query?dedup=1", data={"query": "up", "time": "5", "x": "y"}, headers=headers)
    last = proxy.seen[-1]
    assert (200, []) == (answer.status_code, prometheus.seen)
    assert ("POST", "/api/v1/query", "query=up&time=5&timeout=2s") == (last.method, last.path, last.body)
    assert "a.example,c.example" == last.headers["x-pop3-domains"]
    assert {"cookie", "authorization", "x-evil", "x-grafana-id"}.isdisjoint(last.headers)


def test_an_administrators_query_goes_straight(door: Door, prometheus: Recorder, proxy: Recorder) -> None:
    """To Prometheus, without anybody's token."""
    assert (
        200 == door.post("/api/v1/query_range", door.operator(), query="up", start="1", end="2", step="3").status_code
    )
    assert ["query=up&start=1&end=2&step=3&timeout=2s"] == [one.body for one in prometheus.seen]
    assert ([], False) == (proxy.seen, "x-grafana-id" in prometheus.seen[0].headers)


def test_an_exempt_query_goes_straight_as_it_was_understood(door: Door, prometheus: Recorder) -> None:
    """Written anew from its words."""
    door.post("/api/v1/query", query="max(\n pop3_site_info{x='y'})")
    door.post("/api/v1/query", query="max(\n pop3_site_info)")
    assert ["query=max+%28+pop3_site_info+%29&timeout=2s"] == [one.body for one in prometheus.seen]


def test_without_rights_nothing_is_asked(door: Door, prometheus: Recorder, proxy: Recorder) -> None:
    """A good token of somebody who is not listed, or of another organisation's alice."""
    tokens = [door.token("mallory", number=8), door.token("alice", 3), door.token("root", 2, 1, role="Admin")]
    assert [403, 403, 403] == [door.post("/api/v1/query", token, query="up").status_code for token in tokens]
    assert ([], []) == (prometheus.seen, proxy.seen)


def test_errors_have_the_form_of_prometheus(door: Door) -> None:
    """So that panels show them; and nobody keeps them."""
    answer = door.client.get("/api/v1/query", params={"query": "up"})
    expected = {"status": "error", "errorType": "forbidden", "error": "not authenticated: log in to Grafana again"}
    assert (401, expected, "no-store") == (answer.status_code, answer.json(), answer.headers["cache-control"])


def test_a_refusal_is_logged_without_the_token(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    """With user and reason; names cannot write lines of their own."""
    token = door.token("evil\nINFO all is well", number=8)
    with caplog.at_level(logging.WARNING):
        door.post("/api/v1/query", token, query="up")
    lines = [record.getMessage() for record in caplog.records]
    assert ["refused /api/v1/query to 'evil\\nINFO all is well' (user:8, organisation 2): not_listed"] == lines
    assert token not in caplog.text


def test_large_requests_are_refused(door: Door, proxy: Recorder) -> None:
    """In the address and in the form, also in pieces without a length."""
    headers = {"X-Grafana-Id": door.token(), "Content-Type": "application/x-www-form-urlencoded"}

    def pieces() -> Iterator[bytes]:
        yield from [b"query=1"] + [b"%2B1" * 100] * 10

    assert 413 == door.post("/api/v1/query", query="1" + "+1" * 2000).status_code
    assert 413 == door.get("/api/v1/query", query="1" + "+1" * 2000).status_code
    assert 413 == door.client.post("/api/v1/query", content=pieces(), headers=headers).status_code
    assert [] == proxy.seen


def test_queries_of_one_user_wait_for_each_other(door: Door, prometheus: Recorder) -> None:
    """Two at a time; another user is not kept waiting."""
    busy, most, lock, release = [0], [0], threading.Lock(), threading.Event()

    def slow(one: Seen) -> tuple[int, bytes]:
        if "slow" in one.body:
            with lock:
                busy[0] += 1
                most[0] = max(most[0], busy[0])
                if busy[0] == 2:
                    release.set()
            release.wait(5)
            with lock:
                busy[0] -= 1
        return 200, GOOD

    prometheus.answer = slow
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(door.post, "/api/v1/query", door.operator(), query="slow") for _ in range(6)]
        other = door.post("/api/v1/query", door.token(), query="pop3_site_info")
        codes = [one.result().status_code for one in asked]
    assert ([200] * 6, 200, 2) == (codes, other.status_code, most[0])


def test_a_failure_of_ours_shows_nothing(
    door: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """500 in general words; the log has the rest, with the user."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(parameters, "chosen", broken)
    answer = door.post("/api/v1/query", query="up")
    assert (500, "internal error; see the log of the gateway") == (answer.status_code, answer.json()["error"])
    assert "ZeroDivisionError: secret" in caplog.text
    assert "refused /api/v1/query to 'alice' (user:7, organisation 2): internal" in caplog.text


UNREADABLE = {
    "no query": ("/api/v1/query", b"time=1"),
    "only blanks": ("/api/v1/query", b"query=++%0a"),
    "not encoded": ("/api/v1/query", b"query=\xff"),
    "nothing": ("/api/v1/query", b""),
    "many fields": ("/api/v1/series", b"&".join([b"x="] * 201)),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_refused(name: str, door: Door, proxy: Recorder) -> None:
    """400, and nothing is asked."""
    path, body = UNREADABLE[name]
    headers = {"X-Grafana-Id": door.token(), "Content-Type": "application/x-www-form-urlencoded"}
    assert 400 == door.client.post(path, content=body, headers=headers).status_code
    assert [] == proxy.seen


@pytest.mark.parametrize("label", ["a-b", "%C3%A4", "x" * 300, "1a", "a%0a", "U__x.y"])
def test_only_names_of_labels_have_values(label: str, door: Door, proxy: Recorder) -> None:
    """400, and nothing is asked."""
    assert 400 == door.get(f"/api/v1/label/{label}/values").status_code
    assert [] == proxy.seen


def test_long_selectors_are_sent_on(tmp_path: Path, prometheus: Recorder, proxy: Recorder) -> None:
    """As a form: addresses have limits of their own."""
    proxy.answer = lambda one: strict(one) if "invalid" in one.body else (200, b'{"status":"success","data":[]}')
    with opened(tmp_path, prometheus, proxy) as door:
        text = f'up{{x=~"{"x" * 70_000}"}}'
        answers = [door.post(f"/api/v1/{name}", **{"match[]": text}) for name in ("series", "labels")]
    assert [200, 200] == [one.status_code for one in answers]
    assert ["POST", "POST"] == [one.method for one in proxy.seen if "invalid" not in one.body]


def test_health_is_told_and_metrics_have_no_names(door: Door) -> None:
    """Refusals by reason, requests by endpoint; nothing of it through Grafana."""
    door.post("/api/v1/query", query="up")
    door.get("/federate")
    text = door.client.get("/metrics").text
    assert 'pop3_gateway_refusals_total{reason="endpoint"} 1.0' in text
    assert 'pop3_gateway_requests_total{code="200",endpoint="/api/v1/query"} 1.0' in text
    assert 'pop3_gateway_key_fetches_total{outcome="success"} 1.0' in text
    assert "pop3_gateway_access_file_good 1.0" in text
    assert ([], len(Reason)) == (
        [word for word in ("alice", "a.example") if word in text],
        text.count("_refusals_total{"),
    )
    assert [200, 200] == [door.client.get(f"/-/{name}").status_code for name in ("healthy", "ready")]
    assert 403 == door.get("/metrics").status_code


def test_a_bad_access_file_is_seen_from_outside(door: Door) -> None:
    """Not ready, and nobody is let in, until it is good again."""
    path = door.directory / "access.yaml"
    good = path.read_text()
    path.write_text(good + "  - {organisation: 1}\n")
    assert [503, 503] == [door.client.get("/-/ready").status_code, door.post("/api/v1/query", query="up").status_code]
    assert "pop3_gateway_access_file_good 0.0" in door.client.get("/metrics").text
    path.write_text(good)
    assert [200, 200] == [door.client.get("/-/ready").status_code, door.post("/api/v1/query", query="up").status_code]


def test_basic_auth_stands_before_everything(tmp_path: Path, prometheus: Recorder, proxy: Recorder) -> None:
    """The web configuration file of the exporter holds here, too."""
    digest = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
    (tmp_path / "web.yaml").write_text(f"basic_auth_users: {{grafana: '{digest}'}}\n")
    with opened(tmp_path, prometheus, proxy, "web_config_file: web.yaml\n") as door:
        asked = {"params": {"query": "1"}, "headers": {"X-Grafana-Id": door.token()}}
        codes = [
            door.client.get("/api/v1/query", **asked, auth=auth).status_code  # type: ignore[arg-type]
            for auth in (None, httpx.BasicAuth("grafana", "wrong"), httpx.BasicAuth("grafana", "secret"))
        ]
    assert [401, 401, 200] == codes
