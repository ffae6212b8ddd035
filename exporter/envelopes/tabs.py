r"""Tabs that a syslog daemon has replaced by text, in the rows of servers for Windows whose logs are forwarded.

rsyslog writes control characters as `#011`, with `escapeControlCharactersCStyle` as `\t`; FreeBSD's syslogd as `^I`.
Only rows with such a beginning are restored: elsewhere it may be part of a name.
"""

import re
from typing import Final

# The tab, and a carriage return at the end of the row.
_ESCAPES: Final = {b"#011": b"#015", b"\\t": b"\\r", b"^I": b"^M"}
# hMailServer's first column, or MailEnable's.
_FIRST: Final = rb"(?:\"[A-Z0-9]{1,16}\"|\d\d/\d\d/\d\d \d\d:\d\d:\d\d)"
_TABS: Final = b"|".join(map(re.escape, _ESCAPES))
_ROW = re.compile(_FIRST + rb"(" + _TABS + rb")")
# How a row begins, tabs as they are included.
ROW: Final = _FIRST + rb"(?:\t|" + _TABS + rb")"
BEGINS: Final = tuple(b'"' + name[:3] for name in (b"POP3D", b"SMTPD", b"IMAPD", b"TCPIP", b"DEBUG", b"APPLICATION"))


def with_tabs(message: bytes) -> bytes:
    """The row with its tabs; any other message as it is."""
    row = _ROW.match(message)
    if row is None:
        return message
    tab = row[1]
    return message.removesuffix(_ESCAPES[tab]).replace(tab, b"\t")
