"""Lines that name their connection by the client's address (solid-pop3d, Courier's TLS errors)."""

from exporter.catalogue import Reason
from exporter.model import Fact, Kind
from exporter.sessions import LINGER_SECONDS
from tests.sessions.desk import IDLE, Desk

HOME = b"192.0.2.1"
ALICE = b"alice@example.com"
CHILD_QUITS = Fact(Kind.END, b"99", address=HOME, reason=Reason.LOGOUT, by_address=True)
TLS_ERROR = Fact(Kind.END, None, address=HOME, reason=Reason.TLS_FAILED, by_address=True)


def connect(key: bytes, address: bytes = HOME) -> Fact:
    """The first line of a connection."""
    return Fact(Kind.CONNECT, key, address=address, by_address=True)


def test_another_process_ends_the_connection_of_its_address(desk: Desk) -> None:
    """The newest one before its login."""
    desk.take(connect(b"1"), connect(b"2"), Fact(Kind.LOGIN, b"2", ALICE, HOME), connect(b"3", b"192.0.2.9"))
    desk.take(CHILD_QUITS)
    assert {Reason.LOGOUT: 1} == desk.ends
    assert {("mx1", "charged"): 1, ("mx1", "pending"): 1} == desk.sessions.open_sessions()


def test_a_known_key_goes_before_the_address(desk: Desk) -> None:
    """Whoever says which connection it is, is believed."""
    desk.take(connect(b"99"), connect(b"2"), CHILD_QUITS, Fact(Kind.LOGIN, b"2", ALICE, HOME))
    assert (1, 1) == (desk.total("connections", user="alice@example.com"), desk.total("connections", domain="unknown"))


def test_a_line_without_key_ends_any_open_connection_of_its_address(desk: Desk) -> None:
    """Also a logged in one; one that has just ended has ended."""
    desk.take(connect(b"1"), Fact(Kind.LOGIN, b"1", ALICE, HOME), TLS_ERROR, TLS_ERROR)
    assert {Reason.TLS_FAILED: 1} == desk.ends
    assert 1 == desk.total("connections") == desk.sessions.seen


def test_a_line_without_key_is_a_connection_where_none_is_known(desk: Desk) -> None:
    """A handshake that failed before the server said that somebody is there."""
    desk.take(connect(b"1", b"192.0.2.9"), TLS_ERROR)
    assert {Reason.TLS_FAILED: 1} == desk.ends
    assert 2 == desk.sessions.seen


def test_addresses_are_forgotten_with_their_connections(desk: Desk) -> None:
    """Memory is bounded by what is open or has just ended."""
    desk.take(connect(b"1"), stamp=1000)
    desk.note(desk.sessions.expire(1001 + IDLE))
    desk.note(desk.sessions.expire(1100 + IDLE + LINGER_SECONDS))
    desk.take(TLS_ERROR, stamp=2000)
    assert 2 == desk.sessions.seen


def test_a_restart_of_ours_keeps_addresses(desk: Desk) -> None:
    """They are part of the sessions that are stored."""
    desk.take(connect(b"1"))
    desk.restart()
    desk.take(CHILD_QUITS)
    assert 1 == desk.total("connections") == desk.sessions.seen
