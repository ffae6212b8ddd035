"""The pages as a client sees them."""

import gzip
import logging
from dataclasses import replace

import httpx
import pytest

from exporter.exposition.families import Group
from exporter.exposition.renderer import Exposition
from exporter.model import View
from exporter.web.app import accepts_gzip
from exporter.web.server import WebServer
from tests.exposition.views import BERLIN, NOW, large_view
from tests.web.conftest import World

LEDGER_GROUPS = frozenset({Group.SERVER, Group.DOMAIN, Group.USER})
QUERY = {"collect[]": ["server", "domain", "user"]}


def text(shown: View) -> str:
    return b"".join(Exposition(BERLIN).render(shown, NOW, LEDGER_GROUPS)).decode()


def test_metrics_is_the_exposition(client: httpx.Client, world: World) -> None:
    """The answer is the text of the view, with the content type of format 0.0.4."""
    answer = client.get("/metrics", params=QUERY)
    assert (200, text(world.view)) == (answer.status_code, answer.text)
    assert "text/plain; version=0.0.4; charset=utf-8" == answer.headers["content-type"]


def test_metrics_shows_what_was_committed_last(client: httpx.Client, world: World) -> None:
    """A new view is shown by the next scrape, on the same connection."""
    client.get("/metrics")
    world.view = large_view(users=3, domains=2)
    assert text(world.view) == client.get("/metrics", params=QUERY).text


def test_without_collect_everything_is_there(client: httpx.Client) -> None:
    """Counters of the ledger, of the sources and of the process stand in one answer."""
    answer = client.get("/metrics").text
    for line in ("pop3_connections_total{", "pop3_exporter_lines_total{", "pop3_exporter_unread_bytes{", "process_cpu"):
        assert f"\n{line}" in answer or answer.startswith(line)


def test_an_unknown_group_is_refused(client: httpx.Client) -> None:
    """A mistyped group is a 400 that lists the known ones."""
    answer = client.get("/metrics", params={"collect[]": ["server", "users"]})
    assert (400, "unknown collect[]='users': known are server, domain, user, exporter\n") == (
        answer.status_code,
        answer.text,
    )


def test_gzip_when_asked(server: WebServer, world: World) -> None:
    """Compressed for those who accept it, plain for the others, the same text in both."""
    url = f"{server.url}/metrics"
    with httpx.stream("GET", url, params=QUERY, headers={"Accept-Encoding": "gzip"}) as answer:
        assert "gzip" == answer.headers["content-encoding"]
        assert text(world.view).encode() == gzip.decompress(b"".join(answer.iter_raw()))
    plain = httpx.get(url, params=QUERY, headers={"Accept-Encoding": "identity"})
    assert ("content-encoding" in plain.headers, text(world.view)) == (False, plain.text)


@pytest.mark.parametrize(
    ("header", "accepts"),
    [("gzip", True), ("deflate, GZIP;q=0.5", True), ("*", True), ("gzip;q=0", False), ("", False), ("identity", False)],
)
def test_reads_accept_encoding(header: str, accepts: bool) -> None:  # noqa: FBT001 - a table of examples
    """q=0 is a refusal."""
    assert accepts == accepts_gzip(header)


def test_a_file_name_that_is_no_unicode_breaks_no_page(client: httpx.Client, world: World) -> None:
    """A log named in Latin-1 that may not be read: Python gives its name with a lone surrogate."""
    world.problems = ["source mail: /var/log/m\udce4il.log: Permission denied"]
    answers = [client.get(path) for path in ("/", "/-/ready")]
    assert [200, 503] == [answer.status_code for answer in answers]
    assert all(r"/var/log/m\udce4il.log: Permission denied" in answer.text for answer in answers)


@pytest.mark.parametrize("path", ["/", "/metrics", "/-/healthy", "/-/ready"])
def test_head_is_get_without_a_body(client: httpx.Client, path: str) -> None:
    """HEAD works on every page."""
    answer = client.head(path)
    assert (200, b"") == (answer.status_code, answer.content)
    assert client.get(path).headers["content-type"] == answer.headers["content-type"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_changed(client: httpx.Client, method: str) -> None:
    """Other methods are 405."""
    assert {405} == {client.request(method, path).status_code for path in ("/", "/metrics", "/-/healthy", "/-/ready")}


def test_elsewhere_is_nothing(client: httpx.Client) -> None:
    """An unknown path is 404."""
    assert 404 == client.get("/admin").status_code


def test_ready_says_why_not(client: httpx.Client, world: World) -> None:
    """Readiness follows the problems, line by line; health does not."""
    assert 200 == client.get("/-/ready").status_code
    world.problems += ["commits fail: no space left on device", "source mail: permission denied"]
    answer = client.get("/-/ready")
    expected = "commits fail: no space left on device\nsource mail: permission denied\n"
    assert (503, expected) == (answer.status_code, answer.text)
    assert 200 == client.get("/-/healthy").status_code


def test_a_mistake_of_ours_shows_nothing_of_the_inside(
    client: httpx.Client, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The client gets a bare 500, the log the reason, and the server goes on."""
    right, world.view = world.view, None  # type: ignore[assignment]
    answer = client.get("/")
    assert (500, "Internal Server Error") == (answer.status_code, answer.text)
    world.view = right
    assert 200 == client.get("/").status_code
    # Logged after the answer was sent, but before the next one of the same connection.
    assert "AttributeError" in caplog.text


def test_an_answer_that_breaks_off_is_no_whole_answer(client: httpx.Client, world: World) -> None:
    """A failure in the middle of /metrics ends the connection: half an exposition never passes for all of it."""
    rows = world.view.rows
    world.view = replace(world.view, rows={**rows, "user": {("mx1", "a.example", "u"): None}})  # type: ignore[dict-item]
    with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
        client.get("/metrics")
    world.view = replace(world.view, rows=rows)
    assert 200 == client.get("/metrics").status_code


def test_requests_are_not_logged(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    """Scrapes leave no line in the log."""
    caplog.set_level(logging.WARNING)
    client.get("/metrics")
    client.get("/nowhere")
    assert [] == [record for record in caplog.records if record.name.startswith(("uvicorn", "exporter"))]
    assert logging.WARNING == logging.getLogger("uvicorn.error").getEffectiveLevel()


def test_many_scrapes_of_a_large_site_at_once(server: WebServer, world: World) -> None:
    """Answers that are written in turns do not mix, even when the view changes under them."""
    first, second = large_view(users=400, domains=20), large_view(users=300, domains=10)
    world.view = first
    url = f"{server.url}/metrics"
    with httpx.stream("GET", url, params=QUERY) as early:
        pieces = early.iter_bytes()
        begin = next(pieces)
        world.view = second
        assert text(second) == httpx.get(url, params=QUERY).text
        assert text(first) == (begin + b"".join(pieces)).decode()
