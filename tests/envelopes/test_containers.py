"""Container runtimes and the journal."""

import json
from zoneinfo import ZoneInfo

import pytest

from exporter.envelopes import Opener
from exporter.envelopes.containers import LONGEST
from exporter.model import Record, Verdict

# 2026-11-22 12:00 UTC
NOW = 1795348800


def opened(*lines: bytes) -> list[Record | Verdict | None]:
    opener = Opener(ZoneInfo("UTC"))
    opener.begin("x-json.log", NOW, NOW)
    return [opener.open(line) for line in lines]


def test_docker_pieces() -> None:
    """docker's pieces are joined per stream; the line has the stamp of its last piece."""
    lines = [
        b'{"log":"pop3-login: ","stream":"stdout","time":"2026-11-22T07:38:00.1Z"}',
        b'{"log":"between\\n","stream":"stderr","time":"2026-11-22T07:38:00.2Z"}',
        b'{"log":"Login\\n","stream":"stdout","time":"2026-11-22T07:38:01.2Z"}',
        b'{"log":"\\n","stream":"stdout","time":"2026-11-22T07:38:01.2Z"}',
    ]
    first, second = (
        Record(1795333080, b"", b"", b"", b"between"),
        Record(1795333081, b"", b"", b"", b"pop3-login: Login"),
    )
    assert [None, first, second, None] == opened(*lines)


def test_cri_pieces() -> None:
    """CRI's P pieces are joined up to F."""
    lines = [
        b"2026-11-22T07:38:00.669794202Z stdout P pop3-login: ",
        b"2026-11-22T07:38:00.669794203Z stdout F Login",
        b"2026-11-22T07:38:00.669794204Z stdout F alone",
    ]
    whole, alone = (Record(1795333080, b"", b"", b"", text) for text in (b"pop3-login: Login", b"alone"))
    assert [None, whole, alone] == opened(*lines)


def test_endless_pieces() -> None:
    """A line that never ends comes out when it is as long as a line may be."""
    piece = b"2026-11-22T07:38:00Z stdout P " + b"x" * (LONGEST // 2)
    assert [None, Record(1795333080, b"", b"", b"", b"x" * LONGEST)] == opened(piece, piece)


def entry(**fields: object) -> bytes:
    known = {"__REALTIME_TIMESTAMP": "1795333085000000", "_HOSTNAME": "mx1", "SYSLOG_IDENTIFIER": "dovecot"}
    return json.dumps(known | fields).encode()


@pytest.mark.parametrize(
    ("expected", "line"),
    [
        (Record(1795333085, b"mx1", b"dovecot", b"12", b"x"), entry(MESSAGE="x", _PID="12")),
        (Record(1795333085, b"mx1", b"dovecot", b"7", b"x"), entry(MESSAGE="x", _PID="12", SYSLOG_PID="7")),
        (
            Record(1795333080, b"mx1", b"dovecot", b"", b"x"),
            entry(MESSAGE="x", _SOURCE_REALTIME_TIMESTAMP="1795333080999999"),
        ),
        (Record(1795333085, b"mx1", b"dovecot", b"", b"\xff\x1bx"), entry(MESSAGE=[255, 27, 120])),
        (Record(1795333085, b"mx1", b"dovecot", b"", b"first"), entry(MESSAGE=["first", "second"])),
        (
            Record(1795333085, b"mx1", b"pop3d", b"", "é".encode()),
            entry(MESSAGE="é", SYSLOG_IDENTIFIER=None, _COMM="pop3d"),
        ),
        (Verdict.MALFORMED, entry(MESSAGE=None)),
        (Verdict.MALFORMED, entry()),
        (Verdict.MALFORMED, entry(MESSAGE="x", __REALTIME_TIMESTAMP="soon")),
        (Verdict.MALFORMED, b'{"MESSAGE":"x"}'),
        (Verdict.MALFORMED, b'{"MESSAGE":"x"'),
    ],
)
def test_journal(expected: Record | Verdict, line: bytes) -> None:
    """A journal entry: a text, bytes or several values; without a message or a time it is malformed."""
    assert [expected] == opened(line)
