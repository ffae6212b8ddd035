"""When, to whom and how often the measures of a connection are charged (design section 3)."""

from exporter.catalogue import Reason
from exporter.model import Fact, Kind
from tests.sessions.desk import Desk

ALICE = b"alice@example.com"
LOGIN = Fact(Kind.LOGIN, b"s1", ALICE, b"192.0.2.1")


def failure(user: bytes, key: bytes = b"s1") -> Fact:
    """A line of one refused attempt."""
    return Fact(Kind.FAILURE, key, user)


def end(
    reason: Reason = Reason.LOGOUT,
    *,
    failures: int = 0,
    bad_commands: int = 0,
    received: int | None = None,
    sent: int | None = None,
) -> Fact:
    """An end line of session s1."""
    return Fact(Kind.END, b"s1", None, None, reason, failures, bad_commands, received, sent)


def test_a_login_is_the_deciding_moment(desk: Desk) -> None:
    """Connection and login are charged at once, to the user, with the client's address."""
    desk.take(LOGIN)
    assert 1 == desk.total("connections", user="alice@example.com")
    assert 1 == desk.total("logins", user="alice@example.com")
    assert b"192.0.2.1" == desk.charges[0].address
    assert {("mx1", "charged"): 1} == desk.sessions.open_sessions()


def test_what_comes_after_the_login_goes_to_its_user(desk: Desk) -> None:
    """Bytes and the end are charged where the login was, the connection is not counted again."""
    desk.take(LOGIN, end(Reason.TIMEOUT, received=10, sent=20))
    assert 1 == desk.total("connections")
    assert (10, 20) == (desk.total("received_bytes", user="alice@example.com"), desk.total("sent_bytes"))
    assert 1 == desk.total("terminations", user="alice@example.com")
    assert {Reason.TIMEOUT: 1} == desk.ends


def test_a_connection_without_login_waits_for_its_end(desk: Desk) -> None:
    """Until the end nothing is charged; then all at once."""
    desk.take(Fact(Kind.CONNECT, b"s1"), failure(ALICE))
    assert [] == desk.charges
    assert {("mx1", "pending"): 1} == desk.sessions.open_sessions()
    desk.take(end(Reason.CLOSED))
    assert (1, 1) == (desk.total("connections", domain="unknown"), desk.total("login_failures", domain="unknown"))


def test_failures_before_a_login_go_to_the_names_they_used(desk: Desk) -> None:
    """Each to its own name, as known before this login's birth, with the stamp of the login."""
    desk.take(Fact(Kind.LOGIN, b"s0", b"bob@example.org"), stamp=900)
    desk.take(failure(b"bob@example.org"), failure(ALICE), stamp=1000)
    desk.take(LOGIN, stamp=1007)
    assert 1 == desk.total("login_failures", user="bob@example.org")
    assert 1 == desk.total("login_failures", domain="unknown")
    assert {1007} == {charge.stamp for charge in desk.charges[1:]}


def test_the_servers_own_count_completes_the_lines(desk: Desk) -> None:
    """With lines for two attempts and a count of three, three failures: the last user gets the rest."""
    desk.take(failure(b"x@a"), failure(b"y@a"), Fact(Kind.END, b"s1", ALICE, reason=Reason.CLOSED, failures=3))
    assert 3 == desk.total("login_failures")
    assert [b"x@a", b"y@a", ALICE] == [charge.name for charge in desk.charges[:3]]


def test_the_servers_own_count_adds_nothing_to_as_many_lines(desk: Desk) -> None:
    """Failures count once whether the server logs each attempt or not."""
    desk.take(failure(ALICE), failure(ALICE), end(Reason.CLOSED, failures=2))
    desk.take(failure(ALICE), stamp=1001)
    assert 3 == desk.total("login_failures")
    desk.take(Fact(Kind.END, b"s2", ALICE, reason=Reason.CLOSED, failures=2), failure(ALICE, b"s2"))
    assert 5 == desk.total("login_failures")


def test_a_refusal_blocks_the_connection_once(desk: Desk) -> None:
    """An end line that says only "auth failed, 2 attempts" is a blocked connection when a line told the reason."""
    refused = Fact(Kind.REFUSAL, b"s1", ALICE, reason=Reason.ACCESS_LIST)
    desk.take(refused, refused, end(Reason.CLOSED, failures=2))
    assert (1, 0) == (desk.total("blocked_connections"), desk.total("login_failures"))
    assert {Reason.ACCESS_LIST: 1} == desk.ends


def test_a_refusal_before_a_login_blocks_nothing(desk: Desk) -> None:
    """A client that was told to use TLS, did so and logged in, was not blocked."""
    desk.take(Fact(Kind.REFUSAL, b"s1", ALICE, reason=Reason.TLS_REQUIRED), LOGIN, end())
    assert 0 == desk.total("blocked_connections")
    assert {Reason.LOGOUT: 1} == desk.ends


def test_blocked_and_terminations_are_sums_of_the_ends(desk: Desk) -> None:
    """For every reason there is: exactly its class counts."""
    for number, reason in enumerate(Reason):
        desk.take(Fact(Kind.END, b"%d" % number, reason=reason))
    assert desk.total("blocked_connections") == sum(reason.end == "blocked" for reason in desk.ends)
    assert desk.total("terminations") == sum(reason.end == "terminated" for reason in desk.ends)
    assert len(Reason) == desk.total("connections")


def test_nobody_is_born_by_an_end(desk: Desk) -> None:
    """Started in mid-log: an end whose login was not seen is no connection, and no user gets series by it."""
    desk.take(Fact(Kind.END, b"s9", ALICE, reason=Reason.LOGOUT, sent=7, ok=True))
    desk.note(desk.sessions.expire(2000))
    assert ([], 0) == (desk.charges, desk.sessions.seen)
    assert {"unjoined": 1} == desk.signs


def test_an_end_without_its_login_adds_to_a_known_account(desk: Desk) -> None:
    """Bytes and the end, after the linger in which its login could still follow; no connection."""
    desk.take(LOGIN, end(), stamp=900)
    desk.take(Fact(Kind.END, b"s9", ALICE, reason=Reason.TIMEOUT, sent=7, ok=True), stamp=1000)
    assert 0 == desk.total("sent_bytes")
    desk.note(desk.sessions.expire(2000))
    assert (1, 1) == (desk.total("connections"), desk.total("logins"))
    assert (7, 1) == (desk.total("sent_bytes", user="alice@example.com"), desk.total("terminations"))
    assert {Reason.LOGOUT: 1, Reason.TIMEOUT: 1} == desk.ends
    assert 1000 == desk.charges[-1].stamp


def test_a_login_line_after_the_end_line_is_the_same_connection(desk: Desk) -> None:
    """Two processes write the two lines of a very short session; their order may turn round."""
    desk.take(Fact(Kind.END, b"s1", ALICE, reason=Reason.LOGOUT, sent=7, ok=True), LOGIN)
    assert (1, 1) == (desk.total("connections"), desk.total("logins", user="alice@example.com"))
    assert {Reason.LOGOUT: 1} == desk.ends


def test_bytes_after_the_end_are_charged_and_never_twice(desk: Desk) -> None:
    """Bytes are the connection's so far: a second line adds only what is more."""
    desk.take(LOGIN, end(sent=5), Fact(Kind.TRAFFIC, b"s1", received=3, sent=5), end(sent=6))
    assert (3, 6) == (desk.total("received_bytes"), desk.total("sent_bytes"))
    assert {Reason.LOGOUT: 1} == desk.ends


def test_bad_commands_make_one_bad_connection(desk: Desk) -> None:
    """Commands are counted each, the connection once, before or after the login, with the server's own sum."""
    bad = Fact(Kind.BAD_COMMAND, b"s1", bad_commands=1)
    desk.take(bad, bad, LOGIN, bad, end(Reason.BAD_COMMANDS, bad_commands=3))
    assert (3, 1) == (desk.total("bad_commands"), desk.total("bad_command_connections", user="alice@example.com"))


def test_tentative_facts_never_make_a_connection(desk: Desk) -> None:
    """A line that may be another service's waits, and is dropped uncharged when no line of POP3 comes."""
    desk.take(Fact(Kind.FAILURE, b"s1", ALICE, tentative=True), stamp=1000)
    assert 0 == desk.sessions.seen
    desk.note(desk.sessions.expire(5000))
    desk.note(desk.sessions.finish())
    assert [] == desk.charges


def test_tentative_facts_count_when_a_line_names_the_service(desk: Desk) -> None:
    """Then they are the connection's, and its own count does not add to them."""
    desk.take(Fact(Kind.FAILURE, b"s1", ALICE, tentative=True), end(Reason.CLOSED, failures=1))
    assert (1, 1) == (desk.total("connections"), desk.total("login_failures"))


def test_keys_are_scoped_by_server(desk: Desk) -> None:
    """The same process id on two hosts is two connections."""
    desk.take(LOGIN, server="mx1")
    desk.take(LOGIN, end(), server="mx2")
    assert (1, 1) == (desk.total("connections", server="mx1"), desk.total("connections", server="mx2"))
    assert {("mx1", "charged"): 1} == desk.sessions.open_sessions()


def test_a_key_used_again_is_a_new_connection(desk: Desk) -> None:
    """A process id comes back: its old connection, whose end nobody told, is given up."""
    desk.take(LOGIN, stamp=1000)
    other = LOGIN._replace(user=b"bob@example.org")
    desk.take(other, end(), Fact(Kind.CONNECT, b"s1"), end(Reason.CLOSED), stamp=1060)
    assert 3 == desk.total("connections")
    assert {Reason.EXPIRED: 1, Reason.LOGOUT: 1, Reason.CLOSED: 1} == desk.ends
    assert 1000 == next(charge.stamp for charge in desk.charges if charge.reason is Reason.EXPIRED)


def test_a_line_without_a_key_is_the_whole_connection(desk: Desk) -> None:
    """It ends in the same moment, for the reason that it tells, if any."""
    desk.take(Fact(Kind.END, reason=Reason.ACCESS_LIST), Fact(Kind.LOGIN, user=ALICE), Fact(Kind.FAILURE, user=ALICE))
    assert (3, 1, 1) == (desk.total("connections"), desk.total("logins"), desk.total("login_failures"))
    assert {Reason.ACCESS_LIST: 1, Reason.UNSPECIFIED: 2} == desk.ends
    assert desk.sessions.seen == desk.sessions.charged == 3


def test_a_name_that_one_database_does_not_know_may_be_known_to_another(desk: Desk) -> None:
    """The login of the same name takes the failure back; another name's stays."""
    unknown = Fact(Kind.FAILURE, b"s1", ALICE, tentative=True, ok=False)
    desk.take(unknown, failure(ALICE), unknown._replace(user=b"bob@x"))
    desk.restart()
    desk.take(LOGIN)
    assert [b"bob@x", ALICE] == sorted((charge.name for charge in desk.charges if charge.name), reverse=True)
    assert 2 == desk.total("login_failures")


def test_right_credentials_of_an_unlucky_connection_are_no_failure(desk: Desk) -> None:
    """Where the server failed after it had accepted them, what one database did not know counts for nothing."""
    desk.take(Fact(Kind.FAILURE, b"s1", ALICE, tentative=True, ok=False))
    desk.take(Fact(Kind.END, b"s1", ALICE, reason=Reason.INTERNAL_ERROR))
    assert (0, 1) == (desk.total("login_failures"), desk.total("terminations"))


def test_a_login_may_be_right_and_of_no_use(desk: Desk) -> None:
    """It is a login, and the connection ends for what the server says of it (ipop3d: `no mailbox`)."""
    login = Fact(Kind.LOGIN, b"1", b"alice@example.com", reason=Reason.MAILBOX_ERROR)
    desk.take(Fact(Kind.REFUSAL, b"1", reason=Reason.MAILBOX_ERROR), login, Fact(Kind.END, b"1", reason=Reason.LOGOUT))
    desk.take(login._replace(key=b"2"), Fact(Kind.END, b"2", reason=Reason.CLOSED))
    assert (2, 2) == (desk.total("logins", user="alice@example.com"), desk.total("terminations"))
    assert {Reason.MAILBOX_ERROR: 2} == desk.ends
