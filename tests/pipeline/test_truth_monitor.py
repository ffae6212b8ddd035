"""The source checks its own numbers: signs beyond what a healthy log shows are a problem, and lower the quality."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from exporter.catalogue import Quality
from exporter.truth import BOUNDS
from tests.pipeline.bench import Bench

START = datetime(2026, 11, 20, 7, tzinfo=UTC).timestamp()
LOGIN = b"pop3-login: Login: user=<a%d@example.com>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.9, mpid=%d, session=<s%d>"
END = b"pop3(a%d@example.com)<%d><s%d>: Disconnected: Logged out top=0/0, retr=0/0, del=0/1, size=9, in=6, out=34"
MEASURES = ("connections", "logins", "login_failures", "terminations", "sent_bytes")


def line(second: float, message: bytes, host: bytes = b"mx1") -> bytes:
    """A line so many seconds after the start."""
    stamp = datetime.fromtimestamp(START + second, UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    return b"%b %b dovecot: %b" % (stamp.encode(), host, message)


def lines(first: int, last: int, host: bytes = b"mx1") -> Iterator[tuple[bytes, bytes]]:
    """Logins and ends, one session every ten minutes."""
    for number in range(first, last):
        ids = (number % 30, 100 + number, number)
        yield line(number * 600, LOGIN % ids, host), line(number * 600 + 5, END % ids, host)


def fed(bench: Bench, pairs: Iterator[tuple[bytes, bytes]], kinds: str) -> Bench:
    """Fed with logins (l) and ends (e), each as often as it is named."""
    for login, end in pairs:
        for kind in kinds:
            bench.feed(login if kind == "l" else end, now=None)
        bench.note(bench.pipeline.expire(None, caught_up=False))
        bench.checkpoint()
    return bench


def signs(bench: Bench) -> set[str]:
    """What is beyond its bound."""
    bench.checkpoint()
    return {doubt.bound.sign for doubt in bench.pipeline.doubts}


def qualities(bench: Bench, server: str = "mx1") -> dict[str, Quality]:
    """Of the measures that the signs touch."""
    quality = bench.checkpoint().quality
    return {measure: quality[server, measure] for measure in MEASURES}


def test_a_healthy_log_shows_no_sign(bench: Bench) -> None:
    """Started in mid-log: the ends of the first hour belong to sessions that began before."""
    for login, end in lines(0, 6):
        fed(bench, iter([(end.replace(b"<s", b"<old"), b""), (login, end)]), "le")
    fed(bench, lines(6, 60), "le")
    assert (set(), ()) == (signs(bench), bench.pipeline.problems)
    assert {Quality.EXACT} == set(qualities(bench).values()) - {Quality.LOWER_BOUND}
    assert Quality.EXACT is qualities(bench)["connections"]


@pytest.mark.parametrize(
    ("kinds", "sign", "fallen"),
    [
        ("l", "expired", {"terminations", "sent_bytes"}),
        ("lle", "duplicates", set(MEASURES)),
    ],
)
def test_a_sign_beyond_its_bound_is_a_problem(bench: Bench, kinds: str, sign: str, fallen: set[str]) -> None:
    """It stands in a sentence, lowers what it touches and nothing else, and survives a restart."""
    fed(bench, lines(0, 60), "le")
    before = qualities(bench)
    fed(bench, lines(60, 130), kinds)
    for _ in range(2):
        assert {sign} == signs(bench)
        assert "server mx1: in the last 24 hours of the log, " in bench.pipeline.problems[0]
        after = qualities(bench)
        changed = {measure for measure in MEASURES if after[measure] is not before[measure]}
        assert changed <= fallen
        assert changed
        bench.restart()


def test_a_doubt_survives_a_restart_in_the_hour_in_which_it_began(bench: Bench) -> None:
    """Else the day would be called exact again, and a fault that is gone by then would never be told."""
    fed(bench, lines(0, 60), "le")
    before = qualities(bench)
    for number in range(30):
        ids = (number, 9000 + number, 9000 + number)
        login, end = line(36_000 + number, LOGIN % ids), line(36_001 + number, END % ids)
        bench.feed(login, login, end, now=None)
    assert {"duplicates"} == signs(bench)
    after = qualities(bench)
    assert before != after
    for _ in range(2):
        bench.restart()
        assert ({"duplicates"}, after) == (signs(bench), qualities(bench))


def test_signs_below_their_bound_survive_a_kill(bench: Bench) -> None:
    """Two repeated logins before it and one after it are three, in whichever minute of the hour it was."""
    for number, login in enumerate(line(second, LOGIN % (1, second, second)) for second in range(5, 35, 10)):
        bench.feed(login, login, now=None)
        assert ({"duplicates"} if number == 2 else set()) == signs(bench)
        bench.restart()


def test_the_first_hour_of_an_old_log_read_at_once_is_no_sign(bench: Bench) -> None:
    """Sessions that began before the log are many, and the first commit comes when hours of it are read."""
    old = [line(number * 60, END % (1, 900 + number, 900 + number)) for number in range(40)]
    bench.feed(*old, *(one for pair in lines(10, 60) for one in pair), now=None)
    bench.note(bench.pipeline.expire(None, caught_up=False))
    assert set() == signs(bench)
    late = [line(9 * 3600 + number, END % (1, 800 + number, 800 + number)) for number in range(8)]
    bench.feed(*late, line(40_000, LOGIN % (1, 1, 999)), now=None)
    bench.note(bench.pipeline.expire(None, caught_up=False))
    assert {"unjoined"} == signs(bench)


def test_what_an_import_has_doubted_stays_so(bench: Bench) -> None:
    """All of an old log comes in one commit, and then the daemon goes on from there."""
    for login, _ in lines(0, 430):
        bench.feed(login, now=None)
    bench.note(bench.pipeline.expire(None, caught_up=False))
    assert {"expired"} == signs(bench)
    after = qualities(bench)
    bench.restart()
    assert ({"expired"}, after) == (signs(bench), qualities(bench))


def test_a_restart_in_the_first_hour_leaves_it_an_hour(bench: Bench) -> None:
    """Sessions that began before the log end in its first hour, however often the exporter is started in it."""
    begun = [end.replace(b"<s", b"<old").partition(b"dovecot: ")[2] for _, end in lines(0, 60)]
    for minute in range(0, 55, 5):
        now = 2400 + 60 * minute  # across the full hour
        bench.feed(*(line(now, end) for end in begun[minute : minute + 5]), now=None)
        for number in range(500 + minute, 505 + minute):
            ids = (minute, number, number)
            bench.feed(line(now, LOGIN % ids), line(now + 1, END % ids), now=None)
        bench.note(bench.pipeline.expire(None, caught_up=False))
        bench.restart()
        assert set() == signs(bench)


def test_a_sign_that_is_gone_lowers_nothing_any_more(bench: Bench) -> None:
    """A day of the log after the fault was mended, over a restart in the middle."""
    fed(bench, lines(0, 60), "le")
    before = qualities(bench)
    fed(bench, lines(60, 100), "lle")
    assert before != qualities(bench)
    bench.restart()
    fed(bench, lines(100, 180), "le")
    bench.restart()
    fed(bench, lines(180, 260), "le")
    assert (set(), before) == (signs(bench), qualities(bench))


def test_what_was_lowered_by_the_last_commit_before_a_stop_is_raised_again(bench: Bench) -> None:
    """What a measure was before is stored with what it was lowered to, and not with the next commit."""
    fed(bench, lines(0, 60), "le")
    before = qualities(bench)
    for login, end in lines(60, 100):
        bench.feed(login, login, end, now=None)
    bench.restart()
    fed(bench, lines(100, 260), "le")
    assert (set(), before) == (signs(bench), qualities(bench))


def test_ends_without_logins_are_a_sign(bench: Bench) -> None:
    """The login lines go elsewhere: nobody is born by the ends, and it is said."""
    fed(bench, lines(0, 60), "e")
    assert {"unjoined"} == signs(bench)
    assert (0, Quality.LOWER_BOUND) == (bench.total("connections"), qualities(bench)["connections"])


def test_of_an_old_log_that_is_read_at_once_each_day_is_in_doubt(bench: Bench) -> None:
    """Three days come in one commit: the sentence does not speak of one day, and the doubt begins with the first."""
    for login, _ in lines(0, 430):
        bench.feed(login, now=None)
    bench.note(bench.pipeline.expire(None, caught_up=False))
    assert {"expired"} == signs(bench)
    assert "server mx1: in the last 3 days of the log, 4" in bench.pipeline.problems[0]
    assert int(START) == bench.checkpoint().doubted_since["mx1", "terminations"]


def test_ends_told_twice_are_no_lower_bound(bench: Bench) -> None:
    """Where only logins tell the process, each second end belongs to no login: there are too many, not too few."""
    bare = ((login.partition(b", session")[0], re.sub(b"<[^>]*>", b"", end)) for login, end in lines(0, 80))
    fed(bench, bare, "llee")
    assert {"alike", "duplicates", "unjoined"} == signs(bench)
    assert Quality.ESTIMATED is qualities(bench)["sent_bytes"]
    assert Quality.ESTIMATED is qualities(bench)["terminations"]


def test_a_short_log_without_logins_is_a_sign(bench: Bench) -> None:
    """Ends of its first hour may be of sessions that began before it; without any login it has none of them."""
    for number in range(20):
        bench.feed(line(number, END % (number, 100 + number, number)), now=None)
    bench.note(bench.pipeline.finish())
    assert {"unjoined"} == signs(bench)


def test_lines_of_the_server_without_meaning_are_a_sign(bench: Bench) -> None:
    """All measures are then lower bounds."""
    fed(bench, lines(0, 10), "le")
    for number in range(20):
        bench.feed(line(6000 + number, b"pop3-login: A wording of another version: %d" % number), now=None)
    assert {"not_understood"} == signs(bench)
    assert Quality.EXACT not in qualities(bench).values()


def test_one_server_among_many_is_judged_by_its_own_lines(bench: Bench) -> None:
    """Whose lines are not understood is told, however much the others of the same log say."""
    for number in range(200):
        for login, end in lines(0, 10, b"mx%d" % number):
            bench.feed(*(login.replace(b"<s", b"<s%d-" % number), end.replace(b"<s", b"<s%d-" % number)), now=None)
    for number in range(20):
        bench.feed(line(6000 + number, b"pop3-login: A wording of another version: %d" % number, b"mx7"), now=None)
    assert {"not_understood"} == signs(bench)
    assert {"mx7"} == {doubt.server for doubt in bench.pipeline.doubts}
    assert "20 lines of the server were not understood, 20 were." in bench.pipeline.problems[0]


def test_a_session_at_two_servers_is_a_sign(bench: Bench) -> None:
    """The sentence names both, and where to read on."""
    for front, back in zip(lines(0, 20, b"front"), lines(0, 20, b"back"), strict=True):
        bench.feed(front[0], back[0], back[1], front[1], now=None)
    assert {"twice"} == signs(bench)
    assert ["back"] == [doubt.server for doubt in bench.pipeline.doubts]
    assert "server front" in bench.pipeline.problems[0]
    assert "docs/behind-a-proxy.md" in bench.pipeline.problems[0]
    for measure in ("connections", "logins", "terminations", "sent_bytes"):
        assert Quality.ESTIMATED is qualities(bench, "back")[measure]


def test_every_bound_says_what_it_touches() -> None:
    """Measures exist, sentences take the numbers."""
    for bound in BOUNDS:
        assert bound.touches
        assert "1,234" in bound.sentence.format(number=1234, among=5, other="x")
