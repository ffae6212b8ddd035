"""Finds the plainest Dovecot lines of a whole batch with one pattern: logins, and ends of sessions after a login.

It takes only the documented forms, and names whose end is clear. The results equal those of `exporter.formats.dovecot`;
tests/formats/test_dovecot_batch.py proves it.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from exporter.rows import NOTHING, PlainRow

# Possessive quantifiers give up at once on a line that does not match. Classes that exclude one character are used
# where possible, because they cost half; the number of rows shows that none has matched past the end of a line.
_N: Final = rb"\d{1,15}+"
_LOGIN_LINE, _ID = re.compile(rb"pop3-login: (?:Info: )?(?:Login|Logged in): "), b", session=<"
# Dovecot's own file has the level.
_NAME: Final = rb"pop3-login: (?:Info: )?+(?:Login|Logged in): user=<([^<>]{1,255}+)>, "
# user, address, process, key
_LOGIN: Final = (
    _NAME + rb"(?=[^>]*+>\n)(?:method=[^,]*+, )?+rip=([^,]{2,64}+), (?:(?:rport|lip|lport)=[^,]*+, )*+"
    rb"(?:mpid=(\d{1,10}+), )?+[^<=]*+=<(?<=, session=<)([^,<>]{1,255}+)>"
)
# The same where `login_log_format_elements` has no session.
_LOGIN_WITHOUT_ID: Final = (
    _NAME + rb"(?:method=[^,<>\n]*+, )?+rip=([^,<>\n]{2,64}+), (?:(?:rport|lip|lport)=[^,<>\n]*+, )*+"
    rb"mpid=(\d{1,10}+)(?:, [^<>=\n]*+)?+()"
)
# user, process, key, why, bytes of TOP and RETR, received, sent
_END: Final = (
    rb"pop3\(([^\s()<>,;|/:=]{1,255}+)\)<(\d{1,10}+)><([^<>]{1,255}+)>: (?:Info: )?+Disconnected: "
    rb"(L|C|I|D)(?:(?<=L)ogged out|(?<=C)onnection closed|(?<=I)nactivity - no input for \d{1,9}+ secs"
    rb"|(?<=D)isconnected for inactivity)"
    rb" top=%b/(%b), retr=%b/(%b), del=%b/%b, size=%b(?:, deleted_bytes=%b)?+(?:, in=(%b), out=(%b))?+"
    rb"(?:, rip=[\w.:]{1,45}+)?+(?:, session=<[^<>]{1,200}+>)?+" % ((_N,) * 10)
)


class _Pattern:
    """Finds one row per line, and the row of a single line."""

    def __init__(self, login: bytes) -> None:
        plain = login + rb"|" + _END
        self.find = re.compile(rb"(?:" + plain + rb"|[^\n]*+)\n").findall
        self.match = re.compile(rb"(?:" + plain + rb")\n").fullmatch


@cache
def _pattern(*, with_ids: bool) -> _Pattern:
    return _Pattern(_LOGIN if with_ids else _LOGIN_WITHOUT_ID)


def rows_of(messages: Sequence[bytes]) -> Sequence[PlainRow]:
    """One row per message; an empty row means that it is none of these.

    The first login shows the server's setting. A batch of several servers with several settings has fewer rows.
    """
    login = next(filter(_LOGIN_LINE.match, messages), _ID)
    pattern = _pattern(with_ids=_ID in login)
    text = b"\n".join(messages) + b"\n"
    rows = pattern.find(text) if text.count(b"\n") == len(messages) else ()
    return rows if len(rows) == len(messages) else [_row(pattern, message) for message in messages]


def _row(pattern: _Pattern, message: bytes) -> PlainRow:
    found = None if b"\n" in message else pattern.match(message + b"\n")
    return NOTHING if found is None else found.groups(b"")  # type: ignore[return-value]
