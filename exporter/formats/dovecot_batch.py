"""Dovecot's plainest lines, all those of a batch found by one pattern: logins, and ends of sessions after a login.

It takes the documented forms only, and names that leave no doubt where they end; what it takes means what
`exporter.formats.dovecot` says of the same line. tests/formats/test_dovecot_batch.py proves it.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from exporter.catalogue import Reason
from exporter.model import Fact, Kind

# Possessive quantifiers: a line that does not fit is given up at once. Classes of one excluded character where there
# is one, for they cost half; that none has run over a line's end is told by the number of rows.
_N: Final = rb"\d{1,15}+"
_PATTERN: Final = (
    # user, address, process, key
    rb"pop3-login: (?:Login|Logged in): user=<([^<>]{1,255}+)>, (?=[^>]*+>\n)(?:method=[^,]*+, )?+rip=([^,]{2,64}+), "
    rb"(?:(?:rport|lip|lport)=[^,]*+, )*+(?:mpid=(\d{1,10}+), )?+[^<=]*+=<(?<=, session=<)([^,<>]{1,255}+)>"
    # user, process, key, why, bytes of TOP and RETR, received, sent
    rb"|pop3\(([^\s()<>,;|/:=]{1,255}+)\)<(\d{1,10}+)><([^<>]{1,255}+)>: Disconnected: "
    rb"(L|C|I|D)(?:(?<=L)ogged out|(?<=C)onnection closed|(?<=I)nactivity - no input for \d{1,9}+ secs"
    rb"|(?<=D)isconnected for inactivity)"
    rb" top=%b/(%b), retr=%b/(%b), del=%b/%b, size=%b(?:, deleted_bytes=%b)?+(?:, in=(%b), out=(%b))?+"
    rb"(?:, rip=[\w.:]{1,45}+)?+(?:, session=<[^<>]{1,200}+>)?+" % ((_N,) * 10)
)
_find = re.compile(rb"(?:" + _PATTERN + rb"|[^\n]*+)\n").findall
_match = re.compile(rb"(?:" + _PATTERN + rb")\n").fullmatch
_NOTHING: Final = (b"",) * 12
_REASONS: Final = {b"L": Reason.LOGOUT, b"C": Reason.CLOSED, b"I": Reason.TIMEOUT, b"D": Reason.TIMEOUT}

_new: Callable[[Any, Any], Fact] = tuple.__new__  # the named tuple's own constructor is Python code
_LOGIN, _END = Kind.LOGIN, Kind.END
_OF_A_LOGIN: Final = tuple(Fact(Kind.LOGIN))[4:16]  # what its line does not tell


def read_batch(messages: Sequence[bytes]) -> list[Fact | None]:
    """What each message says; None: it is not so plain."""
    text = b"\n".join(messages) + b"\n"
    rows = _find(text) if text.count(b"\n") == len(messages) else ()
    if len(rows) != len(messages):
        rows = [_row(message) for message in messages]
    facts: list[Fact | None] = []
    add = facts.append
    for user, address, served, key, name, process, closing, why, top, retr, received, sent in rows:
        if key:
            add(_new(Fact, (_LOGIN, key, user, address, *_OF_A_LOGIN, served or None, False, None)))
        elif closing and received:
            told = (int(received), int(sent), False, b"", True, "bytes", False, False, False, process, False, None)
            add(_new(Fact, (_END, closing, name, None, _REASONS[why], 0, 0, *told)))
        elif closing:
            told = (None, int(top) + int(retr), False, b"", True, "no_bytes", False, False, False, process, False, None)
            add(_new(Fact, (_END, closing, name, None, _REASONS[why], 0, 0, *told)))
        else:
            add(None)
    return facts


def _row(message: bytes) -> tuple[bytes, ...]:
    found = None if b"\n" in message else _match(message + b"\n")
    return _NOTHING if found is None else found.groups(b"")
