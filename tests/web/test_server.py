"""Addresses, and the thread's life."""

import socket
import threading

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from exporter.web import protocol
from exporter.web.guard import Guard
from exporter.web.listen import ListenError, split
from exporter.web.server import WebServer
from tests.web.conftest import World


@pytest.mark.parametrize(
    ("listen", "expected"),
    [
        ("127.0.0.1:10110", ("127.0.0.1", 10110)),
        ("[::1]:10110", ("::1", 10110)),
        (":10110", ("", 10110)),
        ("mail.example.org:0", ("mail.example.org", 0)),
    ],
)
def test_reads_addresses(listen: str, expected: tuple[str, int]) -> None:
    """Host and port, brackets around IPv6, an empty host for all addresses."""
    assert expected == split(listen)


@pytest.mark.parametrize("listen", ["10110", "::1:10110", "localhost:", "localhost:http", "localhost:70000", "[::1]"])
def test_refuses_what_is_no_address(listen: str) -> None:
    """The message shows what was given, and examples."""
    with pytest.raises(ListenError, match=r'is not HOST:PORT, such as "127.0.0.1:10110"'):
        split(listen)


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "localhost:0", ":0", "[::1]:0"])
def test_serves_on_every_form_of_address(world: World, listen: str) -> None:
    """Port 0 takes a free port, and `url` finds the page."""
    try:
        server = world.start(listen)
    except ListenError:
        if "::1" in listen and not socket.has_dualstack_ipv6():
            pytest.skip("this machine has no IPv6")
        raise
    try:
        assert 200 == httpx.get(f"{server.url}/-/healthy", trust_env=False).status_code
    finally:
        server.stop()


def test_all_addresses_means_ipv4_too(world: World) -> None:
    """An empty host answers on IPv4 as well."""
    server = world.start(":0")
    try:
        assert 200 == httpx.get(f"http://127.0.0.1:{server.address[1]}/-/healthy", trust_env=False).status_code
    finally:
        server.stop()


def test_an_address_in_use_is_a_clear_error(world: World) -> None:
    """The second server says what is wrong and what to do, and leaves no thread behind."""
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            ListenError, match=f"cannot listen on 127.0.0.1:{port}: the address is in use, perhaps by another"
        ):
            world.start(f"127.0.0.1:{port}")
    assert set(threading.enumerate()) <= before


def test_an_address_of_another_machine_is_a_clear_error(world: World) -> None:
    """192.0.2.1 is nobody's."""
    with pytest.raises(ListenError, match=r"192.0.2.1:10110: this machine has no such address"):
        world.start("192.0.2.1:10110")


def test_stops_at_once_and_frees_its_address(world: World) -> None:
    """After `stop` the thread has ended and the same port can be served again; an idle client does not delay it."""
    first = world.start()
    with httpx.Client(base_url=first.url) as idle:
        idle.get("/-/healthy")
        first.stop()
    assert not first.running
    second = world.start(f"127.0.0.1:{first.address[1]}")
    try:
        assert 200 == httpx.get(f"{second.url}/-/healthy").status_code
    finally:
        second.stop()


def test_stop_is_harmless_twice(world: World) -> None:
    """The daemon may stop what has stopped."""
    server = world.start()
    server.stop()
    server.stop()
    assert not server.running


def ended(connection: socket.socket, pieces: list[bytes], seconds: float = 0.05) -> bytes:
    """Send the pieces one after the other, with a pause after each, until the server ends the connection."""
    connection.settimeout(seconds)
    got = b""
    for _ in range(200):
        try:
            if pieces:
                connection.sendall(pieces.pop(0))
            piece = connection.recv(65_536)
        except TimeoutError:
            continue
        except (ConnectionResetError, BrokenPipeError):
            return got
        if not piece:
            return got
        got += piece
    raise AssertionError("the connection still lives")


HEAD = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n"
NEVER_WHOLE = {
    "nothing": [],
    "half a head": [HEAD],
    "a byte now and then": [bytes([byte]) for byte in HEAD + b"X-Long: " + b"x" * 400],
    "nothing after an answer": [HEAD + b"\r\n"],
    "half a head after an answer": [HEAD + b"\r\n", HEAD],
    "a body that drips after its answer": [
        HEAD.replace(b"GET", b"POST") + b"Content-Length: 1000\r\n\r\n",
        *[b"x"] * 300,
    ],
}


@pytest.mark.parametrize("name", NEVER_WHOLE)
def test_who_never_asks_is_given_up(name: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However its bytes drip in, a connection without a whole request ends; answers before that are whole."""
    monkeypatch.setattr(protocol, "REQUEST_SECONDS", 0.4)
    server = world.start()
    try:
        with socket.create_connection(server.address) as connection:
            got = ended(connection, list(NEVER_WHOLE[name]))
    finally:
        server.stop()
    assert ("answer" in name) is got.startswith(b"HTTP/1.1 ")


def test_who_does_not_take_his_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not kept in memory for as long as he likes."""
    monkeypatch.setattr(protocol, "TAKE_SECONDS", 0.2)
    lost = threading.Event()
    lose = protocol.Protocol.connection_lost

    def seen(self: protocol.Protocol, error: Exception | None) -> None:
        lose(self, error)
        lost.set()

    monkeypatch.setattr(protocol.Protocol, "connection_lost", seen)

    async def large(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": bytes(50_000_000)})

    server = WebServer("127.0.0.1:0", Guard(large))
    server.start()
    try:
        with socket.create_connection(server.address) as connection:
            connection.sendall(HEAD + b"\r\n")
            assert lost.wait(20)
    finally:
        server.stop()
