"""Tables whose stamp is a column: the message is the whole row, because formats count columns.

Exchange's protocol log (CSV, UTC: formats.md 3.1), hMailServer (tabs, local time: 3.2). Header lines (`#Fields:`)
have no stamp of their own.
"""

import re
from typing import Final

from exporter.envelopes import stamps
from exporter.envelopes.wall import Wall
from exporter.model import Record

_EXCHANGE = re.compile(rb"\"?(?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)\"?,")
_HMAILSERVER = re.compile(
    rb"\"[A-Z0-9]+\"\t-?\d+\t(?:-?\d+\t)?\"(?P<moment>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?)\"(?=\t|$)"
)
SHAPES: Final = (_EXCHANGE, _HMAILSERVER)


class Tables:
    """One stream's rows."""

    def __init__(self, wall: Wall) -> None:
        self.wall = wall
        self._shape = _EXCHANGE

    def open(self, line: bytes) -> Record | None:
        """The record of `line`, the row as its message; None: not of this form."""
        found = self._shape.match(line)
        if found is None:
            shape = next((shape for shape in SHAPES if shape.match(line)), None)
            if shape is None:
                return None
            self._shape = shape
            found = shape.match(line)
        assert found is not None
        stamp = stamps.find(found["moment"], self.wall)
        if stamp is None:
            return None
        self.wall.last = stamp.instant
        return Record(stamp.instant, b"", b"", b"", line)
