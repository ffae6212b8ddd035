"""`ignore_addresses`: connections of load balancers and monitors count only if they try to log in."""

from functools import partial
from ipaddress import ip_network

import pytest

from exporter.addresses import is_in
from exporter.catalogue import Reason
from exporter.keys import Keys
from exporter.model import Fact, Kind
from exporter.sessions import Sessions
from tests.sessions.desk import IDLE, Desk

NETWORKS = (ip_network("10.0.0.0/28"), ip_network("2001:db8::/64"))
CLOSED = Fact(Kind.END, b"s1", reason=Reason.CLOSED)


@pytest.fixture
def desk() -> Desk:
    """A source with a load balancer."""
    made = Desk()
    made.sessions = Sessions(made.resolve, IDLE, probes=partial(is_in, NETWORKS))
    return made


@pytest.mark.parametrize("address", [b"10.0.0.3", b"::ffff:10.0.0.3", b"2001:db8::5"])
def test_a_connection_without_a_login_is_counted_apart(desk: Desk, address: bytes) -> None:
    """With and without a line of its begin, and where no line tells its end."""
    desk.take(Fact(Kind.CONNECT, b"s1", address=address), CLOSED)
    desk.take(CLOSED._replace(key=b"s2", address=address), CLOSED._replace(key=None, address=address))
    desk.take(Fact(Kind.CONNECT, b"s3", address=address))
    desk.note(desk.sessions.finish())
    assert ([], {"probes": 4}) == (desk.charges, desk.signs)
    assert 0 == desk.sessions.seen == desk.sessions.charged


def test_who_tries_to_log_in_counts(desk: Desk) -> None:
    """A login, a refused password, a name."""
    begin = Fact(Kind.CONNECT, b"s1", address=b"10.0.0.3")
    desk.take(begin, Fact(Kind.LOGIN, b"s1", b"alice@example.com"), CLOSED)
    desk.take(begin, Fact(Kind.FAILURE, b"s1", b"alice@example.com"), CLOSED, stamp=1100)
    desk.take(CLOSED._replace(key=b"s4", address=b"10.0.0.3", user=b"bob@example.com", failures=1), stamp=1200)
    assert (3, {}) == (desk.total("connections"), desk.signs)


def test_an_attempt_refused_for_want_of_tls_counts(desk: Desk) -> None:
    """Dovecot does not log its name: `tried to use disallowed plaintext auth`."""
    desk.take(CLOSED._replace(address=b"10.0.0.3", reason=Reason.TLS_REQUIRED))
    assert (1, 1, {}) == (desk.total("connections"), desk.total("blocked_connections"), desk.signs)


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("kind", [Kind.FAILURE, Kind.REFUSAL])
def test_an_attempt_told_after_its_end_counts(desk: Desk, kind: Kind, restarts: bool) -> None:  # noqa: FBT001
    """Another process may write its line behind the end, with the same stamp or an earlier one."""
    desk.sessions.use("dovecot", IDLE, Keys(are_unique=True))
    desk.take(CLOSED._replace(address=b"10.0.0.3"), stamp=1001)
    if restarts:
        opened, _ = desk.sessions.changes()
        desk.sessions.restore(opened, desk.sessions.seen, desk.sessions.charged, desk.intern)
    desk.take(Fact(kind, b"s1", b"mallory@example.com", reason=Reason.POLICY), stamp=1000)
    assert 1 == desk.total("connections") == desk.sessions.seen == desk.sessions.charged
    assert (kind is Kind.FAILURE, kind is Kind.REFUSAL) == (
        desk.total("login_failures"),
        desk.total("blocked_connections"),
    )
    assert {Reason.CLOSED if kind is Kind.FAILURE else Reason.POLICY: 1} == desk.ends


def test_other_addresses_count(desk: Desk) -> None:
    """Also what is no address."""
    for number, address in enumerate((b"10.0.0.16", b"10.0.1.3", b"2001:db8:0:1::5", b"nonsense", b"\xff", None)):
        desk.take(CLOSED._replace(key=b"%d" % number, address=address))
    assert (6, {}) == (desk.total("connections"), desk.signs)


def test_a_login_told_after_its_end_counts(desk: Desk) -> None:
    """It was left out, and was no probe: its end counts, too."""
    desk.take(CLOSED._replace(address=b"10.0.0.3"), Fact(Kind.LOGIN, b"s1", b"alice@example.com"))
    assert 1 == desk.total("connections") == desk.sessions.seen == desk.sessions.charged
    assert {Reason.CLOSED: 1} == desk.ends
