"""Tables with the stamp in a column: the message is the whole row, because formats count columns.

Exchange's protocol log (CSV, UTC), hMailServer (tabs, local time). Header lines have no stamp of their own.
"""

import re
from typing import Final

from exporter.envelopes.ticker import Moments
from exporter.envelopes.wall import Wall
from exporter.model import Record

_EXCHANGE = re.compile(rb"\"?(?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)\"?,")
_HMAILSERVER = re.compile(
    rb"\"[A-Z0-9]+\"\t-?\d+\t(?:-?\d+\t)?\"(?P<moment>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?)\"(?=\t|$)"
)
# The lines around the rows: `#Fields: ...`, Exchange's names of columns, MailEnable's first and last lines.
_HEADERS: Final = (b"#", b"dateTime,", b"\x1a")
_STARTED = re.compile(rb"\[\d\d/\d\d/\d\d \d\d:\d\d:\d\d\]\*+ LOG FILE ")
SHAPES: Final = (_EXCHANGE, _HMAILSERVER)


def is_header(line: bytes) -> bool:
    """Whether the line belongs to the file, not to a moment."""
    return line.startswith(_HEADERS) or _STARTED.match(line) is not None


class Tables:
    """One stream's rows; `moments` reads their stamps."""

    def __init__(self, wall: Wall) -> None:
        self.moments = Moments(wall)
        self._shape = _EXCHANGE

    def open(self, line: bytes) -> Record | None:
        """The record of `line`, with the row as its message; None: not of this form."""
        found = self._shape.match(line) or self._other_shape(line)
        if found is None:
            return None
        stamp = self.moments.tell(found["moment"])
        return None if stamp is None else Record(stamp, b"", b"", b"", line)

    def _other_shape(self, line: bytes) -> re.Match[bytes] | None:
        for shape in SHAPES:
            found = shape.match(line)
            if found is not None:
                self._shape = shape
                return found
        return None
