"""Who asks too much, or says nothing, takes neither memory nor places from the others."""

import asyncio
import logging
import random
import socket
import threading
import zlib
from collections.abc import AsyncIterator, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import bcrypt
import httpx
import pytest

from exporter.exposition.sources import SourceReport
from exporter.model import View
from exporter.web import pages, rendering
from exporter.web.app import _Stream, application
from exporter.web.guard import Guard
from exporter.web.landing import Landing
from exporter.web.rendering import Rendering, Renderings
from exporter.web.security import Security, _matches
from exporter.web.seldom import Seldom
from exporter.web.server import WebServer
from tests.exposition.views import large_view
from tests.web.certificates import Authority
from tests.web.conftest import World

HEAD = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n"
SCRAPE = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"


def answer(connection: socket.socket) -> bytes:
    """All that comes until the other end closes."""
    connection.settimeout(20)
    got = b""
    while True:
        try:
            piece = connection.recv(65_536)
        except ConnectionResetError:
            return got
        if not piece:
            return got
        got += piece


# ── slow readers ────────────────────────────────────────────────────────────────────────────────────────────


async def whole(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


def shown(renderings: Renderings, view: str, pieces: list[bytes]) -> Rendering:
    return renderings.get("all", lambda: view, lambda _: iter(pieces))


def test_scrapes_at_the_same_time_share_one_rendering() -> None:
    """While it is made, the same view is not made again; all get the same text, packed or plain."""

    async def scrape() -> tuple[Rendering, Rendering, bytes, Rendering]:
        renderings = Renderings()
        first = shown(renderings, "view", [b"a" * 100_000, b"b\n"])
        second = shown(renderings, "view", [b"never made"])
        text = await whole(first.plain())
        return first, second, text, shown(renderings, "view", [b"new"])

    first, second, text, later = asyncio.run(scrape())
    assert first is second
    assert b"a" * 100_000 + b"b\n" == text
    assert later is not first


def test_who_waits_waits_for_the_newest_view_with_the_others() -> None:
    """However many views come while one is rendered: only the last of them is held and shown, to all who wait."""

    async def scrape() -> tuple[set[Rendering], bytes, list[str]]:
        renderings, views, made = Renderings(), ["0"], []

        def pieces(view: str) -> Iterator[bytes]:
            made.append(view)
            yield view.encode()
            yield b"\n"

        def ask() -> Rendering:
            return renderings.get("all", lambda: views[-1], pieces)

        first = ask()
        part = await anext(first.packed().__aiter__(), b"")  # it is being made
        waiting = set()
        for number in range(1, 6):
            views.append(str(number))
            waiting.add(ask())
        assert first not in waiting
        assert part
        return waiting, await whole(waiting.copy().pop().plain()), made

    waiting, text, made = asyncio.run(scrape())
    assert (1, b"5\n", ["0", "5"]) == (len(waiting), text, made)


def test_what_cannot_be_made_breaks_off() -> None:
    """A reader gets what raised, and the next rendering is made."""

    def broken() -> Iterator[bytes]:
        yield b"begin"
        raise MemoryError

    async def scrape() -> bytes:
        renderings = Renderings()
        with pytest.raises(MemoryError):
            await whole(renderings.get("all", lambda: "view", lambda _: broken()).plain())
        return await whole(shown(renderings, "view", [b"whole"]).plain())

    assert b"whole" == asyncio.run(scrape())


def test_who_does_not_read_is_given_up_for_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Renderings that are not taken hold a bounded number of bytes; the oldest go first; who reads gets all of it."""
    monkeypatch.setattr(rendering, "KEPT_BYTES", 2_000_000)
    monkeypatch.setattr(rendering, "COMPLAINTS", Seldom(logging.getLogger("test")))
    # What the kernel keeps for a connection must be less than an answer.
    world = World(view=large_view(users=5_000, domains=20))
    server = world.start()
    silent = []
    try:
        for _ in range(12):
            connection = socket.create_connection(server.address)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(SCRAPE.replace(b"Host", b"Accept-Encoding: gzip\r\nHost"))
            assert connection.recv(10).startswith(b"HTTP/1.1 2")
            silent.append(connection)
            world.view = replace(world.view, committed_at=world.view.committed_at + 1)
        got = httpx.get(f"{server.url}/metrics", timeout=60)
        assert (200, True) == (got.status_code, got.text.endswith("\n"))
        assert "the oldest connections are closed" in caplog.text
    finally:
        for connection in silent:
            connection.close()
        server.stop()


@pytest.mark.parametrize("packed", [True, False], ids=["packed", "plain"])
def test_who_hangs_up_costs_no_more(packed: bool) -> None:  # noqa: FBT001 - a parameter
    """uvicorn takes without waiting what nobody gets any more; the other requests do not wait until it has all."""
    rendering = Rendering()
    packer, text = zlib.compressobj(1, wbits=31), random.Random(1).randbytes(1 << 20)
    for _ in range(8):
        rendering.add(packer.compress(text))
    rendering.add(packer.flush())
    rendering.end()
    sent = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "GET", "asgi": {"spec_version": "2.3"}}
    asyncio.run(_Stream(rendering, {}, packed=packed)(scope, receive, send))
    assert len(sent) < len(rendering.chunks) / 4


# ── silent connections ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("said", [b"", HEAD], ids=["nothing", "half a request"])
def test_silent_connections_make_room(world: World, said: bytes) -> None:
    """With every place taken by who says nothing, whoever asks is answered, and the oldest silent one is closed."""
    server = WebServer("127.0.0.1:0", Guard(application(world.site())), connections=5)
    server.start()
    silent = []
    try:
        for _ in range(9):
            silent.append(socket.create_connection(server.address))
            silent[-1].sendall(said)
            assert 200 == httpx.get(f"{server.url}/-/healthy", timeout=20).status_code
        assert b"" == answer(silent[0])
    finally:
        for connection in silent:
            connection.close()
        server.stop()


def test_connections_are_bounded_before_they_speak(tmp_path: Path, world: World) -> None:
    """Those that never begin their TLS handshake too: beyond twice the places a new one is closed at once."""
    certificate, key = Authority(tmp_path).issue("localhost")
    file = tmp_path / "web.yaml"
    file.write_text(f"tls_server_config: {{cert_file: {certificate}, key_file: {key}}}\n", encoding="utf-8")
    security = Security(file)
    server = WebServer("127.0.0.1:0", Guard(application(world.site()), security), security.tls, connections=3)
    server.start()
    opened = [socket.create_connection(server.address) for _ in range(6)]
    try:
        with socket.create_connection(server.address) as refused:
            assert b"" == answer(refused)
    finally:
        for connection in opened:
            connection.close()
        server.stop()


# ── HTTP and logins ─────────────────────────────────────────────────────────────────────────────────────────

HIDDEN = b"GET /metrics HTTP/1.1\r\nHost: hidden\r\n\r\n"


@pytest.mark.parametrize("length", [b"4", b"%d" % (5 + len(HIDDEN))])
def test_a_length_with_a_transfer_coding_is_refused(world: World, length: bytes) -> None:
    """RFC 9112, 6.1: answered with 400 and closed, so that no second request hides in the first."""
    server = world.start()
    head = (
        b"POST /-/healthy HTTP/1.1\r\nHost: x\r\nContent-Length: " + length + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    try:
        with socket.create_connection(server.address) as connection:
            connection.sendall(head + b"0\r\n\r\n" + HIDDEN)
            got = answer(connection)
    finally:
        server.stop()
    assert got.startswith(b"HTTP/1.1 400 ")
    assert 1 == got.count(b"HTTP/1.1 ")
    assert b"pop3_" not in got


@pytest.mark.parametrize("cost", [0, 4, 5, 6])
def test_every_login_costs_as_much_as_the_costliest(cost: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """bcrypt's work doubles with each step of the cost: whoever asks, unknown users too, it comes to the same."""
    digest = bcrypt.hashpw(b"right", bcrypt.gensalt(cost)) if cost else b""
    spent: list[int] = []
    check = bcrypt.checkpw

    def checked(password: bytes, known: bytes) -> bool:
        spent.append(2 ** int(known[4:6]))
        return check(password, known)

    monkeypatch.setattr(bcrypt, "checkpw", checked)
    assert (cost > 0) == _matches(b"right", digest, 6)
    assert not _matches(b"wrong", digest, 6)
    assert [2**6, 2**6] == [sum(spent[: len(spent) // 2]), sum(spent[len(spent) // 2 :])]


# ── pages ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_asks_for_many_pages_leaves_room_for_scrapes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are made one after the other; so many wait for their turn, and others are told to come again."""
    monkeypatch.setattr(pages, "WAITING", 3)
    begun, free = threading.Event(), threading.Event()

    def slow() -> dict[str, str]:
        begun.set()
        free.wait(20)
        return {"one": "text"}

    world.files = {"docs": slow}
    server = world.start()
    with ThreadPoolExecutor(8) as pool, httpx.Client(base_url=server.url, trust_env=False, timeout=20) as client:
        asked = [pool.submit(client.get, "/files/docs/one")]
        assert begun.wait(20)
        asked += [pool.submit(client.get, "/files/docs/one") for _ in range(7)]
        refused = [one.result() for one in islice(as_completed(asked, 20), 4)]
        assert [(503, "5")] * 4 == [(one.status_code, one.headers["retry-after"]) for one in refused]
        assert 200 == client.get("/metrics").status_code
        free.set()
        assert [200] * 4 + [503] * 4 == sorted(one.result().status_code for one in asked)
        assert 200 == client.get("/files/docs/one").status_code
    server.stop()


# ── faults ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_set_aside_is_told(client: httpx.Client, world: World) -> None:
    """Readiness and the landing page say it; it is no reason not to be ready."""
    told = "/var/log/mail.log, near byte 7: a line was set aside (ValueError at exporter/x.py:1)"
    world.process.report([SourceReport("mail", faults={"line": 3}, set_aside=(told,))])
    ready = client.get("/-/ready")
    assert (200, f"pop3-exporter is ready.\nsource mail: {told}\n") == (ready.status_code, ready.text)
    page = client.get("/").text
    assert told in page
    assert "line 3" in page
    assert 'pop3_exporter_faults_total{kind="line",source="mail"} 3.0' in client.get("/metrics").text


def test_a_page_that_cannot_be_made_ends_nothing(client: httpx.Client, world: World) -> None:
    """Whatever the view makes them raise: one 500, and the next answer is right."""

    class Broken:
        def __getattr__(self, name: str) -> object:
            raise MemoryError(name)

    right, broken = world.view, Broken()
    world.view = broken  # type: ignore[assignment]
    assert 500 == client.get("/").status_code
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/metrics")
    world.view = right
    assert isinstance(world.view, View)
    assert 200 == client.get("/metrics").status_code
    assert "ready" in Landing(world.site()).page()


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade, close\r\n\r\n",
    ],
    ids=["a broken piece", "no path", "an upgrade"],
)
def test_strangers_do_not_fill_the_log(request_: bytes, server: WebServer, caplog: pytest.LogCaptureFixture) -> None:
    """Each is answered; that somebody asks nonsense is told now and then, and without a traceback."""
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", httpx.URL(server.url).port or 0)) as connection:
            connection.sendall(request_)
            assert answer(connection).startswith(b"HTTP/1.1 ")
    assert 2 >= len(caplog.records)
    assert [] == [record for record in caplog.records if record.exc_info]
