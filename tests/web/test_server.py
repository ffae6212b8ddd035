"""Addresses, and the thread's life."""

import socket
import threading

import httpx
import pytest

from exporter.web.listen import ListenError, split
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
            ListenError, match=f"cannot listen on 127.0.0.1:{port}: the address is in use; does another"
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
