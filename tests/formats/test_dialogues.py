"""Servers that log the protocol: what whole sample days come to, and SmarterMail's phrases.

None of these could be run; the expected numbers are counted by hand in the samples.
"""

from pathlib import Path

import pytest

from exporter.catalogue import Quality, Reason
from exporter.formats import formats_of
from exporter.formats.smartermail import MEANINGS, PHRASES, SmarterMail
from exporter.model import Fact, Kind, Record, Verdict
from exporter.names import NameRules, Names
from exporter.sessions import Sign
from tests.sessions.desk import Desk
from tests.truth.books import Book, booked

HERE = Path(__file__).parent
ALICE = ("example.com", "alice@example.com")


def day(server: str, name: str) -> Book:
    """What a sample comes to, when alice is known."""
    names = Names(NameRules(listed_users=frozenset((ALICE[1],)), listed_domains=frozenset((ALICE[0],))))
    return booked(formats_of(server)[0], HERE / server / name, names)


def test_a_day_of_smartermail() -> None:
    """Connections, a login after a failure, a bad command, what was blocked, ended by the server, and abandoned."""
    book = day("smartermail", "2026.11.22-popLog.log")
    assert (7, 1, 2) == (book.total("connections"), book.total("logins"), book.total("login_failures"))
    assert 3 == book.total("bad_commands")
    expected = {
        Reason.ACCESS_LIST: 1,
        Reason.LOGOUT: 1,
        Reason.ACCOUNT_DISABLED: 1,
        Reason.BAD_COMMANDS: 1,
        Reason.TIMEOUT: 1,
        Reason.EXPIRED: 2,
    }
    assert expected == dict(book.ends)


def test_bytes_of_smartermail_are_those_of_the_lines() -> None:
    """Each line with its end, the message where its answer tells the size, and the closing dot."""
    book = day("smartermail", "2026.11.22-popLog.log")
    commands = ["USER alice@example.com", "PASS ****"] * 2 + ["XYZZY", "RETR 1", "DELE 9", "QUIT"]
    answers = ["+OK POP3 server ready", "+OK", "-ERR Login failed", "+OK", "+OK 2 messages (1554 octets)"]
    answers += ["-ERR Unrecognized command", "+OK 777 octets", "-ERR No such message", "+OK goodbye"]
    received = sum(len(line) + 2 for line in commands)
    sent = sum(len(line) + 2 for line in answers) + 777 + 3
    assert received == book.amounts["received_bytes", *ALICE]
    assert sent == book.amounts["sent_bytes", *ALICE]


def test_a_day_of_exchange() -> None:
    """Sizes are added row by row; probes and IMAP are not ours."""
    book = day("exchange", "POP32026112208-1.log")
    assert (5, 1) == (book.total("connections"), book.amounts["logins", *ALICE])
    assert (80, 1058) == (book.amounts["received_bytes", *ALICE], book.amounts["sent_bytes", *ALICE])
    assert (1, 1) == (book.total("login_failures"), book.amounts["bad_commands", *ALICE])
    assert {Reason.LOGOUT: 1, Reason.ACCOUNT_DISABLED: 1, Reason.EXPIRED: 2, Reason.CLOSED: 1} == dict(book.ends)


def test_exchange_adds_what_was_passed_on_after_the_login() -> None:
    """The last row of a session has the bytes of the proxied part; the user is whom the command named."""
    book = day("exchange", "POP32026112208-1.log")
    frank = ("example.com", "frank@example.com")
    assert (105, 458_095) == (book.amounts["received_bytes", *frank], book.amounts["sent_bytes", *frank])


def test_a_day_of_hmailserver() -> None:
    """The session ties lines of several threads; what hangs up is told by the answer."""
    book = day("hmailserver", "from-source.log")
    assert (4, 1) == (book.total("connections"), book.total("logins"))
    assert (1, 2) == (book.total("bad_commands"), book.total("login_failures"))
    expected = {Reason.LOGOUT: 1, Reason.LOGIN_FAILURES: 1, Reason.MAILBOX_LOCKED: 1, Reason.TLS_REQUIRED: 1}
    assert expected == dict(book.ends)


def test_a_day_of_mailenable() -> None:
    """Bytes as logged in each row; a denied host is blocked."""
    book = day("mailenable", "POP-Activity-261122.log")
    assert (5, 1, 2) == (book.total("connections"), book.amounts["logins", *ALICE], book.total("login_failures"))
    assert (58, 838) == (book.amounts["received_bytes", *ALICE], book.amounts["sent_bytes", *ALICE])
    assert {Reason.LOGOUT: 1, Reason.ACCESS_LIST: 1, Reason.EXPIRED: 3} == dict(book.ends)


def test_a_day_of_mailenable_as_w3c() -> None:
    """The same of the other log; the greeting's bytes are the connection's too."""
    book = day("mailenable", "ex261122.log")
    assert (2, 1, 1) == (book.total("connections"), book.amounts["logins", *ALICE], book.total("login_failures"))
    assert (43, 60) == (book.amounts["received_bytes", *ALICE], book.amounts["sent_bytes", *ALICE])
    assert {Reason.LOGOUT: 1, Reason.EXPIRED: 1} == dict(book.ends)


def test_mailenable_uses_a_socket_again_in_the_same_second() -> None:
    """A client that comes three times in a second is three connections, though all lines are the same."""
    form, desk = formats_of("mailenable")[0], Desk()
    desk.sessions.use(form.name, form.idle_seconds, form.keys)
    commands = [b"\t\t+OK Hi\t20\t0\t", b"USER\tUSER a@b\t+OK\t5\t10\t", b"PASS\tPASS *\t+OK\t5\t9\ta@b"]
    for command in (*commands, b"QUIT\tQUIT\t+OK\t5\t6\ta@b") * 3:
        fact = form.read(Record(1000, b"", b"", b"", b"POP-IN\t\t712\t192.0.2.7\t" + command + b"\t"))
        assert isinstance(fact, Fact)
        desk.take(fact)
    assert (3, 3, 105) == tuple(map(desk.total, ("connections", "logins", "sent_bytes")))
    assert ({Reason.LOGOUT: 3}, 0) == (desk.ends, desk.sessions.signs.total(Sign.DUPLICATES))


def test_a_day_of_qpopper() -> None:
    """Every refused answer is a line."""
    book = day("qpopper", "known.log")
    assert (8, 1, 2) == (book.total("connections"), book.total("logins"), book.total("login_failures"))
    expected = {
        Reason.LOGOUT: 1,
        Reason.CLOSED: 1,
        Reason.TIMEOUT: 1,
        Reason.MAILBOX_LOCKED: 1,
        Reason.POLICY: 1,
        Reason.ACCESS_LIST: 1,
        Reason.TLS_FAILED: 1,
        Reason.EXPIRED: 1,
    }
    assert expected == dict(book.ends)


def test_a_day_of_uw_imap() -> None:
    """Each end names its cause."""
    book = day("uw-imap", "known.log")
    assert (20, 5, 6) == (book.total("connections"), book.total("logins"), book.total("login_failures"))
    expected = {
        Reason.LOGOUT: 1,
        Reason.TIMEOUT: 1,
        Reason.CLOSED: 4,
        Reason.TLS_FAILED: 1,
        Reason.TLS_REQUIRED: 1,
        Reason.RESET: 2,
        Reason.KILLED: 1,
        Reason.MAILBOX_ERROR: 3,
        Reason.ACCESS_LIST: 1,
        Reason.EXPIRED: 5,
    }
    assert expected == dict(book.ends)


# ── SmarterMail's phrases ───────────────────────────────────────────────────────────────────────────────────


def said(text: bytes, form: SmarterMail) -> Fact | Verdict:
    """What a message about a session is taken for."""
    return form.read(Record(0, b"", b"", b"", b"[192.0.2.7][60044376] " + text))


def test_phrases_mean_what_the_table_may_say() -> None:
    """Every meaning is a reason, or one of three words; texts are compared in lower case."""
    assert set(PHRASES.values()) <= MEANINGS
    assert all(text == text.lower() for text in PHRASES)


@pytest.mark.parametrize(
    ("meaning", "kind", "reason"),
    [
        ("rate_limit", Kind.REFUSAL, Reason.RATE_LIMIT),
        ("timeout", Kind.END, Reason.TIMEOUT),
        ("bad_command", Kind.BAD_COMMAND, None),
    ],
)
def test_a_phrase_of_the_configuration_is_understood(meaning: str, kind: Kind, reason: Reason | None) -> None:
    """In any case, with what stands around it; before it was configured the line was unknown."""
    assert Verdict.UNMATCHED == said(b"Too Eager: 192.0.2.7 waits", SmarterMail())
    fact = said(b"Too Eager: 192.0.2.7 waits", SmarterMail({"too eager": meaning}))
    assert isinstance(fact, Fact)
    assert (kind, reason) == (fact.kind, fact.reason)


def test_a_phrase_of_the_configuration_comes_before_ours() -> None:
    """An operator knows his server better."""
    fact = said(b"IP is blacklisted", SmarterMail({"IP is Blacklisted": "policy"}))
    assert isinstance(fact, Fact)
    assert Reason.POLICY == fact.reason


def test_a_refused_password_may_have_another_reason() -> None:
    """`-ERR` is a failure unless a phrase says more."""
    form = SmarterMail({"mailbox is being moved": "mailbox_error", "call the helpdesk": "account_disabled"})
    for text, reason in (
        (b"rsp: -ERR bad password", None),
        (b"rsp: -ERR please call the helpdesk", Reason.ACCOUNT_DISABLED),
        (b"rsp: -ERR The mailbox is being moved", Reason.MAILBOX_ERROR),
    ):
        fact = said(text, form)
        assert isinstance(fact, Fact)
        assert (False, reason) == (fact.ok, fact.reason)


def test_a_meaning_that_there_is_not_is_told() -> None:
    """With all that there are."""
    with pytest.raises(ValueError, match=r"'blocked' is none of .*rate_limit"):
        SmarterMail({"x": "blocked"})


def test_without_command_lines_nothing_of_the_dialogue_is_called_known() -> None:
    """The level Detailed shows in the lines, and the advice names it."""
    form = SmarterMail()
    assert {Quality.NONE} == {form.quality[name] for name in ("logins", "login_failures", "bad_commands", "sent_bytes")}
    connected = said(b"connected at 11/22/2026 3:24:36 PM", form)
    command = said(b"cmd: NOOP", form)
    assert isinstance(connected, Fact)
    assert isinstance(command, Fact)
    assert ("", "detailed") == (connected.trait, command.trait)
    assert "set the POP log to Detailed" in form.documentation.advice["detailed"]


def test_a_number_that_is_used_again_without_an_end_is_another_session(tmp_path: Path) -> None:
    """HMailServer counts its sessions from 1 after a restart, and logs no end of those that were open."""
    row = '"POP3D"\t9792\t1\t"2024-03-01 08:%s.1%02d"\t"203.0.113.7"\t"%s"'
    said = (
        "SENT: +OK POP3",
        "RECEIVED: USER %s",
        "SENT: +OK Send your password",
        "RECEIVED: PASS ***",
        "SENT: +OK Mailbox locked and ready",
        "RECEIVED: STAT",
        "SENT: +OK 0 0",
    )
    log = tmp_path / "hmailserver_2024-03-01.log"
    sessions = (("15:02", ALICE[1]), ("16:02", "bob@example.com"), ("17:02", "bob@example.com"))
    rows = [row % (at, n, text.replace("%s", name)) for at, name in sessions for n, text in enumerate(said)]
    log.write_text("".join(f"{one}\n" for one in rows))
    book = booked(formats_of("hmailserver")[0], log, Names(NameRules()))
    assert (3, 3) == (book.total("connections"), book.total("logins"))
    assert {("logins", *ALICE): 1, ("logins", "example.com", "bob@example.com"): 2} == book.only("logins")
