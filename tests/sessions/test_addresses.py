"""Lines that name their connection by the client's address (solid-pop3d, Courier's TLS errors)."""

from exporter.catalogue import Reason
from exporter.model import Fact, Kind, SavedSession
from exporter.sessions import LINGER_SECONDS
from exporter.sessions.session import load
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


# ── lines that may be of another connection ─────────────────────────────────────────────────────────────────

LEFT = TLS_ERROR._replace(likely=True)
LOGIN = Fact(Kind.LOGIN, b"1", ALICE, HOME)
LOGOUT = Fact(Kind.END, b"1", ALICE, HOME, Reason.LOGOUT, ok=True)


def test_what_may_be_of_another_connection_ends_none(desk: Desk) -> None:
    """The session's own end counts, and a login that comes later is a login."""
    desk.take(connect(b"1"), LOGIN, LEFT, LOGOUT)
    desk.take(connect(b"2"), LEFT, LOGIN._replace(key=b"2"), LOGOUT._replace(key=b"2"))
    assert {Reason.LOGOUT: 2} == desk.ends
    assert 2 == desk.total("logins", user="alice@example.com") == desk.sessions.seen


def test_what_no_line_of_its_own_ends_has_ended_as_presumed(desk: Desk) -> None:
    """Also over a restart of ours."""
    desk.take(connect(b"1"), LEFT, stamp=1000)
    desk.restart()
    desk.note(desk.sessions.expire(1001 + IDLE))
    assert {Reason.TLS_FAILED: 1} == desk.ends
    assert 1 == desk.sessions.seen


def test_what_has_ended_lately_hides_no_failed_handshake(desk: Desk) -> None:
    """Nor does a session that is logged in, where the line is of one that is not."""
    desk.take(connect(b"1"), LOGIN, LOGOUT, LEFT)
    desk.take(connect(b"2"), LOGIN._replace(key=b"2"), LEFT._replace(ok=False))
    assert {Reason.LOGOUT: 1, Reason.TLS_FAILED: 2} == desk.ends
    assert 4 == desk.sessions.seen


# ── keys that grow ──────────────────────────────────────────────────────────────────────────────────────────

PORTED = Fact(Kind.LOGIN, b"192.0.2.1 2981", ALICE, HOME, former=b"192.0.2.1 ")


def test_a_login_goes_on_with_what_its_former_key_began(desk: Desk) -> None:
    """Courier 2005 to 2019: the address alone, then address and port."""
    desk.take(connect(b"192.0.2.1 "), Fact(Kind.FAILURE, b"192.0.2.1 ", ALICE, HOME), PORTED)
    desk.restart()
    desk.take(Fact(Kind.END, b"192.0.2.1 2981", ALICE, HOME, Reason.LOGOUT, sent=7, ok=True))
    assert 1 == desk.total("connections", user="alice@example.com") == desk.sessions.seen
    assert (1, 1, 7) == (desk.total("logins"), desk.total("login_failures"), desk.total("sent_bytes"))
    assert {} == desk.sessions.open_sessions()


def test_a_former_key_is_taken_once(desk: Desk) -> None:
    """The next login of the address is a connection of its own; and so is one whose key was always whole."""
    desk.take(connect(b"192.0.2.1 "), PORTED, PORTED._replace(key=b"192.0.2.1 2982"))
    desk.take(connect(b"192.0.2.1 2983"), PORTED._replace(key=b"192.0.2.1 2983"))
    assert 3 == desk.total("connections") == desk.total("logins") == desk.sessions.seen


def test_a_session_of_an_older_version_has_the_reason_that_it_had(desk: Desk) -> None:
    """Its name in the ledger was another one."""
    saved = SavedSession("mx1", b"k", {"last": 1, "deadline": 2, "presumed": "reset"})
    assert Reason.RESET is load(saved, desk.intern).likely
