"""Takes the lines of one stream out of what was wrapped around them."""

from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

from exporter.envelopes.containers import Compose, Containers
from exporter.envelopes.inside import BEGIN, BEGINS, Insides
from exporter.envelopes.journal import Journal
from exporter.envelopes.lines import StampedLines, WireLines
from exporter.envelopes.rfc5424 import Rfc5424
from exporter.envelopes.state import State
from exporter.envelopes.tables import Tables, is_header
from exporter.envelopes.wall import Wall
from exporter.model import Record, Verdict

Open = Callable[[bytes], Record | Verdict | None]

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
# The repeats of the last message of so many hosts are understood.
HOSTS_KEPT: Final = 64


class Opener:
    """The envelopes of one stream: which ones it has, and what lasts longer than a line.

    `zone` is that of stamps without one. `state` is what `state()` of an earlier opener of this stream returned;
    anything else counts as nothing known.
    """

    def __init__(self, zone: ZoneInfo, state: str = "") -> None:
        saved = State.read(state)
        self._lines = StampedLines(Wall(zone, saved.last))
        self._tables = Tables(Wall(zone, saved.last_row))
        self._containers = Containers(Wall(zone), saved.pieces)
        self._previous = saved.previous
        self._insides = Insides(zone, self._previous)
        self._reference = 0.0
        # The first that takes a line has it. What looks like a stamped line and is more comes before that.
        self._envelopes: dict[str, Open] = {
            "docker": self._containers.docker,
            "journal": Journal().open,
            "cri": self._containers.cri,
            "rfc5424": Rfc5424(Wall(zone)).open,
            "table": self._tables.open,
            "lines": self._lines.open,
            "wire": WireLines(self._lines).open,
            "compose": Compose(self._lines).open,
        }
        self._envelope = saved.envelope if saved.envelope in self._envelopes else ""
        self._open: Open = self._envelopes[self._envelope or "docker"]

    def begin(self, name: str, modified: float, now: float) -> None:
        """Before each batch: its file's name and age (UNIX seconds, 0: none), and our clock.

        They complete stamps without year or date, and bound the doubled hour.
        """
        self._reference = modified or now
        self._lines.wall.begin(name, modified, now)
        self._lines.forget()
        self._tables.moments.wall.begin(name, modified, now)
        self._tables.moments.forget()
        if len(self._previous) > HOSTS_KEPT:
            self._previous.clear()

    def open(self, line: bytes) -> Record | Verdict | None:
        """The record of `line`; MALFORMED: it has no stamp where its stream has one, or no message. Never raises.

        None: no message by itself, to be counted as ignored: blank, more text of the message before (begins with
        a blank), a repeat of nothing, or a piece of a longer line, which comes out with its last piece.
        """
        opened = self._open(line)
        if not isinstance(opened, Record):
            opened = self._recognise(line) if opened is None else opened
            if not isinstance(opened, Record):
                return opened if opened is Verdict.MALFORMED else None
        if opened[4][:BEGIN] in BEGINS and self._envelope != "table":  # a row begins with its own stamp
            inner = self._insides.open(opened)
            if inner is None:
                return None
            opened = inner
        self._previous[opened[1]] = opened
        return opened

    @property
    def stamped(self) -> StampedLines | None:
        """The stream's stamped lines, if the last line was one of them and nothing around it."""
        return self._lines if self._envelope == "lines" else None

    def remember(self, record: Record) -> None:
        """A line of `stamped` was opened elsewhere, and is the last of its host."""
        self._previous[record.host] = record

    def state(self, *, keeps_text: bool = True) -> str:
        """What the next opener of this stream must know (JSON).

        Without `keeps_text` no text of a message, which may name users: a repeat, and the rest of a container's line
        of several pieces, are then lost if a restart comes between.
        """
        pieces, previous = (self._containers.pieces, self._previous) if keeps_text else ({}, {})
        return State(self._lines.stamp, self._tables.moments.stamp, pieces, previous, self._envelope).written()

    def _recognise(self, line: bytes) -> Record | Verdict | None:
        """A line that is not in the envelope of the one before."""
        if not line or line.isspace():
            return None
        line = line.removeprefix(BYTE_ORDER_MARK)
        for name, envelope in self._envelopes.items():
            opened = envelope(line)
            if opened is not None:
                self._envelope, self._open = name, envelope
                return opened
        if self._envelope and line[:1] in (b" ", b"\t"):
            return None
        if is_header(line):
            return Record(self._last(), b"", b"", b"", line)
        return Verdict.MALFORMED

    def _last(self) -> int:
        """The newest stamp known, for the header lines of tables, which have none."""
        return max(self._lines.stamp or 0, self._tables.moments.stamp or 0) or int(self._reference)
