"""From batches of lines to charges: servers, stamps, counts, restarts."""

import pytest

from exporter.catalogue import Quality, Reason
from exporter.context import SERVERS_KEPT
from exporter.formats import FORMATS
from tests.pipeline.bench import NOW, Bench

HEAD = b"2026-11-22T07:59:%02d+00:00 mx1 dovecot: "
LOGIN = b"pop3-login: Login: user=<%b>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.9, mpid=7, session=<%b>"
LOGOUT = b"pop3(%b)<7><%b>: Disconnected: Logged out top=0/0, retr=0/0, del=0/1, size=9, in=6, out=34"
ALICE = b"alice@example.com"


def login(second: int = 0, key: bytes = b"s1") -> bytes:
    """Alice logs in."""
    return HEAD % second + LOGIN % (ALICE, key)


def logout(second: int = 1, key: bytes = b"s1") -> bytes:
    """Alice logs out."""
    return HEAD % second + LOGOUT % (ALICE, key)


def test_lines_become_charges_in_all_scopes(bench: Bench) -> None:
    """The server's label is the envelope's host."""
    bench.feed(login(), logout())
    assert 1 == bench.book[("mx1", "example.com", "alice@example.com"), "connections"]
    assert 40 == bench.book[("mx1",), "received_bytes"] + bench.book[("mx1", "example.com"), "sent_bytes"]


def test_hosts_without_end_are_one_server(bench: Bench) -> None:
    """Whoever forges them fills no memory; every connection counts, also after a restart."""
    for begin in range(0, SERVERS_KEPT, 1_000):
        line = (HEAD + LOGIN) % (begin // 1_000, ALICE, b"s1")
        bench.feed(*(line.replace(b" mx1 ", b" mx%d " % number) for number in range(begin, begin + 1_000)))
    bench.restart()
    for number in (0, SERVERS_KEPT, SERVERS_KEPT + 1):
        bench.feed(login(59, b"s%d" % number).replace(b" mx1 ", b" mx%d " % number))
    assert SERVERS_KEPT + 3 == bench.total("connections")
    assert SERVERS_KEPT + 1 == len(bench.checkpoint().last_events)


def test_a_configured_server_names_all_lines() -> None:
    """And this machine's name stands for lines without a host."""
    named, unnamed = Bench("Pop.Example"), Bench()
    named.feed(login())
    unnamed.feed(b"Nov 22 07:59:00 " + (LOGIN % (ALICE, b"s1")).replace(b"login: ", b"login: Info: ", 1))
    assert 1 == named.book[("Pop.Example",), "logins"]
    assert 1 == unnamed.book[("thishost",), "logins"]


def test_every_line_gets_one_verdict(bench: Bench) -> None:
    """Events, ignored, unmatched and malformed add up to the lines read."""
    bench.feed(login(), b"", HEAD % 2 + b"imap-login: x", HEAD % 3 + b"pop3-login: news", b"no stamp at all")
    counts = bench.checkpoint().counts
    assert (5, 1) == (counts.lines, counts.events)
    assert 5 == counts.events + counts.ignored + counts.unmatched + counts.malformed
    assert 1 == counts.unmatched


def test_a_stamp_in_the_future_is_booked_as_it_is(bench: Bench) -> None:
    """A minute ahead is let through, more is counted: our clock is behind, or the log's ahead. The log's day counts."""
    bench.feed(login(0), now=NOW - 10)
    bench.feed(login(30, b"s2"), now=NOW - 3600)
    bench.feed(login(40, b"s3"), now=NOW - 30 * 86_400)
    assert [NOW - 60, NOW - 30, NOW - 20] == [charge.stamp for charge in bench.charges]
    assert 2 == bench.checkpoint().counts.future_events


def test_a_stamp_beyond_belief_is_booked_now(bench: Bench) -> None:
    """More than a month ahead of our clock, and of the log: a damaged year. Then our clock or the log's time is now."""
    bench.feed(login(0), now=NOW - 100 * 86_400)
    bench.feed(login(1, b"s2"), now=NOW)
    bench.feed(login(2, b"s3"), now=NOW - 100 * 86_400)
    assert [NOW - 100 * 86_400, NOW - 59, NOW - 58] == [charge.stamp for charge in bench.charges]


def test_a_stamp_from_the_future_does_not_move_the_logs_time(bench: Bench) -> None:
    """One line from next week does not make the open connections expire, nor the newest event."""
    bench.feed(login(0))
    bench.feed(login(0, b"s2").replace(b"11-22", b"11-29", 1))
    bench.note(bench.pipeline.expire(NOW, caught_up=False))
    assert {("mx1", "charged"): 2} == bench.checkpoint().open_sessions
    assert {"mx1": NOW + 60} == bench.checkpoint().last_events


def test_a_line_of_an_earlier_day_is_late(bench: Bench) -> None:
    """It keeps its stamp."""
    bench.feed(login(), now=NOW + 86_400)
    assert 1 == bench.checkpoint().counts.late_events
    assert NOW - 60 == bench.charges[0].stamp


def test_a_repeated_message_counts_as_often(bench: Bench) -> None:
    """The copy inside the brackets stands for so many more."""
    refused = b"pop3-login: access(tcpwrap): Client refused (rip=192.0.2.66)"
    bench.feed(HEAD % 0 + refused, HEAD % 9 + b"message repeated 8 times: [ " + refused + b"]")
    assert 9 == bench.total("blocked_connections") == bench.total("connections")


def look(bench: Bench, begin: float, seconds: float, *, caught_up: bool = True) -> None:
    """The daemon looks twice a minute, and nothing comes."""
    for passed in range(0, int(seconds) + 1, 30):
        bench.note(bench.pipeline.expire(begin + passed, caught_up=caught_up))


def test_a_pipe_is_the_same_stream_after_a_commit(bench: Bench) -> None:
    """It has no place to go on from, and still what was said before: the line that is repeated, the begin of a line."""
    refused = b"pop3-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<a@example.com>, rip=192.0.2.1"
    bench.feed(HEAD % 0 + refused)
    bench.checkpoint()
    bench.feed(b"2026-11-22T07:00:09+00:00 mx1 last message repeated 3 times")
    assert 4 == bench.total("connections")
    piece = b'{"log":"%b","stream":"stdout","time":"2026-11-22T07:01:00Z"}'
    bench.feed(piece % refused[:30], stream="docker")
    bench.checkpoint()
    bench.feed(piece % (refused[30:] + b"\\n"), stream="docker")
    assert 5 == bench.total("connections")


def test_log_time_expires_sessions_and_our_clock_only_at_the_end(bench: Bench) -> None:
    """A day later by our clock, but with more to read, nothing is given up."""
    bench.feed(login())
    look(bench, NOW, 86_400, caught_up=False)
    assert {("mx1", "charged"): 1} == bench.checkpoint().open_sessions
    look(bench, NOW, 86_400)
    assert {} == bench.checkpoint().open_sessions


@pytest.mark.parametrize("jump", [2 * 86_400, 5 * 3600, -86_400, 365 * 86_400])
def test_a_jump_of_our_clock_expires_nothing(bench: Bench, jump: int) -> None:
    """The clock of a machine before it was set: two days ahead for some seconds, and back. Nothing counts twice."""
    bench.feed(login(0))
    for now in (NOW, NOW + jump, NOW + jump + 1, NOW + jump + 4, NOW + 5):
        bench.note(bench.pipeline.expire(now, caught_up=True))
    bench.restart()
    for now in (NOW + jump, NOW + jump + 1, NOW + 5):
        bench.note(bench.pipeline.expire(now, caught_up=True))
    bench.feed(logout(10))
    assert 1 == bench.total("connections") == bench.total("logins")
    assert [Reason.LOGOUT] == [charge.reason for charge in bench.charges if charge.reason]


def test_the_clock_skew_is_that_of_events_read_at_once(bench: Bench) -> None:
    """Not of what lay there at the start or after a pause, and no other lines make the newest event look late."""
    found = []
    for line, now, looked in (
        (login(0), NOW, None),
        (login(1, b"s2"), NOW, NOW - 1),
        (HEAD % 2 + b"imap-login: x", NOW + 3000, NOW + 2999),
        (login(3, b"s3"), NOW + 6000, NOW + 5000),
        (login(4, b"s4"), NOW + 9000, NOW + 8999),
    ):
        if looked is not None:
            bench.note(bench.pipeline.expire(looked, caught_up=True))
        bench.feed(line, now=now)
        found.append(bench.pipeline.timeliness.clock_skew_seconds)
    assert [None, 59, 59, 59, 9056] == found


def test_a_restart_between_any_two_lines_changes_nothing(bench: Bench) -> None:
    """Counts, sessions, verdicts and qualities go on."""
    lines = [
        login(0),
        HEAD % 1 + b"auth: passwd-file(alice@example.com,192.0.2.1,<s2>): Password mismatch",
        logout(2),
        login(4, b"s2"),
        logout(5, b"s2"),
        HEAD % 6 + b"pop3-login: Aborted login (no auth attempts in 0 secs): user=<>, rip=192.0.2.1, session=<s3>",
    ]
    whole = Bench()
    whole.feed(*lines)
    for line in lines:
        bench.feed(line)
        bench.restart()
    last = bench.checkpoint()
    assert whole.book == bench.book
    assert (whole.checkpoint().counts, 3, 3) == (last.counts, last.seen, last.charged)
    assert Quality.EXACT == last.quality["mx1", "sent_bytes"]


def test_the_observer_sees_every_line(bench: Bench) -> None:
    """For `parse`: the line, its record and what it was taken for."""
    shown: list[tuple[bytes, object]] = []
    bench.pipeline.observer = lambda line, record, _: shown.append((line, record))
    bench.feed(login(), b"no stamp at all")
    assert [login(), b"no stamp at all"] == [line for line, _ in shown]
    assert shown[1][1] is None


def test_one_source_may_have_the_files_of_two_servers() -> None:
    """Each is read as what it is, also after a restart in between, whichever comes first."""
    dovecot = b"Nov 22 07:%02d:00 mx1 dovecot: pop3-login: Login: user=<bob@example.com>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, mpid=%d, TLS, session=<abcdefgh%04d>"  # noqa: E501
    courier = (
        b"Nov 22 07:%02d:01 mx2 pop3d: LOGIN, user=carol@example.net, ip=[::ffff:192.0.2.8], port=[%d], protocol=POP3"
    )
    for order in ("ab", "ba"):
        bench = Bench(formats=FORMATS)
        for minute in range(4):
            for stream in order:
                line = dovecot % (minute, minute, minute) if stream == "a" else courier % (minute, 4000 + minute)
                bench.feed(line, stream=stream)
            if minute == 1:
                bench.restart()
        assert 8 == bench.total("logins")
        assert "courier, dovecot" == bench.pipeline.format_name
        assert () == bench.pipeline.problems


def test_a_login_process_serves_many_connections(bench: Bench) -> None:
    """`pid=` among the elements is that process's own, and not the one that serves the session (`mpid=`)."""
    line = HEAD % 0 + b"pop3-login: Login: user=<%b>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.9, pid=7" % ALICE
    bench.feed(line, line, HEAD % 1 + b"pop3(%b)<71>: Disconnected: Logged out top=0/0, retr=0/0" % ALICE)
    bench.feed(HEAD % 2 + b"pop3(%b)<72>: Disconnected: Logged out top=0/0, retr=0/0" % ALICE)
    assert 2 == bench.total("connections") == bench.total("logins")
    assert 2 == sum(charge.ends for charge in bench.charges if charge.reason is not None)
    assert {} == bench.pipeline.sessions.open_sessions()
