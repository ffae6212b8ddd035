"""Repeats and stamps inside of messages."""

from zoneinfo import ZoneInfo

import pytest

from exporter.envelopes import Opener
from exporter.model import Record

# 2026-11-22 12:00 UTC
NOW = 1795348800
AT = 1795333080  # 07:38:00


def opened(*lines: bytes) -> list[Record | None]:
    opener = Opener(ZoneInfo("UTC"))
    opener.begin("mail.log", NOW, NOW)
    return [record if isinstance(record, Record) else None for record in map(opener.open, lines)]


def test_repeated_message() -> None:
    """rsyslog's repeat is the message in brackets, so many times more."""
    line = b"Nov 22 07:38:00 mx1 cyrus/pop3[29011]: message repeated 2 times: [ counts: retr=<5> top=<1> dele=<1>]"
    assert [Record(AT, b"mx1", b"cyrus/pop3", b"29011", b"counts: retr=<5> top=<1> dele=<1>", 2)] == opened(line)


@pytest.mark.parametrize(
    "line",
    [
        b"Nov 22 07:38:02 mx1 last message repeated 8 times",
        b"Nov 22 07:38:02 mx1 --- last message repeated 8 times ---",
        b"<22>1 2026-11-22T07:38:02Z mx1 - - - - last message repeated 8 times",
        b"Nov 22 07:38:02 mx1 pop3d: Last message 'Maximum conn' repeated 8 times, suppressed by syslog-ng on mx1",
    ],
)
def test_last_message_repeated(line: bytes) -> None:
    """Older daemons repeat the last message of their host, though another host's came between."""
    first = b"Nov 22 07:38:00 mx1 pop3d: Maximum connection limit reached for ::ffff:192.0.2.1"
    other = b"Nov 22 07:38:01 mx2 pop3d: Disconnected, ip=[192.0.2.2]"
    message = b"Maximum connection limit reached for ::ffff:192.0.2.1"
    assert Record(AT + 2, b"mx1", b"pop3d", b"", message, 8) == opened(first, other, line)[-1]


def test_repeat_without_host() -> None:
    """Where a daemon leaves its host out of the repeat, the stream's only host is meant."""
    first = b"Nov 22 07:38:00 mx1 pop3d: x"
    repeat = b"Nov 22 07:38:02 --- last message repeated 1 time ---"
    assert [Record(AT, b"mx1", b"pop3d", b"", b"x"), Record(AT + 2, b"mx1", b"pop3d", b"", b"x")] == opened(
        first, repeat
    )
    other = b"Nov 22 07:38:01 mx2 pop3d: x"
    assert Record(AT + 2, b"", b"", b"", repeat[16:]) == opened(first, other, repeat)[-1]


def test_repeat_of_unknown_message() -> None:
    """A repeat of what was never seen stays what it says, for the format not to understand."""
    (record,) = opened(b"Nov 22 07:38:02 mx1 last message repeated 8 times")
    assert record == Record(AT + 2, b"mx1", b"", b"", b"last message repeated 8 times")


@pytest.mark.parametrize(
    "message",
    [
        b"last message repeated 8 times",
        b"message repeated 800000 times: [ LOGIN, user=a]",
        b"Last message 'LOGIN' repeated 8 times, suppressed by syslog-ng on mx1",
    ],
)
def test_text_of_a_client_is_no_repeat(message: bytes) -> None:
    """Courier cuts long names and logs the rest as a message of its own: it multiplies nothing."""
    first = b"Nov 22 07:38:00 mx1 pop3d: Disconnected, ip=[192.0.2.2]"
    assert Record(AT, b"mx1", b"pop3d", b"", message) == opened(first, b"Nov 22 07:38:00 mx1 pop3d: " + message)[-1]


def test_repeat_of_nothing() -> None:
    """No times is no message."""
    assert [None] == opened(b"Nov 22 07:38:00 mx1 pop3d: message repeated 0 times: [ LOGIN]")


@pytest.mark.parametrize(
    ("expected", "inner"),
    [
        (AT - 60, b"2026-11-22T07:37:00Z"),
        (AT - 7200, b"2026-11-22T07:38:00+02:00"),
        (AT - 60, b"2026/11/22 07:37:00"),
        (AT - 60, b"Nov 22 07:37:00"),
        (AT - 60, b"[2026-11-22 07:37:00]"),
        (AT, b"2026/11/22 08:38:00"),
        (AT, b"2016-11-22T07:37:00Z"),
    ],
)
def test_inner_stamp(expected: int, inner: bytes) -> None:
    """The innermost stamp wins, unless its clock is in another zone or it is no time of this message at all."""
    line = b"2026-11-22T07:38:00.5+00:00 mx1 mail[7]: " + inner + b" pop3-login: Info: x"
    assert [Record(expected, b"mx1", b"mail", b"7", b"pop3-login: Info: x")] == opened(line)


def test_syslog_in_container() -> None:
    """Host and program come from the stamp that has them."""
    line = b'{"log":"Nov 22 07:38:00 mx1 dovecot: pop3-login: x\\n","stream":"stdout","time":"2026-11-22T07:38:01Z"}'
    assert [Record(AT, b"mx1", b"dovecot", b"", b"pop3-login: x")] == opened(line)


def test_inner_stamp_at_new_year() -> None:
    """The year of an inner stamp is that of the stamp around it."""
    # 2027-01-01 00:00:00 UTC
    line = b"2027-01-01T00:00:00Z mx1 mail: Dec 31 23:59:59 pop3-login: x"
    assert [Record(1798761599, b"mx1", b"mail", b"", b"pop3-login: x")] == opened(line)


@pytest.mark.parametrize(
    ("host", "before"),
    [
        (b"mx1", b"Nov 22 06:42:14 relay Nov 22 06:42:13 mx1 dovecot: "),
        (b"mx1", b"2026-11-22T06:42:14Z stream-1 Nov 22 06:42:13 mx1 dovecot: "),
        (b"mx1", b"2026 Nov 22 06:42:14 (agent) 192.0.2.1->/var/log/mail.log Nov 22 06:42:13 mx1 dovecot: "),
        (b"mx1", b"2026 Nov 22 06:42:14 mx1->/var/log/mail.log Nov 22 06:42:13 mx1 dovecot: "),
        (b"mx1", b"Nov 22 06:42:14 mx1 dovecot Nov 22 06:42:13 "),
        (b"mx1", b"Nov 22 06:42:13 mx1 [dovecot] "),
        (b"", b"Nov 22 06:42:13 [dovecot] "),
    ],
)
def test_relays_and_metalog(host: bytes, before: bytes) -> None:
    """A relay's own stamp and words come before the line, and metalog's tag has brackets instead of a colon."""
    texts = (
        b"pop3-login: Login: user=<a>",
        b"pop3(a)<7><id>: Disconnected: Logged out top=0/0",
        b"pop3-login: Login: x",
    )
    found = opened(*(before + text for text in texts))
    assert [(host, text) for text in texts] == [(record.host, record.message) for record in found if record]
