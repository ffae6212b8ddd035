"""Beyond its bounds the stage gives up the oldest, and counts nothing twice for it."""

from exporter.catalogue import Reason
from exporter.model import Fact, Kind
from exporter.sessions import Sessions
from exporter.sessions.memory import MAX_GIVEN_UP
from tests.sessions.desk import IDLE, Desk

MANY = MAX_GIVEN_UP + 500


def flooded(lines: list[Kind]) -> Desk:
    """Far more connections than may be open, each with these lines, first all first ones, then all second ones."""
    desk = Desk()
    desk.sessions = Sessions(desk.resolve, IDLE, max_open=100)
    for kind in lines:
        ok = True if kind is Kind.END and Kind.LOGIN in lines else None
        for number in range(MANY):
            desk.take(Fact(kind, b"%d" % number, b"alice@example.com", reason=Reason.LOGOUT, ok=ok))
    desk.note(desk.sessions.expire(1000 + IDLE))
    return desk


def test_a_login_that_was_given_up_is_not_counted_again_by_its_end() -> None:
    """Also when what was given up had to be forgotten."""
    desk = flooded([Kind.LOGIN, Kind.END])
    assert MANY == desk.total("connections") == desk.total("logins") == desk.sessions.seen
    assert desk.signs["given_up"] == MANY - 100


def test_a_connection_that_was_given_up_is_not_counted_again_by_its_end() -> None:
    """Of a server that logs how each connection begins, an end alone never begins one while some were forgotten."""
    desk = flooded([Kind.CONNECT, Kind.END])
    assert MANY == desk.total("connections") == desk.sessions.seen


def test_what_a_connection_tries_is_stored_within_a_bound() -> None:
    """Sixty long names in each of its commits would fill the disk; their failures are counted all the same."""
    desk = Desk()
    for number in range(60):
        desk.take(Fact(Kind.FAILURE, b"7", b"%0200d@example.com" % number))
    (saved,), _ = desk.sessions.changes()
    assert len(str(saved.data)) < 3_000
    desk.take(Fact(Kind.END, b"7", reason=Reason.CLOSED))
    assert 60 == desk.total("login_failures", domain="unknown")


def test_a_connection_that_tries_short_names_is_told_them_all() -> None:
    """A guesser's fifty names of usual length are all kept until they are charged."""
    desk = Desk()
    for number in range(50):
        desk.take(Fact(Kind.FAILURE, b"7", b"user%d@example.com" % number))
    desk.take(Fact(Kind.END, b"7", reason=Reason.CLOSED))
    assert 50 == len({charge.name for charge in desk.charges if charge.name})
