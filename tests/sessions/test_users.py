"""Servers whose lines name the user instead of the connection (Dovecot 2.2's mail process, 2.4's command events)."""

from exporter.catalogue import Reason
from exporter.model import Fact, Kind
from tests.sessions.desk import Desk

ALICE = b"alice@example.com"
LOGOUT = Fact(Kind.END, None, ALICE, reason=Reason.LOGOUT, sent=5, ok=True, by_user=True)


def login(key: bytes | None, address: bytes = b"192.0.2.1") -> Fact:
    """A login line, with or without a key of its own."""
    return Fact(Kind.LOGIN, key, ALICE, address, by_user=key is None)


def test_the_end_of_a_user_is_the_end_of_his_oldest_session(desk: Desk) -> None:
    """Two sessions of one user at a time: their ends and bytes are his, whichever is which."""
    desk.take(login(b"s1"), login(None), LOGOUT, LOGOUT._replace(sent=6, reason=Reason.CLOSED))
    assert (2, 2) == (desk.total("connections"), desk.total("logins", user="alice@example.com"))
    assert 11 == desk.total("sent_bytes", user="alice@example.com")
    assert {Reason.LOGOUT: 1, Reason.CLOSED: 1} == desk.ends
    assert {} == desk.sessions.open_sessions()


def test_an_end_without_a_session_is_a_connection(desk: Desk) -> None:
    """Started in mid-log; a second one, later, is another connection."""
    desk.take(LOGOUT, stamp=1000)
    desk.take(login(None), LOGOUT, stamp=1010)
    assert (2, 1) == (desk.total("connections", user="alice@example.com"), desk.total("logins"))


def test_the_login_line_may_stand_behind_the_end_line(desk: Desk) -> None:
    """Two processes write them: seen in two of 53 sessions of a real log."""
    desk.take(LOGOUT, login(None), stamp=1000)
    desk.take(LOGOUT, stamp=1100)
    desk.restart()
    desk.take(login(b"s2"), stamp=1101)
    assert (2, 2) == (desk.total("connections"), desk.total("logins", user="alice@example.com"))


def test_a_command_belongs_to_the_session_from_its_address(desk: Desk) -> None:
    """Two sessions at a time: each has its own bad command, and the one that has just ended may still get one."""
    bad = Fact(Kind.BAD_COMMAND, None, ALICE, b"192.0.2.2", bad_commands=1, tentative=True, by_user=True)
    desk.take(login(b"s1"), login(b"s2", b"192.0.2.2"), bad, bad, bad._replace(address=b"192.0.2.1"))
    desk.take(Fact(Kind.END, b"s2", reason=Reason.LOGOUT), bad)
    assert (4, 2) == (desk.total("bad_commands"), desk.total("bad_command_connections"))


def test_a_command_of_nobody_is_dropped(desk: Desk) -> None:
    """A session that we know nothing about does not begin with a command."""
    desk.take(Fact(Kind.BAD_COMMAND, None, ALICE, bad_commands=1, tentative=True, by_user=True))
    assert 0 == desk.sessions.seen == desk.total("bad_commands")
