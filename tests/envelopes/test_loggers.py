"""Real lines: what rsyslog 8.2302, syslog-ng 3.38 and journalctl 252 wrote of the same messages, in many forms."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from exporter.envelopes import Opener
from exporter.model import Record

SAMPLES = Path(__file__).parent / "samples" / "loggers"
# 2026-11-30 10:00 UTC, soon after the daemons; 2027-02-20, soon after the journal's last entry.
DAEMONS_AT, JOURNAL_AT = 1_796_032_800, 1_803_100_000
DAEMONS = ("mx1", "dovecot", "pop3-login: Login: user=<alice"), ("mx1", "perdition.pop3", "Connect: 192.0.2.9:5000")
JOURNAL = ("mx1", "dovecot", "pop3-login: Login: user=<alice"), ("mx1", "dovecot", "pop3(alice@example.com)<71>")
# The journal's first entry, and then one every 30 days.
FIRST, MONTH = 1_774_431_112, 30 * 86_400
# These templates have no host.
HOSTLESS = {"rsyslog.no-host", "rsyslog.rawmsg", "syslog-ng.mailcow"}


def records(name: str, zone: str, at: float) -> list[Record]:
    lines = (SAMPLES / f"{name}.log").read_bytes().splitlines()
    opener = Opener(ZoneInfo(zone))
    opener.begin(f"{name}.log", at, at, lines)
    found = [record for record in map(opener.open, lines) if isinstance(record, Record)]
    assert len(lines) == len(found)
    return found


def names(pattern: str) -> list[str]:
    return sorted(path.name.removesuffix(".log") for path in SAMPLES.glob(f"{pattern}.log"))


@pytest.mark.parametrize("name", [*names("rsyslog.*"), *names("syslog-ng.*")])
def test_daemons(name: str) -> None:
    """Each template tells the same host, program and text of both lines, and a time within their seconds."""
    found = records(name, "UTC", DAEMONS_AT)
    for record, (host, program, begin) in zip(found, DAEMONS, strict=True):
        assert ("" if name in HOSTLESS else host, program) == (record.host.decode(), record.program.decode())
        assert record.message.decode().startswith(begin)
        assert DAEMONS_AT - 110 < record.stamp < DAEMONS_AT - 80


@pytest.mark.parametrize("name", [one for one in names("journalctl.*") if not one.endswith(".language")])
def test_journalctl(name: str) -> None:
    """Each form of `journalctl -o` that has a date tells the same two entries."""
    found = records(name, "Europe/Berlin", JOURNAL_AT)
    for record, (host, program, begin) in zip(found, JOURNAL, strict=True):
        assert (host, program, b"1234") == (record.host.decode(), record.program.decode(), record.pid)
        assert record.message.decode().startswith(begin)
    assert [FIRST, FIRST + 1] == [record.stamp for record in found]


@pytest.mark.parametrize("name", names("journalctl.*.language"))
def test_journalctl_in_other_languages(name: str) -> None:
    """A year in each language is the same year."""
    found = records(name, "Europe/Berlin", JOURNAL_AT)
    assert [FIRST + MONTH * number for number in range(12)] == [record.stamp for record in found]
    assert {(b"mx1", b"dovecot", b"1234")} == {(record.host, record.program, record.pid) for record in found}
