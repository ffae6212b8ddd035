"""Lines of every envelope, one after the other, and what they hold."""

from zoneinfo import ZoneInfo

import pytest

from exporter.envelopes import Opener
from exporter.model import Record, Verdict

BERLIN = ZoneInfo("Europe/Berlin")
# 2026-11-22 12:00 UTC
NOW = 1795348800


def opened(line: bytes, *, zone: ZoneInfo = BERLIN, name: str = "mail.log") -> Record | Verdict | None:
    opener = Opener(zone)
    opener.begin(name, NOW, NOW)
    return opener.open(line)


LOGIN = b"pop3-login: Login: user=<a@b.example>, session=<x>"
SYSLOG = Record(1795329734, b"mx1", b"dovecot", b"", LOGIN)
OWN = Record(1795329734, b"", b"", b"", LOGIN)
HOSTLESS = Record(1795329734, b"", b"dovecot", b"", LOGIN)
WITH_PID = Record(1795329734, b"mx1", b"dovecot", b"12", LOGIN)


@pytest.mark.parametrize(
    ("expected", "line"),
    [
        (SYSLOG, b"Nov 22 07:42:14 mx1 dovecot: " + LOGIN),
        (SYSLOG, b"<22>Nov 22 07:42:14 mx1 dovecot: " + LOGIN),
        (SYSLOG, b"Nov 22 07:42:14 <mail.info> mx1 dovecot: " + LOGIN),
        (SYSLOG, b"Nov 22 07:42:14 mx1 mail.info dovecot: " + LOGIN),
        (SYSLOG, b"Nov 22 07:42:14 mx1 dovecot: [ID 583609 mail.info] " + LOGIN),
        (SYSLOG, b"2026-11-22T07:42:14.123456+01:00 mx1 dovecot: " + LOGIN),
        (SYSLOG, b"2026-11-22T06:42:14Z mx1 dovecot: " + LOGIN),
        (SYSLOG, b"2026-11-22T01:42:14-0500 mx1 dovecot: " + LOGIN),
        (SYSLOG, b"<22>1 2026-11-22T06:42:14.1Z mx1 dovecot - - -  " + LOGIN),
        (SYSLOG, b'<22>1 2026-11-22T06:42:14.1Z mx1 dovecot - - [a@1 b="]\\"" c="["][d] \xef\xbb\xbf' + LOGIN),
        (SYSLOG, b"<22>1 2026-11-22T06:42:14.1Z mx1 - - - - dovecot: " + LOGIN),
        (SYSLOG, b"mail-1  | Nov 22 07:42:14 mx1 dovecot: " + LOGIN),
        (SYSLOG, b'{"log":"Nov 22 07:42:14 mx1 dovecot: %b\\n","time":"2026-11-22T06:42:14.9Z"}' % LOGIN),
        (SYSLOG, b"2026-11-22T07:42:14.669794202+01:00 stdout F Nov 22 07:42:14 mx1 dovecot: " + LOGIN),
        (SYSLOG, b"Nov 22 07:42:14 mx1 mail:info dovecot: " + LOGIN),  # AIX
        (SYSLOG, b"Nov 22 07:42:14 mail.info mx1 dovecot: " + LOGIN),
        (SYSLOG, b"Nov 22 07:42:14 mx1 mail info dovecot: " + LOGIN),
        (SYSLOG, b"Nov 22 07:42:14 relay Message forwarded from mx1: dovecot: " + LOGIN),
        (SYSLOG, b"2026 Nov 22 07:42:14 mx1 dovecot: " + LOGIN),
        (SYSLOG, b"22/11/2026 07:42:14 mx1 dovecot: " + LOGIN),
        (SYSLOG, b"Nov 22 07:42:14  mx1 dovecot: " + LOGIN),
        (WITH_PID, b"Sun 2026-11-22 07:42:14 CET mx1 dovecot[12]: " + LOGIN),
        (WITH_PID, b"Sun 2026-11-22 06:42:14 UTC mx1 dovecot[12]: " + LOGIN),
        (WITH_PID, b"Sun 2026-11-22 03:42:14 -03 mx1 dovecot[12]: " + LOGIN),
        (WITH_PID, b"Sun 2026-11-22 12:27:14 +0545 mx1 dovecot[12]: " + LOGIN),
        (WITH_PID, b"Sun 2026-11-22 07:42:14 CET mx1 dovecot.service[12]: " + LOGIN),
        (WITH_PID, b"1795329734.123456 mx1 dovecot[12]: " + LOGIN),
        (WITH_PID, b"1795329734 mx1 dovecot[12]: " + LOGIN),
        (WITH_PID, b"Nov 22 07:42:14.123456 mx1 dovecot[12]: " + LOGIN),
        (WITH_PID, b"2026-11-22T07:42:14+0100 mx1 dovecot[12]: " + LOGIN),
        (SYSLOG, b"Nov 22 07:42:14 mx1 dovecot  " + LOGIN),  # templates without the tag's colon
        (WITH_PID, b"2026-11-22T07:42:14+01:00 mx1 mail.info dovecot[12] " + LOGIN),
        (SYSLOG._replace(program=b""), b"Nov 22 07:42:14 mx1 " + LOGIN),
        (SYSLOG._replace(host=b"192.0.2.1"), b"Nov 22 07:42:14 [192.0.2.1] dovecot: " + LOGIN),
        (HOSTLESS, b"Nov 22 07:42:14 info dovecot: " + LOGIN),
        (HOSTLESS, b"Nov 22 07:42:14 dovecot: " + LOGIN),
        (HOSTLESS, b"2026-11-22T07:42:14.123456+01:00 dovecot: " + LOGIN),
        (HOSTLESS, b"2026-11-22 07:42:14 dovecot: " + LOGIN),
        (HOSTLESS, b"Nov 22 07:42:14 mail:info dovecot: " + LOGIN),
        (HOSTLESS, b"Sun Nov 22 07:42:14 2026 mail.info dovecot: " + LOGIN),  # OpenWrt
        (HOSTLESS, b"Nov 22 07:42:14 8f3c2a1b9d0e: Nov 22 07:42:14 dovecot: " + LOGIN),
        (HOSTLESS._replace(message=b"Info: " + LOGIN), b"dovecot: 2026-11-22 07:42:14 Info: " + LOGIN),  # 1.x
        (HOSTLESS._replace(message=b"Info: " + LOGIN), b"dovecot: Nov 22 07:42:14 Info: " + LOGIN),
        (OWN._replace(host=b"mx1"), b"Nov 22 07:42:14 mx1 8f3c2a1b9d0e: Nov 22 07:42:14 " + LOGIN),
        (OWN._replace(message=b"Info: " + LOGIN), b"Nov 22 07:42:14 Info: " + LOGIN),
        (OWN, b"Nov 22 07:42:14" + LOGIN),
        (OWN, b"22/11/2026 07:42:14" + LOGIN),
        (OWN, b"Nov 22 07:42:14  " + LOGIN),
        (OWN, b"22/11/2026 07:42:14 " + LOGIN),
        (OWN, b"11/22/2026 07:42:14 " + LOGIN),
        (OWN, b"22-11-2026 07:42:14 " + LOGIN),
        (OWN, b"22/11/26 07:42:14 " + LOGIN),
        (OWN, b"22.11.26 07:42:14 " + LOGIN),
        (OWN, b"[22/11/2026 07:42:14] " + LOGIN),
        (OWN, b"261122 074214 " + LOGIN),
        (OWN, b"07:42:14 22/11/2026 " + LOGIN),
        (OWN, b"07:42:14 22.11.2026 " + LOGIN),
        (OWN, b"07:42:14, 2026-11-22 " + LOGIN),
        (OWN, b"22 Nov 07:42:14 " + LOGIN),
        (OWN, b"2026-Nov-22 07:42:14 " + LOGIN),
        (OWN, b"Nov/22/2026 07:42:14 " + LOGIN),
        (OWN, b"Sunday, 22 November 2026 07:42:14 " + LOGIN),
        (OWN, b"November 22, 2026, 07:42:14 " + LOGIN),
        (OWN, b"261122 07:42:14 " + LOGIN),
        (OWN, b"20261122 074214 " + LOGIN),
        (OWN, b"20261122074214 " + LOGIN),
        (OWN, b"2026-11-22_07:42:14.12345 " + LOGIN),  # svlogd
        (OWN, b"Nov 22 07:42:14 " + LOGIN),
        (OWN, b"Nov 22 07:42:14.000123 " + LOGIN),
        (OWN, b"2026-11-22 07:42:14 " + LOGIN),
        (OWN, b"2026-11-22 07:42:14.000123 " + LOGIN),
        (OWN, b"[2026-11-22 07:42:14] " + LOGIN),
        (OWN, b"Sun Nov 22 07:42:14 2026 " + LOGIN),
        (OWN, b"22.11.2026 07:42:14 " + LOGIN),
        (OWN, b"20261122T07:42:14 " + LOGIN),
        (OWN, b"22/Nov/2026:07:42:14 +0100 " + LOGIN),
        (OWN, b"2026-11-22 07:42:14 CET " + LOGIN),
        (OWN, b"2026-11-22 06:42:14 UTC " + LOGIN),
        (OWN, b"Nov 22 2026 07:42:14 AM " + LOGIN),
        (OWN, b"Nov 22 06:42:14 +0000 " + LOGIN),
        (OWN, b"Wed 2026-11-22 07:42:14.123: " + LOGIN),
        (OWN, b"[22/Nov/2026 07:42:14] " + LOGIN),
        (OWN, b"11/22/26 07:42:14\t" + LOGIN),
        (OWN, b"1795329734 " + LOGIN),
        (OWN, b"@400000006b028ed0077a9e94 " + LOGIN),
        (OWN, b'{"log":"%b\\n","stream":"stderr","time":"2026-11-22T06:42:14.9Z"}' % LOGIN),
    ],
)
def test_envelope(expected: Record, line: bytes) -> None:
    """Every envelope around one message gives the same record."""
    assert expected == opened(line)


def test_malformed_and_blank() -> None:
    """A line without a stamp is malformed, a blank line is no message."""
    assert Verdict.MALFORMED is opened(b"no stamp")
    assert opened(b"") is None
    assert opened(b" \t") is None


@pytest.mark.parametrize(
    "line",
    [
        b"no stamp",
        b"Nov 31 07:42:14 mx1 dovecot: x",
        b"Nov 22 25:42:14 mx1 dovecot: x",
        b"9999-11-22T07:42:14Z mx1 dovecot: x",
        b"0001-11-22T07:42:14Z mx1 dovecot: x",
        b"<22>1 - mx1 dovecot - - - x",
        b"@40000000 x",
        b"0000000000 mx1 dovecot: x",
        b"99999999999 mx1 dovecot: x",
        b"1795329734123456789 mx1 dovecot: x",
        b"-1795329734 mx1 dovecot: x",
        b"[12345.678901] mx1 dovecot: x",
        b"2026-11-22T07:42:14+99:00 mx1 dovecot: x",
        b"2026-11-22T07:42:14.1234567890 mx1 dovecot: x",
        b"13/13/2026 07:42:14 pop3-login: x",
        b"00/00/0000 07:42:14 pop3-login: x",
        b"261322 074214 pop3-login: x",
        b"Foo 22 07:42:14 mx1 dovecot: x",
        b"13\xe6\x9c\x88 22 07:42:14 mx1 dovecot: x",
    ],
)
def test_impossible_stamp(line: bytes) -> None:
    """What no calendar has is no stamp."""
    assert Verdict.MALFORMED is opened(line)


def test_more_of_the_message() -> None:
    """Text that begins with a blank belongs to the message before; before any message it is malformed."""
    opener = Opener(BERLIN)
    opener.begin("2026.11.22-popLog.log", NOW, NOW)
    assert Verdict.MALFORMED is opener.open(b"\tat System.Net")
    assert isinstance(opener.open(b"07:42:14.585 pop started at 11/22/2026 7:42:14 AM"), Record)
    assert opener.open(b"\tat System.Net") is None
    assert Verdict.MALFORMED is opener.open(b"injected")


@pytest.mark.parametrize(
    "line",
    [
        b"    MESSAGE=pop3-login: Login: user=<a@b.example>",
        b'\t"MESSAGE" : "pop3-login: Login: user=<a@b.example>",',
        b" dovecot[12]: pop3-login: Login",
        b" pop3(a@b.example)<1><x>: Disconnected: Logged out",
        b"\tperdition.pop3[100]: Connect: 192.0.2.9:5000->192.0.2.1:110",
        b" courierpop3login: LOGIN, user=a@b.example",
    ],
)
def test_text_of_a_server_is_never_more_of_a_message(line: bytes) -> None:
    """`journalctl -o verbose` and its kin have no stamp in the line of the message: malformed, not silent."""
    opener = Opener(BERLIN)
    opener.begin("mail.log", NOW, NOW)
    opener.open(OWN_LINE)
    assert Verdict.MALFORMED is opener.open(line)


@pytest.mark.parametrize(
    "line", [b"-- Boot 8f3c2a1b9d0e --", b"-- No entries --", b"==> /var/log/mail.log <==", b"\x1a"]
)
def test_what_viewers_say_between_lines(line: bytes) -> None:
    """It is no message of anybody."""
    assert opened(line) is None


def test_smartermail() -> None:
    """SmarterMail's lines have the date of their file, or of the log viewer's prefix."""
    message = b"[192.0.2.7][60044376] cmd: USER a@b.example"
    expected = Record(1795329734, b"", b"", b"", message)
    assert expected == opened(b"07:42:14.585 " + message, name="2026.11.22-popLog.log")
    assert expected == opened(b"[2026.11.22] 07:42:14.585 " + message)


def test_tables() -> None:
    """A row is its own message, with the stamp of its column; a header has the last stamp known, or the file's."""
    opener = Opener(BERLIN)
    opener.begin("POP32022072021-1.LOG", 1658352300, NOW)
    header = b"#Fields: dateTime,sessionId,seqNumber"
    row = b"2022-07-20T21:23:48.514Z,0000000000000005,1"
    assert Record(1658352300, b"", b"", b"", header) == opener.open(b"\xef\xbb\xbf" + header)
    assert Record(1658352228, b"", b"", b"", row) == opener.open(row)
    assert Record(1658352228, b"", b"", b"", header) == opener.open(header)
    header = b"dateTime,sessionId,seqNumber"
    assert Record(1658352228, b"", b"", b"", header) == opener.open(header)
    row = b'"POP3D"\t9792\t41\t"2024-03-01 08:15:02.101"\t"203.0.113.7"\t"SENT: +OK POP3"'
    assert Record(1709277302, b"", b"", b"", row) == opener.open(row)


@pytest.mark.parametrize(
    ("expected", "line"),
    [
        (Record(1795329734, b"", b"", b"", b"pop3(a b)<1><x>: Info: y"), b"Nov 22 07:42:14 pop3(a b)<1><x>: Info: y"),
        (Record(1795329734, b"", b"", b"", b"pop3(b: mx1 d): Info: y"), b"Nov 22 07:42:14 pop3(b: mx1 d): Info: y"),
        (Record(1795329734, b"", b"", b"", b"INFO  [x] imap: y"), b"2026-11-22 07:42:14,616 INFO  [x] imap: y"),
        (Record(1795329734, b"fe80::1", b"pop3d", b"", b"x"), b"Nov 22 07:42:14 fe80::1 pop3d: x"),
        (Record(1795329734, b"10.20.30.40", b"pop3d", b"", b"x"), b"Nov 22 07:42:14 10.20.30.40 pop3d: x"),
        (Record(1795329734, b"0815", b"pop3d", b"", b"x"), b"Nov 22 07:42:14 0815 pop3d: x"),
        (Record(1795329734, b"mx1", b"cyrus/pop3", b"29351", b"x: y"), b"Nov 22 07:42:14 mx1 cyrus/pop3[29351]: x: y"),
        (Record(1795329734, b"", b"", b"", b"mx1 no tag"), b"Nov 22 07:42:14 mx1 no tag"),
        (Record(1795329734, b"mx1", b"pop3d", b"", b""), b"Nov 22 07:42:14 mx1 pop3d:"),
        (Record(1795329734, b"mx1", b"pop3d", b"", b" #011x"), b"Nov 22 07:42:14 mx1 pop3d:  #011x"),
        (Record(1795329731, b"mx1", b"pop3d", b"", b"x"), b"Nov 22 07:42:11 mx1 pop3d: x"),
        (Record(1795329734, b"", b"pop3d", b"", b"x"), b"Nov 22 07:42:14 pop3d: x"),
        (Record(1795329734, b"", b"pop3d", b"", b"y"), b"Nov 22 07:42:14 pop3d: y"),
        (Record(1795329734, b"", b"perdition.pop3", b"7", b"x"), b"Nov 22 07:42:14 perdition.pop3[7]: x"),
        (Record(1795329734, b"", b"cyrus/pop3", b"7", b"x"), b"2026-11-22 07:42:14 cyrus/pop3[7]: x"),
        (Record(1795329734, b"", b"auth", b"7", b"x"), b"Nov 22 07:42:14 auth[7]: x"),
        (Record(1795329734, b"", b"", b"", b"auth: x"), b"Nov 22 07:42:14 auth: x"),
        (Record(1795329734, b"", b"", b"", b"Info: pop3-login: x"), b"Nov 22 07:42:14 Info: pop3-login: x"),
        (Record(1795329734, b"mx1", b"dovecot", b"12", b"x"), b"Nov 22 07:42:14 mx1 mail info dovecot[12]: x"),
        (Record(1795329734, b"mx1", b"", b"99", b"x"), b"Nov 22 07:42:14 mx1 8f3c2a1b9d0e[99]: x"),
        (Record(1795329734, b"8f3c2a1b9d0e", b"dovecot", b"", b"x"), b"Nov 22 07:42:14 8f3c2a1b9d0e dovecot: x"),
        (
            Record(1795329734, b"mx1", b"docker/mail:latest", b"9", b"x"),
            b"Nov 22 07:42:14 mx1 docker/mail:latest[9]: x",
        ),
        (Record(1795329734, b"mx1", b"dovecot", b"", b"x"), b"22/11/2026 07:42:14 mx1 dovecot: x"),
        (Record(1795329734, b"mx1", b"", b"", b"pop3-login: x"), b"Nov 22 07:42:14 mx1 pop3-login: x"),
        (Record(1795329734, b"mx1", b"", b"", b"pop3(a b)<1>: y"), b"Nov 22 07:42:14 mx1 pop3(a b)<1>: y"),
        (Record(1795329734, b"mx1", b"dovecot", b"7", b"auth: x"), b"Nov 22 07:42:14 mx1 dovecot[7] auth: x"),
        (Record(1795329734, b"", b"", b"", b"pop3-login: x"), b"22/11/2026 07:42:14 pop3-login: x"),
        (Record(1794465734, b"mx1", b"pop3d", b"", b"x"), b"Nov 12 07:42:14 mx1 pop3d: x"),
        (Record(1793601734, b"mx1", b"pop3d", b"", b"x"), b"Nov  2 07:42:14 mx1 pop3d: x"),
        (Record(1793601734, b"mx1", b"pop3d", b"", b"x"), b"Nov 02 07:42:14 mx1 pop3d: x"),
        (Record(1793601734, b"mx1", b"pop3d", b"", b"x"), b"Nov 2 07:42:14 mx1 pop3d: x"),
    ],
)
def test_host_or_not(expected: Record, line: bytes) -> None:
    """A word after the stamp is a host if a tag follows, and the same after every other line of its stream."""
    assert expected == opened(line)
    for before in (SYSLOG_LINE, OWN_LINE, *OTHER_LINES):
        opener = Opener(BERLIN)
        opener.begin("mail.log", NOW, NOW)
        opener.open(before)
        assert expected == opener.open(line)


SYSLOG_LINE = b"Nov 22 07:42:14 mx1 dovecot: " + LOGIN
OWN_LINE = b"Nov 22 07:42:14 " + LOGIN
OTHER_LINES = (
    b"Nov 22 07:42:14.123 mx1 dovecot: x",
    b"2026-11-22 07:42:14 auth: x",
    b"Nov 22 07:42:14 dovecot: x",
    b"Nov 22 07:42:14 pop3d: x",
    b"22/11/2026 07:42:14 pop3-login: Info: x",
    b"22/11/2026 07:42:14 mx1 dovecot: x",
    b"Nov 22 07:42:14 mx1 mail info dovecot: x",
)


def test_zones_in_one_stream() -> None:
    """A relay's hosts may be in several zones."""
    opener = Opener(BERLIN)
    opener.begin("mail.log", NOW, NOW)
    lines = [b"2026-11-22T07:42:14.5%b mx1 dovecot: x" % zone for zone in (b"+01:00", b"Z", b"+01:00", b"-0500", b"Z")]
    records = [opener.open(line) for line in lines]
    expected = [1795329734, 1795333334, 1795329734, 1795351334, 1795333334]
    assert expected == [record.stamp for record in records if isinstance(record, Record)]
