"""Bytes on commands and replies are those of the line, not the connection's so far."""

from exporter.catalogue import Reason
from exporter.model import Fact, Kind
from tests.sessions.desk import Desk

ALICE = b"alice@example.com"


def exchange(kind: Kind, verb: bytes, received: int | None, sent: int | None, user: bytes | None = None) -> Fact:
    """One line of the dialogue."""
    return Fact(kind, b"1", user, received=received, sent=sent, verb=verb, ok=kind is Kind.REPLY or None)


def test_the_greeting_counts(desk: Desk) -> None:
    """Bytes on the first line are its own too."""
    desk.take(Fact(Kind.CONNECT, b"1", received=0, sent=52), exchange(Kind.COMMAND, b"USER", 24, 5, ALICE))
    desk.note(desk.sessions.finish())
    assert (24, 57) == (desk.total("received_bytes"), desk.total("sent_bytes"))


def test_bytes_of_a_dialogue_add_up(desk: Desk) -> None:
    """Those before the login are charged with it, later ones at once, all to the user."""
    desk.take(exchange(Kind.COMMAND, b"USER", 24, None, ALICE), exchange(Kind.REPLY, b"", None, 5))
    desk.take(exchange(Kind.COMMAND, b"PASS", 12, None), exchange(Kind.REPLY, b"", None, 5))
    assert (36, 10) == (desk.total("received_bytes"), desk.total("sent_bytes"))
    desk.take(exchange(Kind.COMMAND, b"QUIT", 6, None), exchange(Kind.REPLY, b"", None, 5))
    assert 42 == desk.total("received_bytes", user="alice@example.com")
    assert 15 == desk.total("sent_bytes", user="alice@example.com")
    assert 1 == desk.total("connections")


def test_the_last_line_of_a_dialogue_adds_its_bytes_too(desk: Desk) -> None:
    """Exchange's `CloseSession` has what was passed on after the login, also after a QUIT."""
    close = Fact(Kind.END, b"1", reason=Reason.CLOSED, received=61, sent=458_000, verb=b"CloseSession")
    for key, last in ((b"1", ()), (b"2", (exchange(Kind.COMMAND, b"QUIT", 6, 5)._replace(ok=True),))):
        told = (exchange(Kind.COMMAND, b"PASS", 44, 95, ALICE)._replace(ok=True), *last, close)
        desk.take(*(fact._replace(key=key) for fact in told))
    assert (2 * 105 + 6, 2 * 458_095 + 5) == (desk.total("received_bytes"), desk.total("sent_bytes"))
    assert {Reason.CLOSED: 1, Reason.LOGOUT: 1} == desk.ends


def test_a_name_beside_a_command_is_believed_where_it_tells_more(desk: Desk) -> None:
    """A column that is cut off says less than the client; one with a domain says more than a bare name."""
    for key, given, beside, charged in (
        (b"1", b"frank@example.com", b"frank", "frank@example.com"),
        (b"2", b"frank", b"frank@example.org", "frank@example.org"),
        (b"3", None, b"erin@example.org", "erin@example.org"),
    ):
        user = exchange(Kind.COMMAND, b"USER", 9, 5, given)._replace(key=key, ok=True)
        desk.take(user, exchange(Kind.COMMAND, b"PASS", 9, 5, beside)._replace(key=key, ok=True))
        assert 1 == desk.total("logins", user=charged)
