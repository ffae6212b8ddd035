"""Servers that say again and again who is logged in (perdition's `connect_relog`)."""

from exporter.catalogue import Reason
from exporter.model import Fact, Kind
from tests.sessions.desk import IDLE, Desk

HOME = b"192.0.2.1"
LOGIN = Fact(Kind.LOGIN, b"7", b"alice@example.com", HOME, ok=True)
CONNECT = Fact(Kind.CONNECT, b"7", address=HOME)
END = Fact(Kind.END, b"7", b"alice@example.com", HOME, Reason.UNSPECIFIED, sent=5, ok=True)


def test_a_reminder_is_no_login(desk: Desk) -> None:
    """However often it comes; and the session lives on by it."""
    desk.take(CONNECT, LOGIN, stamp=1000)
    for number in range(1, 5):
        desk.take(LOGIN, stamp=1000 + number * IDLE)
        desk.note(desk.sessions.expire(1000 + number * IDLE))
    desk.take(END, stamp=1001 + 4 * IDLE)
    assert 1 == desk.total("connections") == desk.total("logins") == desk.sessions.seen
    assert ({Reason.UNSPECIFIED: 1}, {}) == (desk.ends, desk.signs)


def test_a_reminder_survives_a_restart(desk: Desk) -> None:
    """Who is logged in is part of what is stored."""
    desk.take(CONNECT, LOGIN)
    desk.restart()
    desk.take(LOGIN)
    assert 1 == desk.total("logins")


def test_another_name_or_address_is_another_login(desk: Desk) -> None:
    """The process has another client, whose first line we have not seen."""
    desk.take(LOGIN, LOGIN._replace(user=b"bob@example.com"), LOGIN._replace(address=b"192.0.2.2"))
    assert 3 == desk.total("logins") == desk.sessions.seen


def test_after_the_end_the_same_line_is_a_login(desk: Desk) -> None:
    """A process id is used again."""
    desk.take(LOGIN, END)
    desk.take(CONNECT, LOGIN, stamp=1002)
    assert 2 == desk.total("connections") == desk.total("logins")
