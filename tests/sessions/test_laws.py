"""Laws that hold for any facts, in any order, of several servers."""

from collections import Counter
from copy import deepcopy

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.catalogue import LOGINS, MEASURES, Reason
from exporter.keys import Keys
from exporter.model import Charge, Fact, Kind, SavedSession
from tests.oracle.sessions import General
from tests.sessions.desk import IDLE, Desk

NAMES = st.sampled_from([None, b"alice@example.com", b"bob@example.org", b"\xff"])
KEYS = st.sampled_from([None, b"1", b"2", b"3"])
SMALL = st.integers(0, 3)
BYTES = st.none() | st.integers(0, 1000)
FACTS = st.builds(
    Fact,
    kind=st.sampled_from(Kind),
    key=KEYS,
    user=NAMES,
    address=st.sampled_from([None, b"192.0.2.1", b"192.0.2.2"]),
    reason=st.none() | st.sampled_from(Reason),
    failures=SMALL,
    bad_commands=SMALL,
    received=BYTES,
    sent=BYTES,
    tentative=st.booleans(),
    verb=st.sampled_from([b"", b"USER", b"PASS", b"AUTH", b"QUIT", b"HELO"]),
    ok=st.none() | st.booleans(),
    by_user=st.booleans(),
    by_address=st.booleans(),
    reuses_key=st.booleans(),
    process=st.sampled_from([None, b"7", b"8", b"proxy"]),
).map(lambda fact: fact if fact.kind is Kind.END else fact._replace(reuses_key=False))
LINES = st.lists(st.tuples(st.sampled_from(["mx1", "mx2"]), st.integers(0, 3 * IDLE), FACTS), max_size=40)


def pending(desk: Desk) -> int:
    """Open connections that are not charged."""
    return sum(count for (_, state), count in desk.sessions.open_sessions().items() if state == "pending")


@settings(max_examples=60, deadline=None)
@given(LINES, st.integers(0, 40))
def test_connections_seen_are_charged_or_pending(lines: list[tuple[str, int, Fact]], restart_at: int) -> None:
    """At every moment, over a restart, and with each connection's end counted once."""
    desk = Desk()
    for number, (server, stamp, fact) in enumerate(lines):
        if number == restart_at:
            desk.restart()
        desk.take(fact, stamp=stamp, server=server)
        assert desk.sessions.seen == desk.sessions.charged + pending(desk)
        assert desk.sessions.charged == desk.total("connections")
    desk.note(desk.sessions.finish())
    assert desk.sessions.seen == desk.sessions.charged == desk.total("connections")
    # An end whose login was not seen may be added to a known account, and nothing else is an end too many.
    assert 0 <= sum(desk.ends.values()) - desk.sessions.charged <= desk.signs.get("unjoined", 0)
    assert desk.total("terminations") == sum(n for reason, n in desk.ends.items() if reason.end == "terminated")
    assert desk.total("blocked_connections") == sum(n for reason, n in desk.ends.items() if reason.end == "blocked")


@settings(max_examples=60, deadline=None)
@given(LINES)
def test_amounts_are_positive(lines: list[tuple[str, int, Fact]]) -> None:
    """No charge takes anything back, so no counter falls; each login has an address, and nothing else has."""
    desk = Desk()
    for server, stamp, fact in lines:
        desk.take(fact, stamp=stamp, server=server)
    assert all(amount > 0 for charge in desk.charges for _, amount in charge.amounts)
    # By the address it is known which user logged in when.
    assert all((charge.address is not None) is (LOGINS in dict(charge.amounts)) for charge in desk.charges)
    assert {position for charge in desk.charges for position, _ in charge.amounts} <= set(range(len(MEASURES)))


@settings(max_examples=60, deadline=None)
@given(LINES)
def test_plain_lines_come_to_the_same(lines: list[tuple[str, int, Fact]]) -> None:
    """Of plain lines nothing else is looked for; where it is, all charges are equal."""
    desk, general = Desk(), Desk()
    general.sessions = General(general.resolve, IDLE)
    for one in (desk, general):
        one.sessions.use("dovecot", IDLE, Keys(are_unique=True))
    for server, stamp, fact in lines:
        desk.take(fact, stamp=stamp, server=server)
        general.take(fact, stamp=stamp, server=server)
    for one in (desk, general):
        one.note(one.sessions.finish())
    assert bare(general.charges) == bare(desk.charges)


@settings(max_examples=400, deadline=None)
@given(LINES, st.integers(1, 10), st.integers(1, 40))
def test_what_commits_have_stored_is_what_lives(
    lines: list[tuple[str, int, Fact]], every: int, restart_at: int
) -> None:
    """A stage that goes on from what several commits stored and removed charges as the one that went on itself."""
    lines.sort(key=lambda line: line[1])  # when it last looked who is over is not stored
    desk, other = Desk(), Desk()
    stored: dict[tuple[str, bytes], SavedSession] = {}
    for number, (server, stamp, fact) in enumerate(lines):
        if number % every == 0 or number == restart_at:
            desk.note(desk.sessions.expire(stamp))
            opened, closed = desk.sessions.changes()
            stored |= {(one.server, one.key): one for one in opened}
            stored = {place: one for place, one in stored.items() if place not in closed}
            memory = desk.sessions._memory
            assert stored.keys() == {*memory.open, *memory.waiting, *memory.lingering, *memory.given_up}
        if number == restart_at:
            other = Desk(desk.born.copy())
            other.sessions.restore([*stored.values()], desk.sessions.seen, desk.sessions.charged, other.intern)
            other.sessions._told = deepcopy(desk.sessions._told)  # which lines may be told again is not stored
            desk.charges.clear()
        desk.take(fact, stamp=stamp, server=server)
        if number >= restart_at:
            if number % every == 0:
                other.note(other.sessions.expire(stamp))
            other.take(fact, stamp=stamp, server=server)
    if len(lines) > restart_at:
        for one in (desk, other):
            one.note(one.sessions.finish())
        # In any order: what is restored stands in the order of its last lines.
        assert sorted(map(str, bare(other.charges))) == sorted(map(str, bare(desk.charges)))


def bare(charges: list[Charge]) -> list[object]:
    """Charges without the identity of their accounts, which are each desk's own, and the order of amounts."""
    return [
        (one.account.domain, one.account.user, one.stamp, Counter(dict(one.amounts)), one.reason, one.address, one.name)
        for one in charges
    ]
