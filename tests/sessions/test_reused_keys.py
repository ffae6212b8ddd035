"""Servers whose processes serve one connection after the other, and say nothing when one begins (Cyrus)."""

import pytest

from exporter.catalogue import Reason
from exporter.keys import Keys
from exporter.model import Fact, Kind
from exporter.sessions import LINGER_SECONDS
from tests.sessions.desk import IDLE, Desk

ALICE = b"alice@example.com"
BOB = b"bob@example.org"
LOGIN = Fact(Kind.LOGIN, b"7", ALICE)
COUNTS = Fact(Kind.END, b"7", reason=Reason.UNSPECIFIED, reuses_key=True)
SHUTDOWN = Fact(Kind.END, b"7", reason=Reason.SHUTDOWN, tentative=True)
NOTHING = Fact(Kind.TRAFFIC, b"7", received=0, sent=0, tentative=True)


@pytest.fixture
def desk() -> Desk:
    """A server of this kind."""
    made = Desk()
    made.sessions.use("cyrus", IDLE, Keys(are_passed_on=True))
    return made


def traffic(received: int, sent: int) -> Fact:
    """The line of bytes that follows the end."""
    return Fact(Kind.TRAFFIC, b"7", received=received, sent=sent, tentative=True)


def test_every_end_is_a_connection_of_its_own(desk: Desk) -> None:
    """Two clients that connect and leave give two ends and nothing else."""
    desk.take(COUNTS, traffic(6, 102), COUNTS, traffic(0, 97))
    assert 2 == desk.total("connections", domain="unknown") == desk.sessions.seen == desk.sessions.charged
    assert (6, 199) == (desk.total("received_bytes"), desk.total("sent_bytes"))


def test_an_end_without_bytes_is_a_process_that_goes(desk: Desk) -> None:
    """The last line of a process tells zeros: there was no connection."""
    desk.take(LOGIN, COUNTS, traffic(44, 216), COUNTS, NOTHING)
    desk.note(desk.sessions.finish())
    assert (1, 44, 216) == (desk.total("connections"), desk.total("received_bytes"), desk.total("sent_bytes"))
    assert 1 == desk.sessions.seen == desk.sessions.charged


def test_without_lines_of_bytes_an_end_is_presumed_a_connection(desk: Desk) -> None:
    """After the linger, with the stamp of its line; at once when the key goes on to somebody else."""
    desk.take(COUNTS, stamp=1000)
    assert 0 == desk.total("connections")
    desk.note(desk.sessions.expire(1001 + LINGER_SECONDS))
    assert [1000] == [charge.stamp for charge in desk.charges]
    desk.take(COUNTS, LOGIN, stamp=2000)
    assert 3 == desk.total("connections")


def test_a_process_told_to_go_served_nobody_unless_bytes_say_so(desk: Desk) -> None:
    """The server stops: idle processes end like connections."""
    desk.take(SHUTDOWN, COUNTS)
    desk.note(desk.sessions.finish())
    assert 0 == desk.total("connections")
    desk.take(SHUTDOWN, COUNTS, traffic(0, 98))
    assert {Reason.SHUTDOWN: 1} == desk.ends
    assert 1 == desk.total("terminations", domain="unknown")


def test_the_shutdown_ends_who_is_connected(desk: Desk) -> None:
    """Its end line that follows adds bytes, and no second end."""
    desk.take(LOGIN, SHUTDOWN, COUNTS, traffic(44, 228))
    assert {Reason.SHUTDOWN: 1} == desk.ends
    assert (1, 228) == (desk.total("terminations", user="alice@example.com"), desk.total("sent_bytes"))


@pytest.mark.parametrize("kind", [Kind.LOGIN, Kind.FAILURE, Kind.BAD_COMMAND, Kind.COMMAND, Kind.REFUSAL])
def test_whatever_follows_the_end_is_another_connection(desk: Desk, kind: Kind) -> None:
    """No line says that it begins."""
    desk.take(Fact(Kind.FAILURE, b"7", ALICE), COUNTS, Fact(kind, b"7", BOB, reason=Reason.RATE_LIMIT), COUNTS)
    desk.note(desk.sessions.finish())
    assert 2 == desk.total("connections")


def test_a_login_that_does_not_name_the_service_waits_for_the_end(desk: Desk) -> None:
    """IMAP writes the same login line under the same program: only POP3 counts."""
    desk.take(LOGIN._replace(tentative=True), stamp=1000)
    desk.take(LOGIN._replace(tentative=True, key=b"8"), stamp=1000)
    assert ([], 0) == (desk.charges, desk.sessions.seen)
    desk.take(COUNTS, traffic(44, 216), stamp=1005)
    desk.note(desk.sessions.finish())
    assert (1, 1) == (desk.total("connections", user="alice@example.com"), desk.total("logins"))
    assert 216 == desk.total("sent_bytes", user="alice@example.com")


def test_a_refusal_after_a_waiting_login_is_kept(desk: Desk) -> None:
    """The limit was hit after the login, whenever the service became known."""
    limit = Fact(Kind.REFUSAL, b"7", reason=Reason.CONNECTION_LIMIT, tentative=True)
    desk.take(LOGIN._replace(tentative=True), limit, COUNTS)
    assert {Reason.CONNECTION_LIMIT: 1} == desk.ends
    assert 1 == desk.total("logins")


def test_a_process_killed_after_a_waiting_login_was_of_this_service(desk: Desk) -> None:
    """The supervisor names the service; a process killed without a login served nobody, as far as we know."""
    killed = Fact(Kind.END, b"7", reason=Reason.KILLED, tentative=True)
    desk.take(LOGIN._replace(tentative=True), killed, killed._replace(key=b"8"))
    desk.note(desk.sessions.finish())
    assert {Reason.KILLED: 1} == desk.ends


def test_bytes_of_a_connection_never_seen_belong_to_nobody(desk: Desk) -> None:
    """Reading began between the end and its line of bytes."""
    desk.take(traffic(44, 216), COUNTS, traffic(6, 102))
    assert (6, 102) == (desk.total("received_bytes"), desk.total("sent_bytes"))


def test_a_restart_of_ours_keeps_what_is_not_proven(desk: Desk) -> None:
    """After the end, and between the shutdown's line and the end."""
    desk.take(COUNTS)
    desk.restart()
    desk.take(traffic(6, 102), SHUTDOWN)
    desk.restart()
    desk.take(COUNTS)
    desk.restart()
    desk.note(desk.sessions.finish())
    assert 1 == desk.total("connections") == desk.sessions.seen == desk.sessions.charged


def test_what_is_refused_after_the_login_ends_the_connection(desk: Desk) -> None:
    """A limit is checked after the line of the login: a login, and blocked; a second try is the same connection."""
    limit = Fact(Kind.REFUSAL, b"7", reason=Reason.CONNECTION_LIMIT)
    desk.take(LOGIN, limit, LOGIN, limit, COUNTS)
    assert (1, 2, 1) == (desk.total("connections"), desk.total("logins"), desk.total("blocked_connections"))
    desk.take(LOGIN, limit, LOGIN, COUNTS)
    assert (2, 1) == (desk.total("connections"), desk.total("blocked_connections"))
