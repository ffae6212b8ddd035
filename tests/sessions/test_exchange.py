"""Bytes on commands and replies are those of the line, not the connection's so far."""

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
