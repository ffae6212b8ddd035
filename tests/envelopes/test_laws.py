"""What holds for any bytes, and at any cut."""

import json
import re
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from exporter.envelopes import Opener
from exporter.envelopes.programs import MARK
from exporter.envelopes.stamps import LATEST
from exporter.envelopes.state import HOSTS_SAVED
from exporter.inputs.lines import MAX_LINE
from exporter.model import Record, Verdict

SAMPLES = Path(__file__).parent / "samples"
LINES = [line for path in sorted(SAMPLES.rglob("*.log")) for line in path.read_bytes().splitlines()]
# 2026-10-25 02:00 UTC: an hour after the end of summer time in Berlin.
NOW = 1792893600
OTHERS = [
    b"Oct 25 02:10:00 mx1 pop3d: Disconnected, ip=[192.0.2.2]",
    b"Oct 25 02:40:00 mx1 pop3d: LOGIN, user=a@b.example",
    b"Oct 25 02:40:00 mx2 pop3d: LOGIN, user=c@b.example",
    b"Oct 25 02:41:00 pop3-login: Info: x",
    b"2026-10-25 02:20:00 pop3-login: Info: x",
    b"mx1 last message repeated 3 times",
    b"Oct 25 02:50:00 last message repeated 3 times",
    b"Oct 25 02:50:00 mx1 last message repeated 3 times",
    b'{"log":"piece ","stream":"stdout","time":"2026-10-25T00:50:00Z"}',
    b'{"log":"end\\n","stream":"stdout","time":"2026-10-25T00:50:00Z"}',
    b"2026-10-25T00:50:00Z stderr P piece ",
    b"2026-10-25T00:50:00Z stderr F end",
    b"mail-1  | Oct 25 02:10:00 mx1 dovecot: x",
    b'"POP3D"\t9792\t41\t"2026-10-25 02:15:02.101"\t"203.0.113.7"\t"SENT: +OK POP3"',
    b"2026-10-25T00:23:48.514Z,0000000000000005,1,192.0.2.9:110,192.0.2.2:55576,user",
    b"02:15:36.585 [192.0.2.11][60044376] cmd: USER a@b.example",
    b"@4000000068fc0f8e077a9e94 pop3-login: Info: x",
    b"#Fields: dateTime,sessionId",
    b"Oct 25 02:10:00 dovecot: pop3-login: Login: x",
    b"Oct 25 02:10:00 last message repeated 3 times",
    b"Sun 2026-10-25 02:10:00 CET mx1 dovecot[12]: x",
    b"1792890600.123456 mx1 dovecot[12]: x",
    b"25/10/2026 02:10:00 pop3-login: Info: x",
    b"10/11/2026 02:10:00 pop3-login: Info: x",
    b"11/10/2026 02:10:00 pop3-login: Info: x",
    b"11/10/26 02:10:00\tPOP-IN\t",
    b"lis 25 02:10:00 mx1 dovecot[12]: x",
    "Οκτ 25 02:10:00 mx1 dovecot[12]: x".encode(),
    b"[pod/mail-0/dovecot] 2026-10-25T00:50:00.1Z pop3-login: Info: x",
    b"dovecot: 2026-10-25 02:10:00 Info: pop3-login: x",
    b'{"@timestamp":"2026-10-25T00:50:00Z","host":{"name":"mx1"},"process":{"name":"dovecot"},"message":" x"}',
    b'{"date":1792890600.5,"log":"2026-10-25T00:50:00.1Z stdout F 25/10/2026 02:10:00 pop3-login: x"}',
    b'{"__REALTIME_TIMESTAMP":"1792890600000000","CONTAINER_NAME":"mail","MESSAGE":"Oct 25 02:10:00 pop3-login: x"}',
    b'{"time":"25/10/2026 02:10:00","message":"x"}',
    b'2026-10-25T00:50:00Z\tmail\t{"message":"x"}',
    b"-- Boot 1 --",
    b"    MESSAGE=pop3-login: x",
    b" continued",
    b"",
]
# What comes out with a later line, or stands for one that is not known.
PIECES = re.compile(rb"^\{|std(?:out|err) P|repeated")
STREAMS = st.lists(st.sampled_from(LINES + OTHERS), max_size=20)


HEADS = (
    b"",
    b" ",
    b"Nov 22 07:42:14 ",
    b"Nov 22 07:42:14 mx1 ",
    b"Nov 22 07:42:14 mail:info a/",
    b"22/11/2026 07:42:14 mx1 ",
    b"mail-1  | ",
    b"[pod/",
    b"mail: [1795329734.5, {",
    b'{"message":"',
    b"Nov 22 07:42:14 mx1 a: Nov 22 07:42:14 ",
    b"<22>1 2026-11-22T07:42:14Z mx1 a - - [",
)


def opener(state: str = "") -> Opener:
    made = Opener(ZoneInfo("Europe/Berlin"), state)
    made.begin("mail.log", NOW, NOW)
    return made


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    line = draw(st.sampled_from(LINES + OTHERS))
    at, end = sorted(draw(st.tuples(st.integers(0, 80), st.integers(0, 80))))
    return line[:at] + draw(st.binary(max_size=8)) + line[end:]


@given(st.lists(st.binary(max_size=120) | mutated(), max_size=12), st.text(max_size=20))
def test_no_bytes_raise(lines: list[bytes], state: str) -> None:
    """Any bytes are a record, malformed or nothing, whatever state is restored; and a record is of its types."""
    made = opener(state)
    for line in lines:
        opened = made.open(line)
        assert opened is None or opened is Verdict.MALFORMED or isinstance(opened, Record)
        if isinstance(opened, Record):
            assert [int, bytes, bytes, bytes, bytes, int] == [type(field) for field in opened]
            assert 0 <= opened.stamp < LATEST
            assert opened.times >= 1
    assert isinstance(made.state(), str)


@given(STREAMS, st.integers(0, 20))
def test_restart_at_any_line(lines: list[bytes], cut: int) -> None:
    """An opener that goes on from the state of another gives what the other would have given."""
    whole = opener()
    expected = [whole.open(line) for line in lines]
    before = opener()
    found = [before.open(line) for line in lines[:cut]]
    after = opener(before.state())
    found += [after.open(line) for line in lines[cut:]]
    assert expected == found
    assert whole.state() == after.state()


@given(st.lists(mutated(), max_size=8))
def test_no_text_of_a_server_is_ignored(lines: list[bytes]) -> None:
    """A line without a record carries no text of a POP3 server, or is malformed: never nothing."""
    made = opener()
    for line in lines:
        if made.open(line) is None and not PIECES.search(line):
            assert not MARK.search(line)


@given(STREAMS, st.integers(2, 6))
def test_state_is_bounded(lines: list[bytes], times: int) -> None:
    """What is kept of a stream does not grow with it."""
    made = opener()
    for line in lines * times:
        made.open(line)
    kept = json.loads(made.state())
    assert len(kept["previous"]) <= HOSTS_SAVED
    assert len(json.dumps(kept["order"])) < 100


@given(STREAMS)
def test_order_of_hosts_does_not_matter(lines: list[bytes]) -> None:
    """Lines with a full stamp mean the same wherever they stand in a stream."""
    iso = [line for line in lines if line.startswith(b"2026-11-22T")]
    together = opener()
    assert [opener().open(line) for line in iso] == [together.open(line) for line in iso]


def test_foreign_state() -> None:
    """A state that is not ours counts as nothing known."""
    for state in (
        "",
        "null",
        "[]",
        '{"last": "x"}',
        '{"last":1,"last_row":null,"pieces":[],"previous":[],"envelope":1}',
    ):
        assert isinstance(opener(state).open(LINES[0]), Record)


def test_the_longest_lines_are_opened() -> None:
    """Whatever they are made of; if that takes time that grows with the square, this test never ends."""
    for text in (b"a", b" ", b": ", b"a ", b"[", b'"', b"a: ", b"Nov 22 "):
        body = (text * MAX_LINE)[:MAX_LINE]
        for head in HEADS:
            for line in (head + body, head + b"message repeated 2 times: [" + body):
                assert isinstance(opener().open(line), Record | Verdict | None)
