"""A back end behind its proxy: it adds bytes and ends to the proxy's sessions, never connections or logins."""

import pytest

from exporter.catalogue import Quality
from exporter.formats.dovecot import Dovecot
from exporter.formats.nginx import Nginx
from tests.pipeline.bench import NOW, Bench

STAMP = b"2026-11-22T07:59:%02d+00:00 "
PROXY_LOGIN = (
    b"front1 dovecot: pop3-login: proxy(alice@example.com,192.0.2.9:110): Started proxying to <192.0.2.9> (0.003 secs):"
    b" user=<alice@example.com>, method=PLAIN, rip=192.0.2.4, lip=192.0.2.1, session=<abcdefgh0001>"
)
PROXY_END = (
    b"front1 dovecot: pop3-login: proxy(alice@example.com,192.0.2.9:110): Disconnected by server (0s idle, in=50,"
    b" out=930): user=<alice@example.com>, method=PLAIN, rip=192.0.2.4, lip=192.0.2.1, session=<abcdefgh0001>"
)
LOGIN = (
    b"back1 dovecot: pop3-login: Login: user=<alice@example.com>, method=PLAIN, rip=192.0.2.4, lip=192.0.2.9, mpid=71,"
    b" session=<abcdefgh0001>"
)
END = (
    b"back1 dovecot: pop3(alice@example.com)<71><abcdefgh0001>: Disconnected for inactivity top=0/0, retr=1/700,"
    b" del=1/2, size=1400, in=60, out=990"
)
REFUSED = (
    b"back1 dovecot: pop3-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs):"
    b" user=<bob@example.com>, method=PLAIN, rip=192.0.2.4, lip=192.0.2.9, session=<abcdefgh0002>"
)


NO_ID = b", session=<abcdefgh0001>"
OLD_LOGIN = PROXY_LOGIN.replace(NO_ID, b"").replace(
    b"Started proxying to <192.0.2.9> (0.003 secs)", b"started proxying to 192.0.2.9:110"
)
OLD_END = OLD_LOGIN.replace(b"started proxying to 192.0.2.9:110", b"disconnecting 192.0.2.4 (Disconnected by server)")


def pair() -> tuple[Bench, Bench]:
    """A front, and a source behind it."""
    front = Bench()
    back = Bench(beside=front)
    back.pipeline.stand_behind(front.pipeline)
    return front, back


def numbers(front: Bench, back: Bench) -> tuple[int, ...]:
    """Connections, logins, failures, terminations, bytes to the client, of both together."""
    names = ("connections", "logins", "login_failures", "terminations", "sent_bytes")
    return tuple(front.total(name) + back.total(name) for name in names)


@pytest.mark.parametrize(
    ("order", "terminations"),
    [("FfBb", 0), ("FBbf", 1), ("BFbf", 1), ("FBfb", 0), ("fbFB", 0)],
    ids=str,
)
def test_one_session_of_both_sides_is_one_connection(order: str, terminations: int) -> None:
    """In whatever order the two logs are read; the reason is that of the end read first, bytes are the most told."""
    front, back = pair()
    told = {"F": (front, 0, PROXY_LOGIN), "f": (front, 3, PROXY_END), "B": (back, 1, LOGIN), "b": (back, 2, END)}
    for letter in order:
        bench, second, message = told[letter]
        bench.feed(STAMP % second + message)
    front.note(front.pipeline.finish())
    back.note(back.pipeline.finish())
    assert (1, 1, 0, terminations, 990) == numbers(front, back)
    assert {("front1",)} == {labels for labels, _ in front.book | back.book if len(labels) == 1}


def test_the_back_end_may_be_read_first() -> None:
    """The end waits for the proxy's lines, once its server is known."""
    front, back = pair()
    front.feed(STAMP % 0 + b"front1 dovecot: master: Dovecot v2.3.19 starting up for pop3")
    back.feed(STAMP % 1 + LOGIN, STAMP % 2 + END)
    front.feed(STAMP % 0 + PROXY_LOGIN, STAMP % 3 + PROXY_END)
    assert (1, 1, 0, 1, 990) == numbers(front, back)


def test_the_back_end_adds_no_failures_and_no_servers() -> None:
    """The proxy's log has them; alone, the back end tells nothing."""
    front, back = pair()
    back.feed(STAMP % 1 + REFUSED, STAMP % 2 + LOGIN, STAMP % 3 + END)
    assert (0, 0, 0, 0, 0) == numbers(front, back)
    assert {} == back.checkpoint().quality


def test_a_restart_of_ours_joins_them_as_before() -> None:
    """The session is the front's, and so is what is stored of it."""
    front, back = pair()
    front.feed(STAMP % 0 + PROXY_LOGIN)
    front.restart()
    back.restart()
    back.pipeline.stand_behind(front.pipeline)
    back.feed(STAMP % 1 + LOGIN, STAMP % 2 + END)
    front.feed(STAMP % 3 + PROXY_END)
    assert (1, 1, 0, 1, 990) == numbers(front, back)


def test_another_proxy_s_bytes_come_from_the_back_end_by_user() -> None:
    """nginx logs none, and knows no session id of Dovecot's."""
    front = Bench(formats=(Nginx(),), server="front1")
    back = Bench(beside=front)
    back.pipeline.stand_behind(front.pipeline)
    front.feed(
        b"2026/11/22 07:59:00 [info] 10#0: *2 client 192.0.2.4 connected to 0.0.0.0:110",
        b"2026/11/22 07:59:01 [info] 10#0: *2 client logged in, client: 192.0.2.4, server: 0.0.0.0:110,"
        b' login: "alice@example.com", upstream: 192.0.2.9:110',
    )
    back.feed(STAMP % 1 + LOGIN, STAMP % 2 + END, STAMP % 3 + END.replace(b"alice", b"nobody"))
    assert (1, 1, 0, 0, 990) == numbers(front, back)
    assert 990 == back.book[("front1", "example.com", "alice@example.com"), "sent_bytes"]


def test_lines_of_other_hosts_are_not_read() -> None:
    """Both sides in one file: each source reads its own."""
    front = Bench(formats=(Dovecot(),), hosts=("front*",))
    back = Bench(beside=front, hosts=("back*",))
    back.pipeline.stand_behind(front.pipeline)
    both = [STAMP % second + line for second, line in enumerate((PROXY_LOGIN, LOGIN, END, PROXY_END))]
    for bench in (front, back):
        bench.feed(*both * 20)
    assert (1, 1, 0, 0, 990) == numbers(front, back)
    assert {("front1",)} == {labels for labels, _ in front.book | back.book if len(labels) == 1}


def test_a_back_end_read_long_after_its_proxy_is_told_twice_by_nobody() -> None:
    """Of an ended session the proxy's own bytes stand; nothing is counted as a duplicate."""
    front, back = pair()
    front.feed(STAMP % 0 + PROXY_LOGIN, STAMP % 3 + PROXY_END, now=NOW)
    for passed in range(0, 630, 30):  # the daemon looks on, and nothing comes
        front.note(front.pipeline.expire(NOW + passed, caught_up=True))
    back.feed(STAMP % 1 + LOGIN, STAMP % 2 + END)
    assert (1, 1, 0, 0, 930) == numbers(front, back)
    assert 0 == front.checkpoint().counts.duplicate_lines


@pytest.mark.parametrize("order", ["FfBb", "BFbf", "FBbf", "FBfb", "BbFf"])
def test_without_session_ids_bytes_are_those_of_the_proxy(order: str) -> None:
    """Mailu's front: its sessions cannot be joined, and its ends tell bytes; the back end adds nothing, and says so."""
    front, back = pair()
    told = {
        "F": (front, 0, PROXY_LOGIN.replace(NO_ID, b"")),
        "f": (front, 3, PROXY_END.replace(NO_ID, b"")),
        "B": (back, 1, LOGIN),
        "b": (back, 2, END),
    }
    first = PROXY_LOGIN.replace(NO_ID, b"").replace(b"alice", b"dave")
    front.feed(STAMP % 0 + first, STAMP % 0 + told["f"][2].replace(b"alice", b"dave"))
    for letter in order:
        bench, second, message = told[letter]
        bench.feed(STAMP % second + message)
    for second in range(4):
        back.feed(STAMP % (10 + second) + END.replace(b"0001", b"01%02d" % second))
    front.note(front.pipeline.finish())
    back.note(back.pipeline.finish())
    assert (2, 2, 0, 0, 2 * 930) == numbers(front, back)
    back.checkpoint()
    assert ["none of its lines can be counted" in problem for problem in back.pipeline.problems] == [True]


def test_without_session_ids_and_bytes_those_of_the_back_end_go_to_the_user() -> None:
    """A proxy of 2.0 to 2.2 logs no bytes, and does not claim to."""
    front, back = pair()
    front.feed(STAMP % 0 + OLD_LOGIN, STAMP % 3 + OLD_END)
    assert {Quality.NONE} == {front.checkpoint().quality["front1", name] for name in ("received_bytes", "sent_bytes")}
    back.feed(STAMP % 1 + LOGIN, STAMP % 2 + END)
    back.checkpoint()
    assert (1, 1, 0, 0, 990) == numbers(front, back)
    assert () == back.pipeline.problems
