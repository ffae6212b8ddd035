"""Requests: what goes further, what does not, within which limits; without real programs behind it."""

import gzip
import json
import logging
import os
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import bcrypt
import httpx
import pytest

from dashboards.queries.gateway import GATEWAY
from exporter.gateway import keys, parameters, upstream
from exporter.gateway.refusal import Reason
from tests.gateway.recorded import CONFLICT, opened, strict
from tests.gateway.recorder import GOOD, Recorder, Seen
from tests.gateway.signing import Signer, jwks, viewer
from tests.gateway.world import Door
from tests.web.certificates import Authority

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


def test_the_label_proxy_proves_itself_once(door: Door, proxy: Recorder) -> None:
    """Three trial questions before the first of a customer, none for a while after it."""
    for _ in range(3):
        assert 200 == door.post("/api/v1/query", query="up").status_code
    trials = [one.headers.get("x-pop3-domains") for one in proxy.seen if "invalid" in one.body]
    assert ["one.invalid", "one.invalid,two.invalid", None] == trials


LENIENT = {
    "Prometheus itself": lambda _: (200, GOOD),
    "without -error-on-replace, or another label": lambda one: (
        (200, GOOD) if "x-pop3-domains" in one.headers else (400, CONFLICT)
    ),
    "without -header-uses-list-syntax, or with -regex-match": lambda _: (400, CONFLICT),
    "a fixed value instead of the header": lambda one: strict(one) if "x-pop3-domains" in one.headers else (200, GOOD),
    "a web server": lambda _: (200, b"<html>"),
    "one that refuses in other words": lambda _: (400, b'{"errorType":"bad_data"}'),
}


@pytest.mark.parametrize("name", LENIENT)
def test_what_does_not_enforce_gets_no_question(name: str, tmp_path: Path, prometheus: Recorder) -> None:
    """A wrong address or flag: 503 for customers, and their questions are never sent there."""
    with Recorder(LENIENT[name]) as wrong, opened(tmp_path, prometheus, wrong) as door:
        answers = [door.post("/api/v1/query", query="secret"), door.get("/api/v1/series"), door.get("/api/v1/alerts")]
        assert [503, 503, 503] == [answer.status_code for answer in answers]
        assert "does not enforce" in answers[0].json()["error"]
        assert [] == [one for one in wrong.seen if "invalid" not in one.body]


def test_without_rights_nothing_is_asked(door: Door, prometheus: Recorder, proxy: Recorder) -> None:
    """A good token of somebody who is not listed, or of another organisation's alice."""
    tokens = [door.token("mallory", number=8), door.token("alice", 3), door.token("root", 2, 1, role="Admin")]
    assert [403, 403, 403] == [door.post("/api/v1/query", token, query="up").status_code for token in tokens]
    assert ([], []) == (prometheus.seen, proxy.seen)


def test_errors_have_the_form_of_prometheus(door: Door) -> None:
    """So that panels show them; and nobody keeps them."""
    answer = door.client.get("/api/v1/query", params={"query": "up"})
    expected = {"status": "error", "errorType": "forbidden", "error": "no valid identity: log in to Grafana again"}
    assert (401, expected, "no-store") == (answer.status_code, answer.json(), answer.headers["cache-control"])


def test_a_refusal_is_logged_without_the_token(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    """With user and reason; names cannot write lines of their own."""
    token = door.token("evil\nINFO all is well", number=8)
    with caplog.at_level(logging.WARNING):
        door.post("/api/v1/query", token, query="up")
    lines = [record.getMessage() for record in caplog.records]
    assert ["refused /api/v1/query to 'evil\\nINFO all is well' (user:8, organisation 2): not_listed"] == lines
    assert token not in caplog.text


def test_a_rotated_key_is_learnt(
    tmp_path: Path, prometheus: Recorder, proxy: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first token with it is enough."""
    monkeypatch.setattr(keys, "PAUSE_SECONDS", 0)
    with opened(tmp_path, prometheus, proxy) as door:
        new = Signer("id-2026-12-es256")
        token = new.token(viewer(now=door.clock))
        codes = [door.post("/api/v1/query", one, query="up").status_code for one in (door.token(), token)]
        door.grafana.document = jwks(door.signer, new)
        codes += [door.post("/api/v1/query", one, query="up").status_code for one in (door.token(), token)]
    assert [200, 401, 200, 200] == codes


def test_keys_are_fetched_also_while_all_connections_are_busy(
    tmp_path: Path, prometheus: Recorder, proxy: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slow queries of some must not keep others from being known."""
    monkeypatch.setattr(keys, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(upstream, "CONNECTIONS", 1)
    asked, release = threading.Event(), threading.Event()

    def slow(_: Seen) -> tuple[int, bytes]:
        asked.set()
        release.wait(30)
        return 200, GOOD

    prometheus.answer = slow
    with opened(tmp_path, prometheus, proxy) as door, ThreadPoolExecutor(1) as pool:
        busy = pool.submit(door.post, "/api/v1/query", door.operator(), query="up")
        assert asked.wait(30)
        new = Signer("id-2026-12-es256")
        door.grafana.document = jwks(door.signer, new)
        answer = door.post("/api/v1/query", new.token(viewer(now=door.clock)), query=GATEWAY)
        release.set()
        assert (200, 200) == (answer.status_code, busy.result().status_code)


def test_large_requests_are_refused(door: Door, proxy: Recorder) -> None:
    """In the address and in the form, also in pieces without a length."""
    headers = {"X-Grafana-Id": door.token(), "Content-Type": "application/x-www-form-urlencoded"}

    def pieces() -> Iterator[bytes]:
        yield from [b"query=1"] + [b"%2B1" * 100] * 10

    assert 413 == door.post("/api/v1/query", query="1" + "+1" * 2000).status_code
    assert 413 == door.get("/api/v1/query", query="1" + "+1" * 2000).status_code
    assert 413 == door.client.post("/api/v1/query", content=pieces(), headers=headers).status_code
    assert [] == proxy.seen


def test_slow_upstreams_are_given_up(tmp_path: Path, prometheus: Recorder, proxy: Recorder) -> None:
    """504 after the configured seconds, in the words of a panel."""
    release = threading.Event()
    prometheus.answer = lambda _: (release.wait(30), (200, GOOD))[1]
    with opened(tmp_path, prometheus, proxy, "limits: {seconds: 0.3}\n") as door:
        answer = door.post("/api/v1/query", door.operator(), query="up")
        release.set()
    assert (504, "timeout") == (answer.status_code, answer.json()["errorType"])


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


UPSTREAM = {
    "not JSON": (200, b"<html>"),
    "an error": (422, b'{"status":"error","error":"many-to-many"}'),
    "a list": (200, b"[]"),
    "a redirect": (302, b""),
}


@pytest.mark.parametrize("name", UPSTREAM)
def test_a_report_of_a_broken_upstream_is_an_error(name: str, door: Door, prometheus: Recorder) -> None:
    """502, never half a file."""
    prometheus.answer = lambda _: UPSTREAM[name]
    answer = door.get("/report.csv", door.operator(), from_="2026-11-01", to="2026-11-30")
    assert (502, "application/json") == (answer.status_code, answer.headers["content-type"])


def test_a_query_of_a_report_that_fails_is_an_error(door: Door, prometheus: Recorder) -> None:
    """In Prometheus's words in the log, not in the answer."""
    row = b'{"metric":{"server":"mx1"},"value":[1,"1795000000"]}'
    failed = b'{"status":"error","errorType":"execution","error":"many-to-many"}'
    prometheus.answer = lambda one: (422, failed) if "sum+by" in one.body else (200, GOOD.replace(b"[]", b"[%s]" % row))
    answer = door.get("/report.csv", door.operator(), from_="2026-11-01", to="2026-11-30", by="domain")
    assert (502, "Prometheus refused the query") == (answer.status_code, answer.json()["error"])


@pytest.mark.parametrize("document", [None, b"", b"{}", b"x" * 2_000_000])
def test_without_keys_nobody_is_let_in(document: bytes | None, door: Door, caplog: pytest.LogCaptureFixture) -> None:
    """503 where Grafana is not there, or answers something else at the address of its keys."""
    if document is None:
        door.grafana.stop()
    else:
        door.grafana.document = document
    assert 503 == door.post("/api/v1/query", query="up").status_code
    assert "Grafana's signing keys cannot be fetched: " in caplog.text
    assert 'pop3_gateway_key_fetches_total{outcome="failure"} 1.0' in door.client.get("/metrics").text


def test_a_failure_of_ours_shows_nothing(
    door: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """500 in general words; the log has the rest, with the user."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(parameters, "chosen", broken)
    answer = door.post("/api/v1/query", query="up")
    assert (500, "the gateway failed; its log says why") == (answer.status_code, answer.json()["error"])
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


NO_ANSWERS = {
    "a page": (200, b"<html>"),
    "a proxy's error": (502, b"<html>nginx at 10.1.2.3</html>"),
    "nothing": (204, b""),
    "a redirect": (302, b"<a href='http://10.1.2.3/'>"),
    "who are you": (401, b"Unauthorized"),
    "other data": (200, b'{"status":"success","data":3}'),
}


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_what_is_no_answer_of_prometheus_is_not_passed_on(
    name: str, door: Door, prometheus: Recorder, proxy: Recorder
) -> None:
    """502, and none of its words: they are about machines that are nobody's business."""
    prometheus.answer = lambda _: NO_ANSWERS[name]
    proxy.answer = lambda one: strict(one) if "invalid" in one.body else NO_ANSWERS[name]
    answers = [
        door.get("/api/v1/alerts"),
        *([] if name == "other data" else [door.get("/api/v1/labels"), door.get("/api/v1/alerts", door.operator())]),
    ]
    assert {(502, "Prometheus cannot be asked just now")} == {(one.status_code, one.json()["error"]) for one in answers}


def test_a_packed_answer_is_not_unpacked(door: Door, prometheus: Recorder) -> None:
    """A few kilobytes could become gigabytes: none is asked for, and what comes nevertheless is refused."""
    prometheus.answer = lambda _: (200, gzip.compress(GOOD))
    prometheus.headers = {"Content-Encoding": "gzip"}
    answer = door.post("/api/v1/query", door.operator(), query="up")
    assert (502, "identity") == (answer.status_code, prometheus.seen[-1].headers["accept-encoding"])


def test_large_answers_are_given_up(door: Door, prometheus: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they come, not when they are whole."""
    monkeypatch.setattr(upstream, "MAX_ANSWER_BYTES", 100_000)
    prometheus.answer = lambda _: (200, GOOD + b" " * 200_000)
    answer = door.post("/api/v1/query", door.operator(), query="up")
    assert (502, "the answer is too large: ask for less") == (answer.status_code, answer.json()["error"])


def test_no_proxy_of_the_environment_is_used(
    tmp_path: Path, prometheus: Recorder, proxy: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys and questions go where the configuration says."""
    with Recorder() as elsewhere:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, elsewhere.url)
        with opened(tmp_path, prometheus, proxy) as door:
            assert 200 == door.post("/api/v1/query", query="up").status_code
    assert [] == elsewhere.seen


def test_an_upstream_must_show_a_certificate_that_the_machine_trusts(
    tmp_path: Path, proxy: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that the system's store does not know is as good as no answer; a site's own authority can be added there."""
    authority = Authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("server"))
    codes = []
    with Recorder(tls=context) as secret:
        for store in (os.devnull, str(authority.file)):
            monkeypatch.setenv("SSL_CERT_FILE", store)
            with opened(tmp_path, secret, proxy) as door:
                codes.append(door.post("/api/v1/query", door.operator(), query="up").status_code)
    assert [502, 200] == codes


def test_an_upstream_that_is_not_there_is_an_error(tmp_path: Path, proxy: Recorder) -> None:
    """502 in words for people."""
    with Recorder() as gone:
        pass
    with opened(tmp_path, gone, proxy) as door:
        answer = door.post("/api/v1/query", door.operator(), query="up")
    assert (502, "Prometheus cannot be asked just now") == (answer.status_code, answer.json()["error"])


def test_alerts_are_looked_at_twice(door: Door, proxy: Recorder) -> None:
    """What a proxy lets through by mistake is taken out."""
    labels = [{"domain": "a.example"}, {"domain": "b.example"}, {}]
    alerts = json.dumps({"status": "success", "data": {"alerts": [{"labels": one} for one in labels]}}).encode()
    proxy.answer = lambda one: (200, alerts) if one.path == "/api/v1/alerts" else strict(one)
    assert [{"labels": {"domain": "a.example"}}] == door.get("/api/v1/alerts").json()["data"]["alerts"]


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
