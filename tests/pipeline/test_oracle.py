"""Stages that take a batch in columns come to what one line after the other comes to, on any lines in any order.

The oracle (tests/oracle) is the second edition's way of reading, line by line, without its shortcuts.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.formats import FORMATS
from exporter.formats.dovecot import Dovecot
from tests.formats.samples import HERE
from tests.oracle.pipeline import Pipeline as Oracle
from tests.pipeline.bench import NOW, Bench

HEADS = (
    b"2026-11-22T07:%02d:%02d.123456+00:00 %b %b: ",
    b"Nov 22 07:%02d:%02d %b %b: ",
    b"2026-11-22T07:%02d:%02d+01:00 %b %b: ",
)
LOGIN = b"pop3-login: Login: user=<%b>, method=PLAIN, rip=198.51.100.%d, lip=192.0.2.1, mpid=7, TLS, session=<k%d>"
QUIT = (
    b"pop3(%b)<7><k%d>: Disconnected: Logged out top=0/0, retr=1/%d, del=0/4, size=82400, in=%d, out=%d",
    b"pop3(%b)<7><k%d>: Disconnected: Logged out top=0/0, retr=1/%d, del=0/4, size=82400, deleted_bytes=0, in=%d,"
    b" out=%d, rip=198.51.100.1, session=<k1>",
)
# With the user and the key of a connection.
OTHERS = (
    b"pop3-login: Disconnected: Inactivity (auth failed, 2 attempts in 9 secs): user=<%b>, method=PLAIN, "
    b"rip=198.51.100.1, lip=192.0.2.1, session=<k%d>",
    b"pop3-login: Login: user=<%b>, method=PLAIN, rip=198.51.100.1, lip=192.0.2.1, mpid=7, session=<<k%d>",
    b"pop3(%b)<7><k%d>: Disconnected: Inactivity top=0/0, retr=0/0, del=0/4, size=82400, in=1, out=2",
    b"pop3(%b)<7><k%d>: Disconnected: Logged out top=0/0, retr=0/0, del=0/4, size=82400",
    b"auth: passwd-file(%b,198.51.100.1,<k%d>): Password mismatch",
    b"auth-worker(9): Info: conn unix:auth-worker (pid=7,uid=97): auth-worker<3>: "
    b"sql(%b,198.51.100.1,<k%d>): unknown user",
    b"auth-worker(9): sql(%b,198.51.100.1,<k%d>): Password mismatch",
    b"pop3-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<%b>, method=PLAIN, "
    b"rip=198.51.100.1, lip=192.0.2.1, TLS, session=<k%d>",
    b"pop3-login: Disconnected: Connection closed (no auth attempts in 0 secs): user=<>, rip=192.0.2.1, note=<%b>, "
    b"session=<k%d>",
    b"pop3(%b)<8><k%d>: Disconnected: Connection closed top=0/0, retr=0/0, del=0/4, size=82400",
    b"imap-login: Login: user=<%b>, method=PLAIN, rip=198.51.100.1, session=<k%d>",
    b"pop3(%b): Disconnected: Logged out top=0/0, retr=0/0, del=0/4, size=82400, in=1, out=%d",
    b"message repeated 2 times: [ pop3-login: Login: user=<%b>, method=PLAIN, rip=1.2.3.4, lip=1.2.3.4, session=<k%d>]",
    b"master: Info: Dovecot v2.3.19 starting up for pop3 (%b %d)",
    b"Nov 22 07:00:01 pop3-login: Login: user=<%b>, method=PLAIN, rip=1.2.3.4, lip=1.2.3.4, session=<k%d>",
    b"statistics of %b, %d",
)
REFUSED: tuple[bytes, ...] = OTHERS[4:8]
PROGRAMS = (*(b"dovecot",) * 3, b"dovecot[12]", b"dovecot[13]", b"postfix/smtpd[9]", b"mail pop3d")
USERS = st.sampled_from(
    (
        b"alice@example.com",
        b"bob@example.com",
        b"carol",
        b"a>, rip=1.2.3.4",
        b"<b",
        b"o'hara@example.org",
        b"\xff@x.test",
    )
)
KEYS = st.integers(1, 6)
SAMPLES = [
    line
    for name in ("2.3.19-default-syslog.iso.log", "2.4.1-recommended-syslog.iso.log", "other-wordings.log")
    for line in Path(HERE / "dovecot" / name).read_bytes().splitlines()
]


@st.composite
def message(draw: st.DrawFn) -> bytes:
    """What Dovecot or another program says of one of a few connections, mostly usual lines."""
    user, key = draw(USERS), draw(KEYS)
    match draw(st.integers(0, 6)):
        case 0 | 1:
            return LOGIN % (user, draw(st.integers(1, 3)), key)
        case 2 | 3 | 4:
            received, sent = draw(st.integers(0, 900)), draw(st.integers(0, 900))
            return draw(st.sampled_from(QUIT)) % (user, key, sent, received, sent)
        case 5:
            return draw(st.sampled_from(REFUSED)) % (user, key)
        case _:
            return draw(st.sampled_from(OTHERS)) % (user, key)


@st.composite
def lines(draw: st.DrawFn) -> list[bytes]:
    """A batch: clocks that mostly go on, hosts and programs mixed, some lines torn, doubled or of another kind."""
    head = draw(st.sampled_from(HEADS))
    minute, second = draw(st.integers(0, 58)), 0
    found = []
    for text in draw(st.lists(message(), min_size=16, max_size=60)):
        second += draw(st.sampled_from((0, 0, 0, 1, 1, 7, 61, -1)))
        minute, second = (minute + second // 60) % 60, second % 60
        host = draw(st.sampled_from((b"mx1", b"mx1", b"mx1", b"mx2")))
        program = draw(st.sampled_from(PROGRAMS))
        line = head % (minute, second, host, program) + text
        match draw(st.integers(0, 40)):
            case 0:
                line = line[: draw(st.integers(0, len(line)))]
            case 1:
                at = draw(st.integers(0, len(line)))
                line = line[:at] + draw(st.binary(max_size=3)).replace(b"\n", b"\r") + line[at:]
            case 2:
                line = draw(st.sampled_from((b"", b" more", b"last message repeated 2 times", *SAMPLES)))
            case 3:
                line = b"Nov 22 07:%02d:%02d %b last message repeated 3 times" % (minute, second, host)
            case 4:
                line = draw(st.sampled_from(HEADS)) % (minute, second, host, program) + text
        found.append(line)
    return found


def without_ids(batch: list[bytes]) -> list[bytes]:
    """The lines where `login_log_format_elements` has no session id; the process tells connections apart."""
    found = []
    for line in batch:
        text = re.sub(rb"mpid=7(.*), session=<<?k(\d)>", rb"mpid=\2\1", line)
        text = re.sub(rb"\)<[78]><k(\d)>", rb")<\1><k\1>", text)
        found.append(text.partition(b", session=")[0] if b"pop3-login: " in text else text)
    return found


def told(bench: Bench) -> list[tuple[object, ...]]:
    """All charges, their accounts as texts: those are compared by identity."""
    return [(str(charge.account), *charge[1:]) for charge in bench.charges]


KEPT = ("envelopes", "counts", "last_events", "open_sessions", "quality", "seen", "charged")


def check(
    batches: list[list[bytes]],
    *,
    now: float | None,
    auto: bool = False,
    restarts: bool = False,
    kept: Sequence[str] = KEPT,
) -> None:
    """Both say the same after every batch: charges in order, and all that is kept."""
    formats = FORMATS if auto else (Dovecot(),)
    oracle, stages = Bench(formats=formats, made_by=Oracle), Bench(formats=formats)
    for batch in batches:
        for bench in (oracle, stages):
            bench.feed(*batch, now=now)
            bench.note(bench.pipeline.expire(now, caught_up=True))
        assert told(oracle) == told(stages)
        states = [bench.pipeline._openers["a"].state() for bench in (oracle, stages)]
        assert states[0] == states[1]
        assert oracle.pipeline.problems == stages.pipeline.problems
        one, other = oracle.checkpoint(), stages.checkpoint()
        assert sorted(one.opened) == sorted(other.opened)
        assert set(one.closed) == set(other.closed)
        for field in kept:
            assert getattr(one, field) == getattr(other, field), field
        if restarts:
            oracle.restart()
            stages.restart()
    for bench in (oracle, stages):
        bench.note(bench.pipeline.finish())
    assert told(oracle) == told(stages)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(lines(), min_size=1, max_size=4), st.sampled_from((None, NOW, NOW - 3_000, NOW + 86_400)), st.booleans()
)
def test_both_agree_on_any_lines(batches: list[list[bytes]], now: float | None, restarts: bool) -> None:  # noqa: FBT001
    """Live, late, from the future, and replayed; with and without restarts."""
    check(batches, now=now, restarts=restarts)


@settings(max_examples=40, deadline=None)
@given(st.lists(lines().map(without_ids), min_size=1, max_size=3), st.booleans())
def test_both_agree_where_logins_have_no_session_id(batches: list[list[bytes]], restarts: bool) -> None:  # noqa: FBT001
    """All but what the truth monitor sees: it hears of lines that are alike when a later line comes."""
    check(batches, now=None, restarts=restarts, kept=("counts", "last_events", "open_sessions", "seen", "charged"))


@settings(max_examples=20, deadline=None)
@given(st.lists(lines(), min_size=1, max_size=2))
def test_both_agree_while_the_format_is_recognised(batches: list[list[bytes]]) -> None:
    """Lines that mean nothing are still shown to the other formats."""
    check(batches, now=NOW, auto=True)


def test_another_server_among_usual_lines_is_noticed() -> None:
    """A line that means nothing to the format recognised may be another server's, whatever its text begins with."""
    bench = Bench(formats=FORMATS)
    usual = [HEADS[0] % (0, 0, b"mx1", b"dovecot") + LOGIN % (b"alice@example.com", 1, key) for key in range(40)]
    head = HEADS[0] % (0, 0, b"mx1", b"popper[7]")
    refused = head + b"imapadmin at pc.example (192.0.2.7): -ERR [AUTH] refused"
    bench.feed(*usual, head + b"started", refused, *usual)
    assert "there are lines of qpopper too" in " ".join(bench.pipeline.problems)


def test_a_repeat_is_of_the_last_line_of_its_own_host() -> None:
    """Whether it was looked up or read."""
    head = HEADS[0]
    batch = [head % (0, 0, host, b"dovecot") + LOGIN % (b"alice@example.com", 1, 90) for host in (b"mx1", b"mx2")] * 9
    batch.append(head % (0, 1, b"mx1", b"dovecot") + LOGIN % (b"bob@example.com", 1, 1))
    batch.append(head % (0, 1, b"mx2", b"dovecot") + LOGIN % (b"bob@example.com", 1, 2))
    batch.append(b"2026-11-22T07:00:02.123456+00:00 mx1 last message repeated 2 times")
    check([batch], now=None)


@pytest.mark.parametrize("path", sorted((HERE / "dovecot").glob("*.log")), ids=lambda path: path.name)
def test_both_agree_on_the_samples(path: Path) -> None:
    """Everything that real servers were seen to write."""
    check([path.read_bytes().splitlines()], now=None)
