"""What Dovecot's pattern finds in a batch means what its reader of single lines says."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.envelopes.lines import Sender
from exporter.formats.dovecot import Dovecot
from exporter.formats.dovecot_auth import read_any_auth, read_auth
from exporter.model import Fact, Record, Verdict
from exporter.rows import fact_of
from tests.formats.samples import HERE

FORM = Dovecot()
LOGIN = (
    b"pop3-login: Login: user=<alice@a.example>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, mpid=7, TLS, session=<k>"
)
MORE = b"rip=2001:db8::1, rport=9, lip=192.0.2.1, lport=995, mpid=7, TLS: TLSv1.3 with cipher X (1/2 bits), session=<a>"
PLAIN = (
    LOGIN,
    LOGIN.replace(b"Login: user", b"Logged in: user"),
    LOGIN.replace(b"mpid=7, ", b""),
    b"pop3-login: Login: user=<o'hara>, method=, " + MORE,
    b"pop3(a@b)<7><k>: Disconnected: Logged out top=0/0, retr=1/9, del=0/4, size=82400",
    b"pop3(a@b)<7><k>: Disconnected: Logged out top=0/3, retr=1/9, del=0/4, size=82400, in=1, out=2",
    b"pop3(a@b)<7><k>: Disconnected: Connection closed top=0/3, retr=1/9, del=0/4, size=82400, deleted_bytes=0, in=1, "
    b"out=2, rip=198.51.100.1, session=<k>",
    b"pop3(a@b)<7><k>: Disconnected: Inactivity - no input for 600 secs top=0/3, retr=1/9, del=0/4, size=82400",
    b"pop3(a@b)<7><k>: Disconnected: Disconnected for inactivity top=0/3, retr=1/9, del=0/4, size=82400",
    LOGIN.replace(b"login: ", b"login: Info: "),
    b"pop3(a@b)<7><k>: Info: Disconnected: Logged out top=0/3, retr=1/9, del=0/4, size=82400",
)
WITHOUT_ID = LOGIN.replace(b", session=<k>", b"")
WITHOUT_IDS = (
    WITHOUT_ID,
    WITHOUT_ID.replace(b"TLS", b"TLS, TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)"),
    WITHOUT_ID.replace(b", TLS", b""),
    WITHOUT_ID.replace(b"login: ", b"login: Info: "),
    b"pop3-login: Logged in: user=<o'hara>, rip=2001:db8::1, rport=9, lip=192.0.2.1, lport=995, mpid=7, TLS",
    *PLAIN[4:9],
    PLAIN[-1],
)
SAMPLES = sorted((HERE / "dovecot").glob("*.log"))


def agree(messages: list[bytes]) -> int:
    """How many of the messages have a row; each says what `read` says."""
    rows = FORM.read_batch(messages, [Sender(b"mx1", b"dovecot", b"")] * len(messages))
    assert len(messages) == len(rows)
    found = 0
    for message, said in zip(messages, rows, strict=True):
        is_row = not isinstance(said, Fact | Verdict)
        found += is_row
        meant = said if isinstance(said, Fact | Verdict) else fact_of(said)
        assert FORM.read(Record(0, b"mx1", b"dovecot", b"", message)) == meant, message
    return found


def test_plain_lines_have_a_row() -> None:
    """Of all documented forms."""
    assert len(PLAIN) == agree(list(PLAIN))
    assert len(WITHOUT_IDS) == agree(list(WITHOUT_IDS))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_what_servers_wrote(path: Path) -> None:
    """Wherever the message begins in a line."""
    lines = path.read_bytes().splitlines()
    agree([line[line.find(b"pop3") :] for line in lines] + [line.partition(b": ")[2] for line in lines])


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from((*PLAIN, *WITHOUT_IDS)), st.integers(0, 200), st.integers(0, 4), st.data()),
        max_size=4,
    )
)
def test_what_is_damaged_or_forged(parts: list[tuple[bytes, int, int, st.DataObject]]) -> None:
    """A piece of a line replaced by what ends names, values and lines."""
    pieces = (
        b">",
        b"<",
        b", ",
        b">, rip=1.2.3.4, ",
        b"\n",
        b"",
        b"=<",
        b", session=<z>",
        b"user=<",
        b" top=9/9",
        b"9" * 16,
    )
    messages = []
    for line, at, length, data in parts:
        messages.append(line[:at] + data.draw(st.sampled_from(pieces)) + line[at + length :])
    agree([*messages, LOGIN])
    agree([WITHOUT_ID, *messages])
    assert isinstance(FORM.read(Record(0, b"mx1", b"dovecot", b"", LOGIN)), Fact)


AUTH = (
    b"auth: passwd-file(alice@a.example,192.0.2.7,<k>): Password mismatch",
    b"auth: Info: passwd-file(alice@a.example,192.0.2.7,<k>): unknown user (given password: a)",
    b"auth-worker(9): Info: conn unix:auth-worker (pid=7,uid=97): auth-worker<3>: sql(a,2001:db8::1,<k>): unknown user",
    b"auth-worker(9): sql(o'hara,192.0.2.7,<k>): Password mismatch",
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(AUTH),
    st.integers(0, 120),
    st.integers(0, 4),
    st.sampled_from(
        (b">", b"<", b"?", b"(?,", b"),<k>): ", b")<7><k>: ", b"\n", b"", b"conn a (b): ", b" ", b"9" * 16)
    ),
)
def test_refusals_that_are_damaged_or_forged(line: bytes, at: int, length: int, piece: bytes) -> None:
    """The documented form means what the general one does."""
    for message in (line, line[:at] + piece + line[at + length :]):
        assert read_any_auth(message) == read_auth(message), message
