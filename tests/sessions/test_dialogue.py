"""Servers that log the protocol's lines: what commands and replies come to."""

import binascii

import pytest

from exporter.catalogue import Reason
from exporter.model import Fact, Kind
from tests.sessions.desk import Desk

ALICE = b"alice@example.com"


def command(verb: bytes, user: bytes | None = None, *, ok: bool | None = None) -> Fact:
    """The client's line."""
    return Fact(Kind.COMMAND, b"7", user, verb=verb, ok=ok)


def reply(*, ok: bool, reason: Reason | None = None, bad_commands: int = 0) -> Fact:
    """The server's line."""
    return Fact(Kind.REPLY, b"7", reason=reason, ok=ok, bad_commands=bad_commands)


def test_user_and_pass_log_in(desk: Desk) -> None:
    """The reply to PASS decides; the name is USER's; verbs are known in any case."""
    desk.take(command(b"user", ALICE), reply(ok=True), command(b"pass"), reply(ok=True), reply(ok=True))
    assert (1, 1) == (desk.total("connections"), desk.total("logins", user="alice@example.com"))


def test_a_refused_pass_is_a_failure(desk: Desk) -> None:
    """And a new USER names the next attempt."""
    desk.take(command(b"USER", b"bob@x"), reply(ok=True), command(b"PASS"), reply(ok=False))
    desk.take(command(b"USER", ALICE, ok=True), command(b"PASS", ok=True))
    assert (1, 1) == (desk.total("login_failures"), desk.total("logins", user="alice@example.com"))
    assert b"bob@x" == desk.charges[0].name


def test_a_reply_that_tells_another_reason_blocks(desk: Desk) -> None:
    """Refused, but not for the credentials."""
    desk.take(command(b"PASS"), reply(ok=False, reason=Reason.RATE_LIMIT), Fact(Kind.END, b"7"))
    assert {Reason.RATE_LIMIT: 1} == desk.ends
    assert 0 == desk.total("login_failures")


@pytest.mark.parametrize(
    "response",
    [b"\0" + ALICE + b"\0secret", b"n,,n=" + ALICE + b",r=abc", ALICE + b" 0123456789abcdef0123456789abcdef", ALICE],
)
def test_auth_names_its_user_in_its_first_line(desk: Desk, response: bytes) -> None:
    """PLAIN, SCRAM, CRAM-MD5 and LOGIN; a second line (LOGIN's password) is never taken for a name."""
    first, second = (binascii.b2a_base64(one, newline=False) for one in (response, b"secret"))
    desk.take(command(b"AUTH"), command(first), command(second), reply(ok=True))
    assert 1 == desk.total("logins", user="alice@example.com")


def test_auth_may_name_nobody(desk: Desk) -> None:
    """What is no base64 is an attempt of nobody known."""
    desk.take(command(b"AUTH"), command(b"*"), reply(ok=False), Fact(Kind.END, b"7", reason=Reason.CLOSED))
    assert 1 == desk.total("login_failures", domain="unknown")


def test_unknown_verbs_are_bad_commands(desk: Desk) -> None:
    """So are known ones whose reply calls them malformed; other -ERR are none."""
    desk.take(command(b"HELO"), reply(ok=False), command(b"RETR"), reply(ok=False))
    desk.take(command(b"LIST"), reply(ok=False, bad_commands=1), Fact(Kind.END, b"7", reason=Reason.CLOSED))
    assert (2, 1) == (desk.total("bad_commands"), desk.total("bad_command_connections"))


def test_quit_ends_the_connection(desk: Desk) -> None:
    """With the answer, or with the end line that follows, but once; its bytes still count."""
    desk.take(command(b"QUIT"), reply(ok=True), Fact(Kind.END, b"7", reason=Reason.CLOSED, sent=4))
    assert ({Reason.LOGOUT: 1}, 4) == (desk.ends, desk.total("sent_bytes"))


def test_quit_without_an_answer_is_still_a_quit(desk: Desk) -> None:
    """The end line says only that the connection is closed, or never comes."""
    desk.take(command(b"QUIT"), Fact(Kind.END, b"7", reason=Reason.CLOSED))
    desk.take(command(b"QUIT")._replace(key=b"8"))
    desk.note(desk.sessions.finish())
    assert {Reason.LOGOUT: 2} == desk.ends


def test_a_stray_reply_says_nothing(desk: Desk) -> None:
    """A greeting is a reply to no command."""
    desk.take(reply(ok=True), reply(ok=False), Fact(Kind.END, b"7", reason=Reason.CLOSED))
    assert (0, 0) == (desk.total("login_failures"), desk.total("bad_commands"))


@pytest.mark.parametrize(
    ("reason", "failures", "bad_commands"),
    [(Reason.LOGIN_FAILURES, 2, 0), (Reason.BAD_COMMANDS, 1, 1), (Reason.TIMEOUT, 1, 0)],
)
def test_a_reply_may_hang_up(desk: Desk, reason: Reason, failures: int, bad_commands: int) -> None:
    """The last refused attempt or command still counts, and its reason is the end's; what follows adds nothing."""
    desk.take(command(b"USER", ALICE, ok=True), command(b"PASS"), reply(ok=False))
    desk.take(command(b"PASS"), reply(ok=False, reason=reason), Fact(Kind.END, b"7", reason=Reason.CLOSED))
    assert {reason: 1} == desk.ends
    assert (failures, bad_commands) == (desk.total("login_failures"), desk.total("bad_commands"))
    assert 1 == desk.total("terminations")


def dialogue(*verbs: bytes, key: bytes = b"712 192.0.2.7") -> list[Fact]:
    """Commands that succeed, each with its answer in the same line (MailEnable)."""
    return [Fact(Kind.COMMAND, key, b"alice@example.com", verb=verb, ok=True) for verb in verbs]


@pytest.mark.parametrize("pause", [5, 120, 3600])
def test_a_login_after_a_login_is_of_another_connection(desk: Desk, pause: int) -> None:
    """The client went without QUIT, and the next one has the same port: nobody logs in twice in one dialogue."""
    desk.take(*dialogue(b"USER", b"PASS", b"STAT"), stamp=1000)
    desk.take(*dialogue(b"USER", b"PASS", b"STAT"), stamp=1000 + pause)
    assert (2, 2, {"expired": 1}) == (desk.total("connections"), desk.total("logins"), desk.signs)


def test_a_dialogue_soon_after_the_end_is_of_another_connection(desk: Desk) -> None:
    """The next client has the same port within the seconds in which late lines are waited for."""
    desk.take(*dialogue(b"USER", b"PASS", b"QUIT"), stamp=1000)
    desk.take(*dialogue(b"USER", b"PASS", b"QUIT"), stamp=1003)
    assert (2, 2, {Reason.LOGOUT: 2}) == (desk.total("connections"), desk.total("logins"), desk.ends)


def test_a_number_used_again_after_a_restart_of_the_server_is_another_connection(desk: Desk) -> None:
    """Answers are lines of their own, and nothing tells that the first client went (hMailServer)."""
    answer = Fact(Kind.REPLY, b"1", ok=True)
    for stamp in (1000, 1000 + 3600):
        for verb in (b"USER", b"PASS"):
            desk.take(answer, Fact(Kind.COMMAND, b"1", b"alice@example.com", verb=verb), stamp=stamp)
        desk.take(answer, stamp=stamp + 1)
    assert (2, 2) == (desk.total("connections"), desk.total("logins"))
