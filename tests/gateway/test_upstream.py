"""Prometheus, prom-label-proxy and Grafana's keys, when they are not as they should be."""

import gzip
import json
import os
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dashboards.queries.gateway import GATEWAY
from exporter.gateway import keys, upstream
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


def test_slow_upstreams_are_given_up(tmp_path: Path, prometheus: Recorder, proxy: Recorder) -> None:
    """504 after the configured seconds, in the words of a panel."""
    release = threading.Event()
    prometheus.answer = lambda _: (release.wait(30), (200, GOOD))[1]
    with opened(tmp_path, prometheus, proxy, "limits: {seconds: 0.3}\n") as door:
        answer = door.post("/api/v1/query", door.operator(), query="up")
        release.set()
    assert (504, "timeout") == (answer.status_code, answer.json()["errorType"])


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
    assert {(502, "Prometheus cannot be reached now")} == {(one.status_code, one.json()["error"]) for one in answers}


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
    assert (502, "the response is too large: query less") == (answer.status_code, answer.json()["error"])


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
    assert (502, "Prometheus cannot be reached now") == (answer.status_code, answer.json()["error"])


def test_alerts_are_looked_at_twice(door: Door, proxy: Recorder) -> None:
    """What a proxy lets through by mistake is taken out."""
    labels = [{"domain": "a.example"}, {"domain": "b.example"}, {}]
    alerts = json.dumps({"status": "success", "data": {"alerts": [{"labels": one} for one in labels]}}).encode()
    proxy.answer = lambda one: (200, alerts) if one.path == "/api/v1/alerts" else strict(one)
    assert [{"labels": {"domain": "a.example"}}] == door.get("/api/v1/alerts").json()["data"]["alerts"]
