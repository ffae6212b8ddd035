"""Expiry, restarts of the server, restarts of ours."""

from exporter.catalogue import Reason
from exporter.model import Fact, Kind, SavedSession
from exporter.sessions import GIVEN_UP_SECONDS, LINGER_SECONDS, RESTART_SECONDS, Sessions
from tests.sessions.desk import IDLE, Desk

ALICE = b"alice@example.com"
LOGIN = Fact(Kind.LOGIN, b"s1", ALICE)
LOGOUT = Fact(Kind.END, b"s1", ALICE, reason=Reason.LOGOUT, sent=9, ok=True)


def test_a_silent_session_is_given_up_with_the_stamp_of_its_last_line(desk: Desk) -> None:
    """Expiry runs on log time; the end's class is unknown."""
    desk.take(Fact(Kind.CONNECT, b"s1"), stamp=1000)
    desk.take(Fact(Kind.FAILURE, b"s1", ALICE), stamp=1010)
    desk.note(desk.sessions.expire(1010 + IDLE))
    assert [] == desk.charges
    desk.note(desk.sessions.expire(1050 + IDLE))
    assert {1010} == {charge.stamp for charge in desk.charges}
    assert {Reason.EXPIRED: 1} == desk.ends


def test_expiry_does_not_depend_on_how_often_it_is_asked_for(desk: Desk) -> None:
    """A line after the idle time finds its session given up, as if expiry had run just before."""
    desk.take(LOGIN, stamp=1000)
    desk.take(LOGOUT, stamp=1001 + IDLE)
    other = Desk()
    other.take(LOGIN, stamp=1000)
    other.note(other.sessions.expire(1001 + IDLE))
    other.take(LOGOUT, stamp=1001 + IDLE)
    assert other.charges == desk.charges or other.book == desk.book
    assert {Reason.EXPIRED: 1} == desk.ends == other.ends


def test_an_end_after_the_expiry_adds_its_bytes_and_no_connection(desk: Desk) -> None:
    """A download of hours has no line in between."""
    desk.take(LOGIN, stamp=1000)
    desk.note(desk.sessions.expire(5000))
    desk.take(LOGOUT, stamp=GIVEN_UP_SECONDS)
    assert (1, 9) == (desk.total("connections"), desk.total("sent_bytes", user="alice@example.com"))


def test_a_start_of_the_server_ends_what_was_open_after_a_grace(desk: Desk) -> None:
    """Sessions of a stopped server may write their end for a while; others are given up then."""
    desk.take(LOGIN, Fact(Kind.LOGIN, b"s2", ALICE), stamp=1000)
    desk.take(Fact(Kind.RESTART), stamp=1010)
    desk.take(LOGOUT, Fact(Kind.LOGIN, b"s3", ALICE), stamp=1020)
    desk.note(desk.sessions.expire(1011 + RESTART_SECONDS))
    assert {Reason.LOGOUT: 1, Reason.EXPIRED: 1} == desk.ends
    assert {("mx1", "charged"): 1} == desk.sessions.open_sessions()


def test_a_start_of_one_server_leaves_the_others(desk: Desk) -> None:
    """Several hosts in one log: only the one that started is meant."""
    desk.take(LOGIN, stamp=1000)
    desk.take(Fact(Kind.RESTART), stamp=1010, server="mx2")
    desk.note(desk.sessions.expire(1011 + RESTART_SECONDS))
    assert {} == desk.ends


def test_a_restart_of_ours_changes_nothing(desk: Desk) -> None:
    """Every kind of memory survives: waiting, pending, charged, ended lately, given up."""
    steps = [
        Fact(Kind.FAILURE, b"s1", b"b\xffob@x", tentative=True),
        Fact(Kind.BAD_COMMAND, b"s1", bad_commands=2),
        LOGIN,
        LOGOUT,
        Fact(Kind.TRAFFIC, b"s1", received=4, sent=10),
        Fact(Kind.COMMAND, b"s2", ALICE, verb=b"USER"),
        Fact(Kind.REPLY, b"s2", ok=True),
        Fact(Kind.COMMAND, b"s2", verb=b"PASS"),
        Fact(Kind.REPLY, b"s2", ok=True),
        Fact(Kind.REFUSAL, b"s3", ALICE, reason=Reason.POLICY),
        Fact(Kind.END, b"s3", reason=Reason.CLOSED),
    ]
    whole = Desk()
    for stamp, step in enumerate(steps, 1000):
        desk.take(step, stamp=stamp)
        desk.restart()
        whole.take(step, stamp=stamp)
    assert whole.book == desk.book
    assert whole.ends == desk.ends
    assert 3 == desk.sessions.seen == desk.sessions.charged


def test_only_what_changed_is_written(desk: Desk) -> None:
    """And what was never written is never removed."""
    desk.take(LOGIN, stamp=1000)
    opened, closed = desk.sessions.changes()
    assert ([b"s1"], ()) == ([saved.key for saved in opened], closed)
    assert ((), ()) == desk.sessions.changes()
    desk.take(LOGOUT, stamp=1001)
    assert 1 == len(desk.sessions.changes()[0])
    desk.take(Fact(Kind.END, b"s2", reason=Reason.CLOSED), stamp=1002)
    desk.note(desk.sessions.expire(1003 + LINGER_SECONDS))
    assert ((), (("mx1", b"s1"),)) == desk.sessions.changes()


def test_the_number_of_open_sessions_is_bounded() -> None:
    """Beyond the bound the oldest is given up and counted; no connection is lost."""
    desk = Desk()
    desk.sessions = Sessions(desk.resolve, IDLE, max_open=10)
    for number in range(30):
        desk.take(Fact(Kind.CONNECT, b"%d" % number))
    assert {"given_up": 20} == desk.signs
    assert 20 == desk.total("connections")
    assert 10 == sum(desk.sessions.open_sessions().values())
    desk.note(desk.sessions.finish())
    assert 30 == desk.total("connections") == desk.sessions.seen == desk.sessions.charged


def test_saved_sessions_are_json_of_what_is_known(desk: Desk) -> None:
    """The ledger keeps them as text; names that are no UTF-8 come back as they were."""
    desk.take(Fact(Kind.FAILURE, b"s1", b"\xff\x00@x"))
    (saved,), _ = desk.sessions.changes()
    assert isinstance(saved, SavedSession)
    desk.sessions.changes()
    fresh = Sessions(desk.resolve, IDLE)
    fresh.restore([saved], 1, 0, desk.intern)
    fresh._memory.touched.add(("mx1", b"s1"))
    assert ((saved,), ()) == fresh.changes()
