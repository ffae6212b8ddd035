"""What stands on the wire: requests that two programs could read differently, slow ones, and the gateway's end."""

import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from dashboards.queries.gateway import GATEWAY
from exporter.gateway.config import read
from exporter.gateway.service import Service
from exporter.web import server
from tests.gateway.recorded import opened
from tests.gateway.recorder import GOOD, Recorder, Seen
from tests.gateway.world import Door

FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
LAST = "GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
SMUGGLED = "GET /api/v1/query?query=smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def door(tmp_path: Path, prometheus: Recorder, proxy: Recorder) -> Iterator[Door]:
    with opened(tmp_path, prometheus, proxy, "limits: {parallel: 2, bytes: 2048}\n") as one:
        yield one


def connected(door: Door) -> socket.socket:
    return socket.create_connection((door.client.base_url.host, door.client.base_url.port or 0), 20)


def statuses(door: Door, head: str, rest: str = "") -> list[int]:
    """The statuses of all answers to these bytes, and 200 for a last request if the connection was still good then.

    `TOKEN` stands for Alice's header.
    """
    token = f"X-Grafana-Id: {door.token()}\r\n"
    with connected(door) as connection, connection.makefile("rb") as answers:
        connection.sendall(f"{head}\r\n{rest}{LAST}".replace("TOKEN", token).encode("latin-1"))
        lines = answers.read().split(b"HTTP/1.1 ")[1:]
    return [int(line[:3]) for line in lines]


POST = f"POST /api/v1/query HTTP/1.1\r\nHost: x\r\nTOKEN{FORM}"
WIRE: dict[str, tuple[str, str, list[int]]] = {
    "as it should be": (f"{POST}Content-Length: 7\r\n", "query=1", [200]),
    "two lengths": (f"{POST}Content-Length: 7\r\nContent-Length: 70\r\n", f"query=1{SMUGGLED}", [400]),
    "a length that is a list": (f"{POST}Content-Length: 7, 70\r\n", f"query=1{SMUGGLED}", [400]),
    "a length with a sign": (f"{POST}Content-Length: +7\r\n", "query=1", [400]),
    "a length below zero": (f"{POST}Content-Length: -7\r\n", "query=1", [400]),
    "a length of other digits": (f"{POST}Content-Length: \xb2\r\n", "qu", [400]),
    "a length and pieces": (
        f"{POST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        f"7\r\nquery=1\r\n0\r\n\r\n{SMUGGLED}",
        [400],
    ),
    "pieces in another spelling": (f"{POST}Transfer-Encoding: xchunked\r\n", "7\r\nquery=1\r\n0\r\n\r\n", [400]),
    "pieces twice": (f"{POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", "0\r\n\r\n", [400]),
    "a piece of a strange size": (f"{POST}Transfer-Encoding: chunked\r\n", "0x7\r\nquery=1\r\n0\r\n\r\n", [400]),
    "a folded header": (f"{POST}X-A: b\r\n  X-Pop3-Domains: b.example\r\nContent-Length: 7\r\n", "query=1", [200]),
    "a blank before the colon": (f"{POST}X-Pop3-Domains : b.example\r\nContent-Length: 7\r\n", "query=1", [400]),
    "a null byte in a header": (f"{POST}X-A: \0\r\nContent-Length: 7\r\n", "query=1", [400]),
    "a packed form": (f"{POST}Content-Encoding: gzip\r\nContent-Length: 7\r\n", "query=1", [200]),
    "another host": ("GET /api/v1/query?query=1 HTTP/1.1\r\nHost: x?query=2#\r\nTOKEN", "", [200]),
    "a host that is no address": ("GET /api/v1/query?query=1 HTTP/1.1\r\nHost: [\r\nTOKEN", "", [200]),
    "a whole address": ("GET http://other/api/v1/query?query=1 HTTP/1.1\r\nHost: x\r\nTOKEN", "", [403]),
    "no version": ("GET /api/v1/query?query=1\r\nTOKEN", "", [400]),
    "HTTP/2": ("PRI * HTTP/2.0\r\n\r\nSM\r\n", "", [401, 400]),
    "an upgrade": (
        "GET /api/v1/query?query=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nTOKEN",
        "",
        [200],
    ),
    "a tunnel": ("CONNECT 127.0.0.1:9090 HTTP/1.1\r\nHost: x\r\nTOKEN", "", [403]),
    "the way back": ("TRACE /api/v1/query?query=1 HTTP/1.1\r\nHost: x\r\nTOKEN", "", [405]),
    "an invented method": ("LOOK /api/v1/query?query=1 HTTP/1.1\r\nHost: x\r\nTOKEN", "", [405]),
    "only the head": ("HEAD /api/v1/query?query=1 HTTP/1.1\r\nHost: x\r\nTOKEN", "", [405]),
    "no path": ("OPTIONS * HTTP/1.1\r\nHost: x\r\nTOKEN", "", [403]),
}


@pytest.mark.parametrize("name", WIRE)
def test_a_request_is_read_in_one_way_or_not_at_all(name: str, door: Door, proxy: Recorder) -> None:
    """Whatever bytes come: what goes further is at most the one query, written anew."""
    head, rest, expected = WIRE[name]
    assert statuses(door, head, rest) in (expected, [*expected, 200])
    asked = [one.body for one in proxy.seen if "invalid" not in one.body]
    assert (["query=1&timeout=60s"] if 200 in expected else []) == asked


def test_an_address_that_grows_too_long_is_refused(tmp_path: Path, prometheus: Recorder, proxy: Recorder) -> None:
    """Written anew it would be longer than an address may be: 413, and nothing is asked."""
    with opened(tmp_path, prometheus, proxy) as door:
        path = f"/api/v1/label/x/values?match[]={chr(34) * 40_000}"
        assert [413, 200] == statuses(door, f"GET {path} HTTP/1.1\r\nHost: x\r\nTOKEN")
    assert [] == [one for one in proxy.seen if "invalid" not in one.body]


def test_every_refusal_is_logged(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    """Also of methods and paths that nobody has heard of, with the user; and what has no user: the metrics."""
    for name in ("a tunnel", "an invented method", "no path"):
        statuses(door, *WIRE[name][:2])
    door.get("/metrics")
    who = "'alice' (user:7, organisation 2)"
    expected = [f"refused {page} to {who}: endpoint" for page in ("other", "/api/v1/query", "other")]
    expected.append("refused /metrics to somebody behind a proxy: endpoint")
    assert expected == [record.getMessage() for record in caplog.records if "refused" in record.getMessage()]
    assert 'pop3_gateway_refusals_total{reason="endpoint"} 4.0' in door.client.get("/metrics").text


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Grafana-Id"])
def test_metrics_are_not_for_who_comes_through_grafana(header: str, door: Door) -> None:
    """Not even when he made Grafana drop his identity (Connection: X-Grafana-Id): it says whom it speaks for."""
    assert 403 == door.client.get("/metrics", headers={header: "192.0.2.1"}).status_code
    assert 200 == door.client.get("/metrics").status_code


class Refusals(logging.Handler):
    """Tells when a refusal was logged."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.came = "", threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.text = record.getMessage()
        self.came.set()


@pytest.fixture
def refusals() -> Iterator[Refusals]:
    handler, logger = Refusals(), logging.getLogger("exporter.gateway.app")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


@pytest.fixture
def hasty(tmp_path: Path, prometheus: Recorder, proxy: Recorder) -> Iterator[Door]:
    """A gateway that gives everybody two seconds and one query."""
    with opened(tmp_path, prometheus, proxy, "limits: {seconds: 2, parallel: 1}\n") as one:
        assert 200 == one.post("/api/v1/query", query=GATEWAY).status_code
        yield one


def test_a_form_that_does_not_come_is_not_waited_for(hasty: Door) -> None:
    """504 after the seconds of a query, and the slot is free again."""
    door = hasty
    with connected(door) as connection:
        head = POST.replace("TOKEN", f"X-Grafana-Id: {door.token()}\r\n")
        connection.sendall(f"{head}Content-Length: 100\r\n\r\nquery=".encode())
        assert connection.recv(12) == b"HTTP/1.1 504"
        assert 200 == door.post("/api/v1/query", query=GATEWAY).status_code


def test_an_answer_that_is_not_taken_is_not_kept(hasty: Door, prometheus: Recorder, refusals: Refusals) -> None:
    """It counts as the user's query until he has it, and its time is bounded as well."""
    door = hasty
    prometheus.answer = lambda _: (200, GOOD[:-1] + b" " * 20_000_000 + GOOD[-1:])
    with connected(door) as connection:
        connection.sendall(
            f"GET /api/v1/query?query=up HTTP/1.1\r\nHost: x\r\nX-Grafana-Id: {door.operator()}\r\n\r\n".encode()
        )
        assert refusals.came.wait(20)
    assert "refused /api/v1/query to 'root' (user:1, organisation 1): time" == refusals.text


class Busy:
    """An upstream that notes how many ask at once, and gives each of them time to be overtaken by too many."""

    def __init__(self, too_many: int) -> None:
        self._too_many, self._reached = too_many, threading.Event()
        self._lock = threading.Lock()
        self.most = self._now = 0

    def __call__(self, _: Seen) -> tuple[int, bytes]:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
            if self._now >= self._too_many:
                self._reached.set()
        self._reached.wait(0.05)
        with self._lock:
            self._now -= 1
        row = b'{"metric":{"server":"mx1"},"value":[1,"1795000000"]}'
        return 200, GOOD.replace(b"[]", b"[" + row + b"]")


def test_the_queries_of_reports_are_counted(tmp_path: Path, prometheus: Recorder, proxy: Recorder) -> None:
    """Several reports of one user at once ask no more queries at once than he may have."""
    prometheus.answer = busy = Busy(3)
    with opened(tmp_path, prometheus, proxy, "limits: {parallel: 2}\n") as door, ThreadPoolExecutor(4) as pool:
        asked = {"by": "domain", "from_": "2026-11-01", "to": "2026-11-30"}
        reports = [pool.submit(door.get, "/report.csv", door.operator(), **asked) for _ in range(4)]
        assert [200] * 4 == [one.result().status_code for one in reports]
    assert 2 == busy.most


def test_many_may_have_dashboards_open(door: Door) -> None:
    """Each panel comes on a connection of its own."""
    with ExitStack() as stack:
        for _ in range(400):
            stack.enter_context(connected(door))
        assert 200 == door.post("/api/v1/query", query="up").status_code


def listens(url: str) -> bool:
    try:
        httpx.get(f"{url}/-/healthy", trust_env=False)
    except httpx.TransportError:
        return False
    return True


def test_what_is_asked_is_answered_before_the_end(
    door: Door, prometheus: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop waits for running queries (a few seconds), and does not take Prometheus away from them."""
    monkeypatch.setattr(server, "STOP_SECONDS", 60)  # a busy machine may need more than the few for the steps below
    asked, release = threading.Event(), threading.Event()

    def slow(_: Seen) -> tuple[int, bytes]:
        asked.set()
        release.wait(20)
        return 200, GOOD

    prometheus.answer = slow
    path = door.directory / "gateway.yaml"
    service = Service(read(path), lambda: door.clock)
    service.start()
    with ThreadPoolExecutor(2) as pool:
        headers = {"X-Grafana-Id": door.operator()}
        address = f"{service.url}/api/v1/query?query=up"
        answer = pool.submit(httpx.get, address, headers=headers, trust_env=False, timeout=30)
        assert asked.wait(20)
        stopped = pool.submit(service.stop)
        while listens(service.url):
            pass
        release.set()
        stopped.result()
        assert 200 == answer.result().status_code
