"""Finds the plainest Dovecot lines of a whole batch with one pattern: logins, and ends of sessions after a login.

It takes only the documented forms, and names whose end is clear. The results equal those of `exporter.formats.dovecot`;
tests/formats/test_dovecot_batch.py proves it.
"""

import re
from collections.abc import Sequence
from typing import Final

from exporter.rows import NOTHING, PlainRow

# Possessive quantifiers give up at once on a line that does not match. Classes that exclude one character are used
# where possible, because they cost half; the number of rows shows that none has matched past the end of a line.
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


def rows_of(messages: Sequence[bytes]) -> Sequence[PlainRow]:
    """One row per message; an empty row means that it is none of these."""
    text = b"\n".join(messages) + b"\n"
    rows = _find(text) if text.count(b"\n") == len(messages) else ()
    return rows if len(rows) == len(messages) else [_row(message) for message in messages]


def _row(message: bytes) -> PlainRow:
    found = None if b"\n" in message else _match(message + b"\n")
    return NOTHING if found is None else found.groups(b"")  # type: ignore[return-value]
