"""One session is one connection, however often its lines are told: by the logger, by two files, by two sources."""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.catalogue import Reason
from exporter.keys import Keys
from exporter.model import Charge, Fact, Kind
from exporter.sessions import Neighbours, Sessions, Sign, told
from exporter.sessions.told import LINES_KEPT
from tests.sessions.desk import IDLE, Desk

ALICE = b"alice@example.com"


def session(number: int) -> list[Fact]:
    """The lines of one connection with an id of its own."""
    key, process = b"s%d" % number, b"%d" % (100 + number)
    return [
        Fact(Kind.FAILURE, key, b"mallory@example.com", tentative=True),
        Fact(Kind.LOGIN, key, ALICE, b"192.0.2.1", process=process),
        Fact(Kind.END, key, ALICE, reason=Reason.LOGOUT, received=5, sent=number, ok=True, process=process),
    ]


def unique(desk: Desk, neighbours: Neighbours[Sessions] | None = None) -> Sessions:
    """A stage over a server whose ids are never used again."""
    sessions = Sessions(desk.resolve, IDLE, neighbours=neighbours)
    sessions.use("dovecot", IDLE, Keys(are_unique=True))
    sessions.meet("mx1")
    return sessions


def test_a_login_told_twice_is_one(desk: Desk) -> None:
    """Every line of the log stands there twice."""
    desk.sessions = unique(desk)
    for number in range(20):
        for fact in session(number):
            desk.take(fact, fact, stamp=1000 + number)
    assert (20, 20, 100) == (desk.total("connections"), desk.total("logins"), desk.total("received_bytes"))
    assert ({"duplicates": 20}, {Reason.LOGOUT: 20}) == (desk.signs, desk.ends)


def test_without_an_id_in_the_login_its_process_tells(desk: Desk) -> None:
    """mailcow's settings: the id stands in the end line only. Two files with the same lines, each read a while."""
    desk.sessions = unique(desk)
    for number in range(20):
        _, login, end = session(number)
        for _ in range(2):
            desk.take(login._replace(key=None), stamp=1000 + number * 60)
            desk.take(end, stamp=1005 + number * 60)
    assert (20, 20, 100) == (desk.total("connections"), desk.total("logins"), desk.total("received_bytes"))
    assert {Reason.LOGOUT: 20} == desk.ends


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 30), st.integers(0, 400), st.integers(0, 100))
def test_a_second_file_with_the_same_lines_adds_nothing(count: int, pause: int, restart: int) -> None:
    """Read after the first, from its beginning, however long ago its sessions were."""
    desk = Desk()
    desk.sessions = unique(desk)
    lines = [(1000 + number * 7 + 2 * at, fact) for number in range(count) for at, fact in enumerate(session(number))]
    for stamp, fact in lines:
        desk.take(fact, stamp=stamp)
    once = desk.book.copy()
    desk.note(desk.sessions.expire(1000 + count * 7 + pause))
    for position, (stamp, fact) in enumerate(lines):
        desk.take(fact, stamp=stamp)
        if position == restart:
            desk.note(desk.sessions.expire(1000 + count * 7 + 2 * pause))
    desk.note(desk.sessions.finish())
    assert once == desk.book
    assert count == desk.total("connections") == sum(desk.ends.values())


def bare(number: int, layout: str) -> list[Fact]:
    """A login and an end of which one has no id, or none has; `p`: both name the process."""
    _, login, end = session(number)
    process = login.process if "p" in layout else None
    login = login._replace(key=login.key if "l" in layout else None, by_user="l" not in layout, process=process)
    key = b"e%d" % number if "e" in layout else None
    return [login, end._replace(key=key, by_user=key is None, process=process)]


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.sampled_from(["e", "p", "pe", "pl"]), st.booleans())
def test_two_files_without_ids_tell_one_session(count: int, size: int, layout: str, apart: bool) -> None:  # noqa: FBT001
    """As above, of servers that log no id: read a part of one file, then the same part of the other."""
    desk = Desk()
    neighbours: Neighbours[Sessions] = Neighbours()
    first = unique(desk, neighbours)
    second = unique(desk, neighbours) if apart else first
    lines = [
        (1000 + number * 60 + 5 * at, fact) for number in range(count) for at, fact in enumerate(bare(number, layout))
    ]
    for begin in range(0, len(lines), 2 * size):
        for source in (first, second):
            for stamp, fact in lines[begin : begin + 2 * size]:
                desk.note(source.take("mx1", stamp, fact))
            desk.note(source.expire(lines[begin][0]))
    for source in {id(first): first, id(second): second}.values():
        desk.note(source.finish())
    assert (count, count) == (desk.total("connections"), desk.total("logins"))
    assert (5 * count, {Reason.LOGOUT: count}) == (desk.total("received_bytes"), desk.ends)


def test_equal_lines_of_one_file_are_two_connections(desk: Desk) -> None:
    """A server without ids, and a client that connects twice a second."""
    login, end = bare(1, "")
    desk.take(login, end, login, end)
    desk.take(Fact(Kind.CONNECT, b"7"), stamp=1005)
    assert (2, {"alike": 2}) == (desk.total("connections"), desk.signs)


def test_an_id_that_comes_back_later_is_another_connection(desk: Desk) -> None:
    """A line told again bears its old stamp; a newer one is of a new connection."""
    desk.sessions = unique(desk)
    desk.take(*session(1), stamp=1000)
    desk.note(desk.sessions.expire(1100))
    desk.take(*session(1), stamp=1200)
    assert (2, {}) == (desk.total("connections"), desk.signs)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.booleans(), min_size=30, max_size=30), st.booleans())
def test_two_sources_of_one_server_tell_one_session(order: list[bool], twice: bool) -> None:  # noqa: FBT001
    """Logins in one file and ends in the other, or all in both, in any order of reading."""
    desk = Desk()
    neighbours: Neighbours[Sessions] = Neighbours()
    sources = unique(desk, neighbours), unique(desk, neighbours)
    lines = [(1000 + number, fact) for number in range(10) for fact in session(number)]
    for (stamp, fact), first in zip(lines, order, strict=True):
        desk.note(sources[first].take("mx1", stamp, fact))
        if twice:
            desk.note(sources[not first].take("mx1", stamp, fact))
    for source in sources:
        desk.note(source.finish())
    assert (10, 10) == (desk.total("connections"), desk.total("logins"))
    assert {Reason.LOGOUT: 10} == desk.ends
    assert (50, 45) == (desk.total("received_bytes"), desk.total("sent_bytes"))


def test_an_id_at_two_servers_is_noticed(desk: Desk) -> None:
    """A proxy and its back end: both are counted, and it is said."""
    desk.sessions = unique(desk)
    desk.sessions.meet("mx2")
    for number in range(3):
        desk.take(session(number)[1], server="mx1")
        desk.take(session(number)[1], server="mx2", stamp=1001)
    assert (6, {"twice": 3}) == (desk.total("connections"), desk.signs)
    assert {"mx2": "mx1"} == desk.sessions.signs.twice_with


@pytest.mark.parametrize("processes", [(b"proxy", b"71"), (b"71", b"proxy")])
def test_a_proxy_and_its_back_end_that_are_one_server_are_noticed(desk: Desk, processes: tuple[bytes, bytes]) -> None:
    """A director on the same host, or a central log with a `server` of its own."""
    desk.sessions.use("dovecot", IDLE, Keys(are_unique=True, front=b"proxy"))
    for number in range(3):
        for process in processes:
            desk.take(Fact(Kind.LOGIN, b"s%d" % number, b"alice@example.com", process=process))
    assert (6, {"twice": 3}) == (desk.total("connections"), desk.signs)
    assert {"mx1": "mx1"} == desk.sessions.signs.twice_with


def test_what_the_server_itself_repeats_is_no_duplicate(desk: Desk) -> None:
    """perdition tells a login anew every five minutes while it lasts: the session lives on, and is not told twice."""
    login = Fact(Kind.LOGIN, b"7", ALICE, b"192.0.2.1", ok=True)
    for stamp in range(1000, 4000, 300):
        desk.take(login, stamp=stamp)
        desk.note(desk.sessions.expire(stamp))
    assert (1, {}, {}) == (desk.total("connections"), desk.signs, desk.ends)


# ── folded lines ─────────────────────────────────────────────────────────────────────────────────────────────


def folded(desk: Desk, fact: Fact, times: int) -> list[Charge]:
    """What a line comes to that stands for so many."""
    charges = desk.sessions.take("mx1", 1000, fact, times)
    desk.note(charges)
    return [*charges]


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 300), st.sampled_from([Kind.FAILURE, Kind.BAD_COMMAND, Kind.END, Kind.LOGIN, Kind.CONNECT]))
def test_a_folded_line_without_a_key_counts_as_often_as_it_says(times: int, kind: Kind) -> None:
    """As if so many lines stood there."""
    fact = Fact(kind, None, ALICE, reason=Reason.ACCESS_LIST if kind is Kind.END else None, bad_commands=2)
    desk, plain = Desk(), Desk()
    folded(desk, fact, times)
    plain.take(*[fact] * times)
    assert (plain.book, plain.ends) == (desk.book, desk.ends)
    assert times == desk.sessions.seen == desk.sessions.charged


def test_a_folded_line_of_a_file_that_lags_counts_as_often_as_it_says(desk: Desk) -> None:
    """Other files of the source are read further on: the line is no older one's copy, and read again later it is."""
    login, bob = (Fact(Kind.LOGIN, None, name, by_user=True) for name in (ALICE, b"bob@example.com"))
    desk.take(bob, stamp=2000)
    folded(desk, login, 50)
    assert 51 == desk.total("logins")
    desk.take(bob, stamp=2001)
    folded(desk, login, 50)
    assert (52, 50) == (desk.total("logins"), desk.signs["duplicates"])


def test_after_a_line_from_the_future_equal_lines_are_still_events(desk: Desk) -> None:
    """A clock that was wrong when the machine started, then set back: what follows is no copy of another file."""
    desk.take(Fact(Kind.CONNECT, b"9"), stamp=10**9)
    failure = Fact(Kind.FAILURE, None, ALICE, b"192.0.2.1")
    for second in range(100):
        desk.take(*[failure] * 3, stamp=1000 + second)
    assert (301, 300) == (desk.sessions.seen, desk.total("login_failures"))
    assert "duplicates" not in desk.signs


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 1)), max_size=80), st.integers(-3, 3))
def test_nothing_of_one_log_is_a_copy(events: list[tuple[int, int, int]], hours: int) -> None:
    """Alike or not, out of order by two seconds or in order, and before and after the clock is set."""
    desk, now = Desk(), 100_000
    for count in range(2):
        for pause, delay, user in events:
            now += pause
            desk.take(Fact(Kind.FAILURE, None, b"%d@example.com" % user, b"192.0.2.1"), stamp=now - delay)
        now += hours * 3600 * (not count)
    assert 2 * len(events) == desk.total("login_failures") == desk.total("connections")
    assert "duplicates" not in desk.signs


def test_after_a_line_from_the_future_lines_in_pairs_are_still_told(desk: Desk) -> None:
    """Who writes each line twice is found out whatever one line's stamp was."""
    desk.take(Fact(Kind.CONNECT, b"9"), stamp=10**9)
    for second in range(100):
        desk.take(*[Fact(Kind.FAILURE, None, ALICE, b"192.0.2.1")] * 2, stamp=1000 + second)
    assert desk.signs["alike"] > 90


def test_the_lines_of_one_second_are_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that stands still, or an attack of any speed: what is remembered has an end, and all is judged."""
    lines_kept = LINES_KEPT // 8
    monkeypatch.setattr(told, "LINES_KEPT", lines_kept)
    kept = []
    tracemalloc.start()
    for turn in range(2):
        for number in range(3 * lines_kept):
            desk.sessions.take("mx1", 1000, Fact(Kind.FAILURE, None, b"%d-%d@example.com" % (turn, number)))
        kept.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert kept[1] < 1.2 * kept[0]
    desk.take(Fact(Kind.CONNECT, b"9"), stamp=2000)
    assert 6 * lines_kept == desk.sessions.signs.total(Sign.SINGLE)


def test_a_folded_line_never_swells_anything(desk: Desk) -> None:
    """The greatest number that a line can claim makes no more charges than a small one."""
    assert len(folded(desk, Fact(Kind.END, None, reason=Reason.ACCESS_LIST), 99_999)) <= 11
    assert 99_999 == desk.total("connections") == desk.ends[Reason.ACCESS_LIST]


def test_a_folded_failure_of_one_connection_is_so_many_attempts(desk: Desk) -> None:
    """And a folded login of one connection is one login, told again."""
    folded(desk, Fact(Kind.FAILURE, b"7", ALICE), 50)
    folded(desk, Fact(Kind.LOGIN, b"7", ALICE), 50)
    assert (1, 1, 50) == (desk.total("connections"), desk.total("logins"), desk.total("login_failures"))
    assert {"duplicates": 49} == desk.signs


def test_a_folded_login_of_one_process_is_one_login(desk: Desk) -> None:
    """A process serves one connection at a time, also where the line has no id."""
    folded(desk, Fact(Kind.LOGIN, None, ALICE, process=b"7", by_user=True), 500)
    assert (1, {"duplicates": 499}) == (desk.total("logins"), desk.signs)


def test_an_end_without_an_id_in_the_other_source_ends_its_session(desk: Desk) -> None:
    """Logins in one file, ends in the other: the end is the first of its kind, whoever read it."""
    neighbours: Neighbours[Sessions] = Neighbours()
    logins, ends = unique(desk, neighbours), unique(desk, neighbours)
    end = Fact(Kind.END, None, ALICE, reason=Reason.LOGOUT, sent=5, ok=True, by_user=True, process=b"7")
    desk.note(logins.take("mx1", 1000, Fact(Kind.LOGIN, None, ALICE, by_user=True, process=b"7")))
    desk.note(ends.take("mx1", 1001, end))
    assert (5, {Reason.LOGOUT: 1}) == (desk.total("sent_bytes"), desk.ends)
    desk.note(ends.take("mx1", 1001, end))
    assert (5, {Reason.LOGOUT: 1}) == (desk.total("sent_bytes"), desk.ends)
