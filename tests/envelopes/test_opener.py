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
        (OWN, b"Nov 22 07:42:14 " + LOGIN),
        (OWN, b"Nov 22 07:42:14.000123 " + LOGIN),
        (OWN, b"2026-11-22 07:42:14 " + LOGIN),
        (OWN, b"2026-11-22 07:42:14.000123 " + LOGIN),
        (OWN, b"[2026-11-22 07:42:14] " + LOGIN),
        (OWN, b"Sun Nov 22 07:42:14 2026 " + LOGIN),
        (OWN, b"22.11.2026 07:42:14 " + LOGIN),
        (OWN, b"20261122T07:42:14 " + LOGIN),
        (OWN, b"22/Nov/2026:07:42:14 +0100 " + LOGIN),
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
