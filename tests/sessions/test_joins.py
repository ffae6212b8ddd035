"""Lines after the login that name their connection by process or user, as far as the log offers it.

Dovecot 2.2's mail process names the user, 2.4's command events too; others have an id in only one of the lines.
"""

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


def test_an_end_without_a_session_is_no_connection(desk: Desk) -> None:
    """Started in mid-log; the login that comes later is another connection."""
    desk.take(LOGOUT, stamp=1000)
    desk.take(login(None), LOGOUT, stamp=1010)
    desk.note(desk.sessions.expire(2000))
    assert (1, 1) == (desk.total("connections", user="alice@example.com"), desk.total("logins"))
    assert (10, {Reason.LOGOUT: 2}) == (desk.total("sent_bytes"), desk.ends)


def test_ends_without_a_session_add_up(desk: Desk) -> None:
    """Several of one user, told before a connection was seen; over a restart of ours."""
    desk.born.add(ALICE)
    desk.take(LOGOUT, stamp=1000)
    desk.take(LOGOUT._replace(sent=7), stamp=1005)
    desk.restart()
    desk.take(LOGOUT._replace(sent=9), stamp=1010)
    desk.note(desk.sessions.expire(2000))
    assert (21, {Reason.LOGOUT: 3}, {"unjoined": 3}) == (desk.total("sent_bytes"), desk.ends, desk.signs)


def test_an_end_of_long_ago_is_not_that_of_a_new_login(desk: Desk) -> None:
    """Neither line has a key, and more than two seconds lie between them."""
    desk.take(LOGOUT, stamp=1000)
    desk.take(login(None), stamp=1010)
    assert {("mx1", "charged"): 1} == desk.sessions.open_sessions()


def test_a_login_joins_an_end_with_an_id_although_another_end_without_one_came(desk: Desk) -> None:
    """Of two ends that stood before their logins only one has an id."""
    desk.take(by_process(b"7", b"s1"), by_process(b"8", user=b"bob@example.com"), stamp=1000)
    desk.take(login(None)._replace(process=b"7"), stamp=1001)
    desk.note(desk.sessions.expire(5000))
    assert (1, {Reason.LOGOUT: 1}) == (desk.total("connections"), desk.ends)
    assert {"unjoined": 1} == desk.signs


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


def by_process(process: bytes, key: bytes | None = None, user: bytes | None = ALICE) -> Fact:
    """An end line of a server that writes the process, and perhaps the id, before it."""
    return Fact(Kind.END, key, user, reason=Reason.LOGOUT, sent=5, ok=True, by_user=not key, process=process)


def test_an_id_in_the_end_line_only_is_joined_by_the_process(desk: Desk) -> None:
    """mailcow's log: `mpid=373` in the login, `<373><session>` in the end, and a second line of that session."""
    desk.take(login(None)._replace(process=b"373"), login(None, b"192.0.2.2")._replace(process=b"375"))
    desk.take(by_process(b"375", b"s5"), by_process(b"373", b"s4"), stamp=1010)
    desk.take(Fact(Kind.TRAFFIC, b"s4", sent=9, ok=True, process=b"373"), stamp=1011)
    assert (2, 2, 14) == (desk.total("connections"), desk.total("logins"), desk.total("sent_bytes"))
    assert ({Reason.LOGOUT: 2}, {}, {}) == (desk.ends, desk.sessions.open_sessions(), desk.signs)


def test_an_id_in_the_login_line_only_is_joined_by_the_process(desk: Desk) -> None:
    """Two sessions of one user end in the other order."""
    desk.take(login(b"s1")._replace(process=b"1"), login(b"s2", b"192.0.2.2")._replace(process=b"2"))
    desk.take(by_process(b"2")._replace(reason=Reason.TIMEOUT), stamp=1500)
    desk.take(by_process(b"1"), stamp=1600)
    assert ({Reason.TIMEOUT: 1, Reason.LOGOUT: 1}, {}) == (desk.ends, desk.signs)


def test_without_id_and_process_user_and_order_decide(desk: Desk) -> None:
    """The login has neither, the end both."""
    desk.take(login(None), login(None))
    desk.take(by_process(b"1", b"s1"), by_process(b"2", b"s2"), stamp=1010)
    assert (2, {Reason.LOGOUT: 2}, {"alike": 1}) == (desk.total("connections"), desk.ends, desk.signs)


def test_a_name_that_the_user_database_completes_is_the_same_user(desk: Desk) -> None:
    """`Login: user=<alice>`, then `pop3(alice@example.com): ...`; another alice's session is not ended by it."""
    desk.take(login(b"s1")._replace(user=b"alice"))
    desk.take(by_process(b"1")._replace(user=b"alice@example.org", process=None))
    assert ({Reason.LOGOUT: 1}, {}) == (desk.ends, desk.signs)
    desk.take(login(b"s2"), by_process(b"1")._replace(user=b"alice@example.org", process=None), stamp=1100)
    assert {("mx1", "charged"): 1} == desk.sessions.open_sessions()


def test_a_name_whose_case_the_user_database_changes_is_the_same_user(desk: Desk) -> None:
    """`Login: user=<Alice@Example.COM>`, then `pop3(alice@example.com): ...`."""
    desk.take(login(None)._replace(user=b"Alice@Example.COM"), LOGOUT)
    assert ({Reason.LOGOUT: 1}, {}) == (desk.ends, desk.signs)


def test_a_process_used_again_serves_another_connection(desk: Desk) -> None:
    """One process, two connections one after the other; ids in no line, or in the ends only."""
    for number, key in enumerate((None, b"s1", None, b"s2")):
        desk.take(login(None)._replace(process=b"7"), stamp=1000 + number * 60)
        desk.restart()
        desk.take(by_process(b"7", key), stamp=1010 + number * 60)
    assert (4, {Reason.LOGOUT: 4}, {}) == (desk.total("connections"), desk.ends, desk.signs)


def test_ids_that_differ_are_never_joined(desk: Desk) -> None:
    """Also where the user is the same: the end is of a session that began before we read."""
    desk.take(login(b"s1")._replace(process=b"1"), by_process(b"1", b"s0"))
    desk.note(desk.sessions.expire(1100))
    assert {("mx1", "charged"): 1} == desk.sessions.open_sessions()
    assert {"unjoined": 1} == desk.signs


def test_an_end_told_before_its_login_is_joined_by_process(desk: Desk) -> None:
    """With the id in one of the two lines only; over a restart of ours."""
    desk.take(by_process(b"7", b"s1"), stamp=1000)
    desk.restart()
    desk.take(login(None)._replace(process=b"7"), stamp=1001)
    desk.take(by_process(b"8"), stamp=1100)
    desk.restart()
    desk.take(login(b"s2")._replace(process=b"8"), stamp=1101)
    desk.note(desk.sessions.expire(5000))
    assert (2, 10, {Reason.LOGOUT: 2}) == (desk.total("connections"), desk.total("sent_bytes"), desk.ends)
    assert ({}, {}) == (desk.signs, desk.sessions.open_sessions())


def test_a_proxy_and_its_back_end_on_one_host_are_two_services(desk: Desk) -> None:
    """They tell the same id; each has its own login, end and bytes."""
    proxied = login(b"s1")._replace(process=b"proxy")
    proxy_end = Fact(Kind.END, b"s1", ALICE, reason=Reason.LOGOUT, sent=7, ok=True, process=b"proxy")
    desk.take(proxied, login(b"s1")._replace(process=b"71"), stamp=1000)
    desk.restart()
    desk.take(by_process(b"71", b"s1"), proxy_end, stamp=1001)
    assert (2, 2, 12) == (desk.total("connections"), desk.total("logins"), desk.total("sent_bytes"))
    assert ({Reason.LOGOUT: 2}, {}) == (desk.ends, desk.signs)
