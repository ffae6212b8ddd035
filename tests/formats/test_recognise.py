"""`--format auto`: each server is recognised from its lines, and two in one log are told, not guessed."""

import itertools
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from exporter.context import SourceContext
from exporter.formats import FORMATS
from exporter.formats.contract import Format
from exporter.formats.recognise import SUSPECTED_LATER, SUSPECTED_LINES, Recogniser, Recognition
from exporter.model import Batch, Fact, Record, Verdict
from exporter.names import NameRules, Names
from exporter.periods import Calendar
from exporter.pipeline import Pipeline
from tests.formats.samples import NOW, records, sample_files

UTC = ZoneInfo("UTC")
CASES = [(form, path) for form in FORMATS for path in sample_files(form.name)]


def changed(_: Format) -> None:
    """Nobody wants to know."""


def recognition(state: str = "", formats: tuple[Format, ...] = FORMATS) -> Recognition:
    """As a source has it that nothing else is known of."""
    return Recognition(formats, state, changed)


def show(recogniser: Recogniser, *paths: Path) -> Counter[str]:
    """Let it read these samples; what their lines were taken for."""
    taken: Counter[str] = Counter()
    for path in paths:
        for record in records(path):
            if isinstance(record, Record):
                outcome = recogniser.read(record)
                taken["event" if isinstance(outcome, Fact) else outcome] += 1
    return taken


def sample(name: str) -> Path:
    """The first sample of a format."""
    return sample_files(name)[0]


@pytest.mark.parametrize(("form", "path"), CASES, ids=[f"{form.name}-{path.stem}" for form, path in CASES])
def test_a_server_is_recognised_from_its_log(form: Format, path: Path) -> None:
    """Whatever stands before its first line; and nothing else is seen in it."""
    found = recognition()
    recogniser = found.of("1", "mail.log")
    show(recogniser, path)
    assert form is recogniser.chosen
    assert () == found.problems
    assert not recogniser.rivals


@pytest.mark.parametrize(("form", "path"), CASES, ids=[f"{form.name}-{path.stem}" for form, path in CASES])
def test_a_log_is_read_alike_behind_that_of_another_server(form: Format, path: Path) -> None:
    """Which file of a directory came first does not matter."""
    alone, behind = recognition(), recognition()
    other = "popa3d" if form.name == "cyrus" else "cyrus"
    show(behind.of("1", "other.log"), sample(other))
    expected = show(alone.of("1", "mail.log"), path)
    found = show(behind.of("2", "mail.log"), path)
    assert expected["event"] == found["event"]
    assert form.name == behind.name("2")
    assert (other, form.name) in itertools.permutations(behind.names)


def test_two_servers_in_one_log_are_told() -> None:
    """A proxy and its backend: neither is guessed away, and no line of the other is ignored."""
    found = recognition()
    other = sample("popa3d")
    alone = show(recognition().of("1", "x"), other)
    taken = show(found.of("1", "mail.log"), sample("nginx"), other)
    (problem,) = found.problems
    assert "mail.log: read as nginx, but there are lines of popa3d too, which are not counted" in problem
    assert "unless one is the proxy of the other" in problem
    assert "docs/behind-a-proxy.md" in problem
    assert taken["unmatched"] >= alone["event"]


def test_another_server_is_told_after_a_restart_too() -> None:
    """The choice came from the state, not from a line."""
    first = recognition()
    show(first.of("1", "mail.log"), sample("nginx"))
    again = recognition(first.state())
    show(again.of("1", "mail.log"), sample("popa3d"))
    assert "read as nginx, but there are lines of popa3d too" in " ".join(again.problems)


def test_a_log_that_changes_hands_is_told_however_late() -> None:
    """The server was replaced by another one behind a hundred thousand lines of other services."""
    found = recognition()
    recogniser = found.of("1", "mail.log")
    show(recogniser, sample("courier"))
    noise = Record(0, b"mx1", b"postfix/smtpd", b"7", b"connect from unknown[192.0.2.7]")
    for _ in range(SUSPECTED_LINES):
        assert Verdict.IGNORED is recogniser.read(noise)
    login = Record(0, b"mx1", b"popa3d", b"7", b"Session from 192.0.2.7")
    taken = [recogniser.read(login) for _ in range(SUSPECTED_LATER + 1)]
    assert Verdict.UNMATCHED is taken[-1]
    assert "there are lines of popa3d too" in " ".join(found.problems)


def test_a_proxy_and_another_server_in_one_source_are_told() -> None:
    """Each file for itself is plain, but together they count each session twice."""
    found = recognition()
    show(found.of("1", "/var/log/nginx/error.log"), sample("nginx"))
    alone = found.problems
    show(found.of("2", "/var/log/mail.log"), sample("dovecot"))
    assert ((), 1) == (alone, len(found.problems))
    assert "if nginx is the proxy of dovecot, each session counts twice" in found.problems[0]


@pytest.mark.parametrize(
    "message",
    [
        b"pop3(alice@example.org)<5887><+N1379hgkYR/CgCC>: Debug: User session is finished",
        b"pop3(alice@example.org)<5887><+N1379hgkYR/CgCC>: Error: Mailbox INBOX: UIDVALIDITY changed",
    ],
)
def test_a_log_of_debugging_alone_is_dovecots(message: bytes) -> None:
    """`debug_log_path` is a file of its own: none of its lines is one that is not understood."""
    recogniser = recognition().of("1", "dovecot-debug.log")
    assert Verdict.IGNORED is recogniser.read(Record(0, b"", b"", b"", message))
    assert "dovecot" == getattr(recogniser.chosen, "name", "")


def test_lines_of_nobody_choose_nothing() -> None:
    """A mail log without any POP3 server."""
    recogniser = recognition().of("1", "mail.log")
    for message in (b"connect from unknown[192.0.2.7]", b"", b"GET / HTTP/1.1", b"LOGIN"):
        assert Verdict.IGNORED is recogniser.read(Record(0, b"mx1", b"postfix/smtpd", b"7", message))
    assert recogniser.chosen is None


@pytest.mark.parametrize(
    "record",
    [
        Record(0, b"mx1", b"pop3d", b"", b"LOGOUT, user=bob, ip=[192.0.2.7], top=0, retr=0"),
        Record(0, b"mx1", b"teapop-pop3", b"", b"Successful login for bob"),
        Record(0, b"mx1", b"", b"", b"4f1c: pop3-login: Login: user=<bob>"),
        Record(0, b"mx1", b"", b"", b"x: pop3(bob): Disconnected: Logged out"),
    ],
)
def test_a_line_with_the_mark_of_pop3_is_never_ignored(record: Record) -> None:
    """While no server is recognised, the name of a program or of Dovecot's process is enough to ask for attention."""
    found = recognition().of("1", "mail.log").read(record)
    assert isinstance(found, Fact) or Verdict.UNMATCHED is found


def test_the_choice_outlives_a_restart() -> None:
    """The state names the format of each stream; a name that is no longer offered is forgotten."""
    first = recognition()
    show(first.of("1", "a.log"), sample("courier"))
    show(first.of("2", "b.log"), sample("popa3d"))
    again = recognition(first.state())
    assert ["courier", "popa3d"] == [getattr(again.of(one, "").chosen, "name", None) for one in "12"]
    assert ("courier", "popa3d") == again.names
    assert recognition(first.state(), FORMATS[:2]).of("1", "a.log").chosen is None


def test_a_state_of_the_version_before_is_understood() -> None:
    """It knew one format for all streams of the source, by its bare name."""
    assert "courier" == getattr(recognition("courier").of("7", "mail.log").chosen, "name", None)


def test_a_rotated_log_begins_as_what_it_was() -> None:
    """Of a source with two servers: its first line may be one that any server could have written."""
    found = recognition()
    show(found.of("1", "dovecot.log"), sample("dovecot"))
    show(found.of("2", "courier.log"), sample("courier"))
    found.keep(["2", "3"])  # 1 was rotated away and deleted
    again = recognition(found.state())
    for one in (found, again):
        assert "dovecot" == getattr(one.of("3", "dovecot.log").chosen, "name", None)
        assert one.of("4", "new.log").chosen is None


def test_one_format_needs_no_choice() -> None:
    """What the administrator has said is not doubted."""
    found = recognition(formats=FORMATS[:1])
    recogniser = found.of("1", "mail.log")
    assert FORMATS[0] is recogniser.chosen
    assert not recogniser.has_others
    show(recogniser, sample("popa3d"))
    assert () == found.problems
    assert (FORMATS[0].name,) == found.names


def test_what_is_recognised_expires_in_its_own_time() -> None:
    """Courier waits 300 s, Dovecot's sessions are kept for hours."""
    names = Names(NameRules())
    pipeline = Pipeline(
        SourceContext(FORMATS, UTC, "mx1", "mx1"),
        Calendar([(0, UTC)]),
        lambda server, user, login: names.account(server, user, login=login),
        names.intern,
    )
    line = b"2026-11-22T07:38:03.268690+00:00 mx1 pop3d: Connection, ip=[::ffff:192.0.2.7], port=[51081]"
    later = b"2026-11-22T07:46:03.268690+00:00 mx1 pop3d: Connection, ip=[::ffff:192.0.2.8], port=[51081]"
    assert [] == pipeline.feed(Batch("1", "mail.log", [line, later], NOW, caught_up=False), None)
    assert 1 == len(pipeline.expire(None, caught_up=False))


def test_each_stream_is_expired_in_its_servers_time() -> None:
    """Two servers in one source: a connection to Courier is given up after 300 s, whatever else is read."""
    names = Names(NameRules())
    pipeline = Pipeline(
        SourceContext(FORMATS, UTC, "mx1", "mx1"),
        Calendar([(0, UTC)]),
        lambda server, user, login: names.account(server, user, login=login),
        names.intern,
    )
    dovecot = (
        b"2026-11-22T07:38:00.000000+00:00 mx1 dovecot: pop3-login: Login: user=<bob@example.com>, method=PLAIN,"
        b" rip=192.0.2.7, lip=192.0.2.1, mpid=12, TLS, session=<abcdefgh0001>"
    )
    courier = b"2026-11-22T07:38:03.268690+00:00 mx1 pop3d: Connection, ip=[::ffff:192.0.2.7], port=[51081]"
    later = dovecot.replace(b"07:38:00", b"07:46:00").replace(b"0001", b"0002")
    assert 1 == len(pipeline.feed(Batch("1", "a.log", [dovecot], NOW, caught_up=False), None))
    pipeline.feed(Batch("2", "b.log", [courier], NOW, caught_up=False), None)
    pipeline.feed(Batch("1", "a.log", [later], NOW, caught_up=False), None)
    assert ["expired"] == [str(charge.reason) for charge in pipeline.expire(None, caught_up=False)]
    assert "courier, dovecot" == pipeline.format_name
