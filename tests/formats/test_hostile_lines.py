"""Lines that once took time which grew with the square of their length; tests/bench/hostile.py finds such."""

import pytest

from exporter.formats import FORMATS
from exporter.inputs.lines import MAX_LINE
from exporter.model import Fact, Record, Verdict

BY_NAME = {form.name: form for form in FORMATS}
CLIENT = b": user=<a@b.example>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.9, session=<s>"
# Format, program, and a line's begin, what is repeated in it, and its end.
LINES = [
    ("dovecot", b"dovecot", b"auth: plain(?,192.0.2.1,<s>): Username character disallowed", b" (username: a", b""),
    ("dovecot", b"dovecot", b"auth: conn ", b"x: sql(", b""),
    ("dovecot", b"dovecot", b"auth: plain(?,", b"a", b""),
    ("dovecot", b"dovecot", b"auth(?,", b"a", b""),
    ("dovecot", b"dovecot", b"pop3-login: Info: proxy(a@b.example,192.0.2.7:110", b"): disconnecting (", CLIENT),
    (
        "dovecot",
        b"dovecot",
        b"pop3-login: Info: proxy(a@b.example): ",
        b"disconnecting (Disconnected by client: ",
        CLIENT,
    ),
    ("dovecot", b"dovecot", b"pop3-login: Fatal: master: service(pop3-login): child 7 killed with signal ", b"0", b""),
    ("dovecot", b"dovecot", b"Info: ", b"Info: ", b""),
    ("dovecot", b"dovecot", b"Error: ", b"Error: ", b""),
    ("dovecot", b"dovecot", b"pop3-login: Login: user=<a", b">, rip=1, session=<x", CLIENT),
    ("dovecot", b"dovecot", b"pop3-login: Login: user=", b"a=b, ", CLIENT),
    ("dovecot", b"dovecot", b"pop3-login: proxy(a", b"): Started proxying: user=<", CLIENT),
    ("dovecot", b"dovecot", b"pop3(a)<7><k> ", b"a ", b": Disconnected: Logged out top=0/0, retr=1/1"),
    ("dovecot", b"dovecot", b"pop3(a)<7><k> ", b"(<[{", b"Disconnected: Logged out top=0/0, retr=1/1"),
    ("dovecot", b"dovecot", b"service=pop3, ", b"user pid ", b": Disconnected: Logged out top=0/0, retr=1/1"),
    ("dovecot", b"dovecot", b"pop3(a)<7><k>: Disconnected: Couldn't open INBOX: ", b"in=5 ", b"top=0/0, retr=1/1"),
    ("dovecot", b"dovecot", b"pop3(a)<7><k>: Disconnected: Couldn't open INBOX: ", b"-", b"a"),
    ("dovecot", b"dovecot", b"pop3(a)<7><k>: ", b"in=5 ", b""),
    ("mailutils", b"pop3d", b"user `a", b"' logged in with mailbox `a", b""),
    ("cyrus", b"cyrus/pop3", b"event=login.bad ", b"a", b""),
]


@pytest.mark.timeout(8)  # they took a quarter of a minute and more
@pytest.mark.parametrize(("name", "program", "begin", "chunk", "end"), LINES, ids=[str(line[2:4]) for line in LINES])
def test_the_longest_line_is_read(name: str, program: bytes, begin: bytes, chunk: bytes, end: bytes) -> None:
    """However it is taken, it is taken."""
    message = begin + chunk * (MAX_LINE // len(chunk)) + end
    told = BY_NAME[name].read(Record(0, b"mx1", program, b"7", message))
    assert isinstance(told, Fact | Verdict)
