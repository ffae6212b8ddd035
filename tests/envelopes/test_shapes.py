"""Any stamp, sender and wrapping around one message: it comes out with its own text first, and at its instant."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from exporter.envelopes import Opener
from exporter.envelopes.stamps import LATEST
from exporter.model import Record

ZONE = ZoneInfo("Asia/Kolkata")  # no doubled hour
TEXTS = (
    b"pop3-login: Login: user=<a@b.example>, session=<x>",
    b"pop3(a b)<1><x>: Disconnected: Logged out",
    b"auth: passdb(Nov 22 07:42:14 mx1 dovecot: x)",
)
# Those that syslog daemons and journalctl write may have a host.
HOSTED = (
    "%b %d %H:%M:%S",
    "%a %b %d %H:%M:%S %Y",
    "%b %d %Y %H:%M:%S",
    "%Y %b %d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%d %H:%M:%S",
    "%a %Y-%m-%d %H:%M:%S IST",
    "%s.123456",
)
OWN = (
    *HOSTED,
    "%Y/%m/%d %H:%M:%S",
    "%d/%b/%Y:%H:%M:%S %z",
    "%d.%m.%Y %H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%d-%m-%Y %H:%M:%S",
    "[%Y-%m-%d %H:%M:%S]",
    "%y%m%d %H%M%S",
    "%Y%m%d %H:%M:%S",
    "%Y%m%d%H%M%S",
    "%d/%m/%Y %I:%M:%S %p",
    "%Y-%m-%d_%H:%M:%S.12345",
)
SENDERS = (
    (b"mx1 dovecot: ", b"mx1", b"dovecot", b""),
    (b"mx1 dovecot[12]: ", b"mx1", b"dovecot", b"12"),
    (b"2001:db8::1 mail:info dovecot: ", b"2001:db8::1", b"dovecot", b""),
    (b"mx1 cyrus/pop3[7]: ", b"mx1", b"cyrus/pop3", b"7"),
    (b"dovecot: ", b"", b"dovecot", b""),
    (b"perdition.pop3[100]: ", b"", b"perdition.pop3", b"100"),
)


def docker(line: bytes, instant: int) -> bytes:
    moment = f"{datetime.fromtimestamp(instant, UTC):%Y-%m-%dT%H:%M:%S}.123456789Z"
    return json.dumps({"log": line.decode() + "\n", "stream": "stdout", "time": moment}).encode()


def cri(line: bytes, instant: int) -> bytes:
    return f"{datetime.fromtimestamp(instant, UTC):%Y-%m-%dT%H:%M:%S}.123456789Z stdout F ".encode() + line


def shipped(line: bytes, instant: int) -> bytes:
    return json.dumps({"date": instant + 0.25, "log": line.decode()}).encode()


def shipped_as_it_stands(line: bytes, instant: int) -> bytes:
    return shipped(cri(line, instant), instant)


def journal(line: bytes, instant: int) -> bytes:
    entry = {"SYSLOG_IDENTIFIER": "8f3c2a1b9d0e", "CONTAINER_ID": "8f3c2a1b9d0e", "MESSAGE": line.decode()}
    return json.dumps({"__REALTIME_TIMESTAMP": f"{instant}000001", **entry}).encode()


def with_times(line: bytes, instant: int) -> bytes:
    return f"[pod/mail-0/dovecot] {datetime.fromtimestamp(instant, UTC):%Y-%m-%dT%H:%M:%S}.1Z ".encode() + line


WRAPPINGS: tuple[Callable[[bytes, int], bytes], ...] = (
    lambda line, _: line,
    lambda line, _: b"mail-1  | " + line,
    lambda line, _: b"[pod/mail-0/dovecot] " + line,
    with_times,
    docker,
    cri,
    shipped,
    shipped_as_it_stands,
    journal,
)


def opened(line: bytes, instant: int, before: bytes) -> object:
    opener = Opener(ZONE)
    opener.begin("mail.log", instant, instant, [line])
    opener.open(before)
    return opener.open(line)


FIELDS = (b"time", b"date", b"timestamp", b"@timestamp", b"__REALTIME_TIMESTAMP", b"UNIXTIME")
INSTANTS = st.integers(1_000_000_000, 2_800_000_000)
BEFORE = st.sampled_from([b"", b"Nov 22 07:42:14 mx1 dovecot: x", b"Nov 22 07:42:14 pop3-login: Info: x"])


def written(instant: int, shape: str) -> bytes:
    return f"{datetime.fromtimestamp(instant, ZONE):{shape.replace('%s', str(instant))}} ".encode()


@given(INSTANTS, st.sampled_from(HOSTED), st.sampled_from(SENDERS), st.sampled_from(WRAPPINGS), BEFORE)
def test_syslog(
    instant: int,
    shape: str,
    sender: tuple[bytes, bytes, bytes, bytes],
    wrap: Callable[[bytes, int], bytes],
    before: bytes,
) -> None:
    """Host, program and process id come out, whatever stands around the line and whatever came before."""
    tag, host, program, pid = sender
    for text in TEXTS:
        line = wrap(written(instant, shape) + tag + text, instant)
        assert Record(instant, host, program, pid, text) == opened(line, instant, before)


@given(INSTANTS, st.sampled_from(OWN), st.sampled_from(TEXTS), st.sampled_from(WRAPPINGS), BEFORE)
def test_own_file(instant: int, shape: str, text: bytes, wrap: Callable[[bytes, int], bytes], before: bytes) -> None:
    """A server's own log line has no host and no program, and keeps its process."""
    line = wrap(written(instant, shape) + text, instant)
    assert Record(instant, b"", b"", b"", text) == opened(line, instant, before)


@given(
    st.integers(-(10**30), 10**30) | st.floats(allow_nan=True) | st.text(max_size=30), st.sampled_from(WRAPPINGS[4:])
)
def test_times_of_any_size(moment: float | str, wrap: Callable[[bytes, int], bytes]) -> None:
    """A number that no clock shows is no stamp, in no field of no envelope."""
    number = json.dumps(moment).encode()
    found = [b'{"%b": %b, "message": "x", "MESSAGE": "x", "log": "x"}' % (name, number) for name in FIELDS]
    found += [f"{moment} mx1 dovecot: x".encode(errors="replace"), wrap(b"x", 0)]
    for line in found:
        record = opened(line, 1_795_329_734, b"")
        assert not isinstance(record, Record) or 0 <= record.stamp < LATEST
