"""Real lines: what several syslog formats wrote of the same messages of the same run (rsyslog 8.2302, Debian 12)."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from exporter.envelopes import Opener
from exporter.model import Record

SAMPLES = Path(__file__).parent / "samples"
RUNS = sorted(path.name.removesuffix(".iso.log") for path in SAMPLES.glob("*.iso.log"))
# 2026-11-22 08:30 UTC, soon after the runs.
NOW = 1795336200


def records(name: str) -> list[Record]:
    opener = Opener(ZoneInfo("UTC"))
    opener.begin(name, NOW, NOW)
    opened = [opener.open(line) for line in (SAMPLES / name).read_bytes().splitlines()]
    found = [record for record in opened if isinstance(record, Record)]
    assert len(opened) == len(found)
    return found


@pytest.mark.parametrize("run", RUNS)
def test_traditional_is_iso(run: str) -> None:
    """The traditional and the ISO form of a run hold identical records."""
    assert records(f"{run}.traditional.log") == records(f"{run}.iso.log")


@pytest.mark.parametrize("run", RUNS)
def test_rfc5424_is_iso(run: str) -> None:
    """So does RFC 5424, but that rsyslog cuts a program's name there at the slash."""
    whole = [record._replace(program=record.program.partition(b"/")[0]) for record in records(f"{run}.iso.log")]
    assert whole == records(f"{run}.rfc5424.log")


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        (
            Record(1795334475, b"mx1", b"pop3d", b"", b"Maximum connection limit reached for ::ffff:127.33.9.1", 8),
            "courier.traditional.log",
        ),
        (
            Record(
                1795334566,
                b"mx1",
                b"nginx",
                b"",
                b"[info] 3860#3860: *1 client 127.60.0.3:55619 connected to 127.0.0.1:18110",
            ),
            "nginx.traditional.log",
        ),
        (
            Record(
                1795334011,
                b"",
                b"",
                b"",
                b"master: Info: Dovecot v2.3.19.1 (9b53102964) starting up for pop3 (core dumps disabled)",
            ),
            "dovecot-own.log",
        ),
        (
            Record(
                1795334709,
                b"",
                b"",
                b"",
                b"master: Info: Dovecot v2.3.19.1 (9b53102964) starting up for pop3 (core dumps disabled)",
            ),
            "dovecot-iso.log",
        ),
        (
            Record(1795335291, b"", b"", b"", b'[notice] 10559#10559: using the "epoll" event method'),
            "nginx-own.log",
        ),
    ],
)
def test_real_line(expected: Record, name: str) -> None:
    """What a real line comes to, field by field."""
    assert expected in records(name)
