"""Removes the envelopes from the lines of one stream."""

import re
from collections.abc import Callable, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from exporter.envelopes.containers import Containers
from exporter.envelopes.inside import BEGIN, BEGINS, Insides
from exporter.envelopes.journal import Journal
from exporter.envelopes.lines import StampedLines, WireLines
from exporter.envelopes.objects import Objects
from exporter.envelopes.order import Order
from exporter.envelopes.prefixes import Prefixed
from exporter.envelopes.programs import MARK
from exporter.envelopes.rfc5424 import Rfc5424
from exporter.envelopes.state import State
from exporter.envelopes.tables import Tables, is_header
from exporter.envelopes.wall import Wall
from exporter.model import Record, Verdict

Open = Callable[[bytes], Record | Verdict | None]

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
# Lines that consist of nothing else say nothing: including DOS's end of a file.
BLANKS: Final = b" \t\r\n\v\f\x1a"
# What `journalctl` and `tail` write between lines.
_BETWEEN = re.compile(rb"-- (?:Logs begin at|Journal begins at|Boot |Reboot|No entries).* --|==> .* <==")
# Repeats are understood for the last message of this many hosts, with this many bytes together.
HOSTS_KEPT: Final = 64
BYTES_KEPT: Final = 1 << 20


class Opener:
    """The envelopes of one stream: which ones it has, and what lasts longer than a line.

    `zone`: of stamps without one. `state`: from `state()` of an earlier opener of this stream; anything else counts as
    nothing known.
    """

    def __init__(self, zone: ZoneInfo, state: str = "") -> None:
        saved = State.read(state)
        order = Order(saved.order)
        self._lines = StampedLines(Wall(zone, saved.last, order))
        self._tables = Tables(Wall(zone, saved.last_row, order))
        self._containers = Containers(Wall(zone), saved.pieces)
        self._previous = saved.previous
        self._insides = Insides(zone, self._previous)
        self._reference = 0.0
        self._order = order
        rfc5424, objects = Rfc5424(Wall(zone)), Objects(self._tables.moments, self._lines)
        wire = WireLines(self._lines)
        # The first that accepts a line has it. More specific forms come before lines with a stamp.
        self._envelopes: dict[str, Open] = {
            "docker": self._containers.docker,
            "journal": Journal().open,
            "cri": self._containers.cri,
            "rfc5424": rfc5424.open,
            "table": self._tables.open,
            "objects": objects.open,
            "lines": self._lines.open,
            "wire": wire.open,
            "prefixed": Prefixed((self._lines.open, wire.open, rfc5424.open, objects.open)).open,
        }
        self._envelope = saved.envelope if saved.envelope in self._envelopes else ""
        self._open: Open = self._envelopes[self._envelope or "docker"]

    def begin(self, name: str, modified: float, now: float, ahead: Sequence[bytes] = ()) -> None:
        """Call before each batch: with its file's name and age (UNIX seconds, 0: none), our clock, and its lines.

        They complete stamps without year or date, limit the doubled hour, and distinguish days from months.
        """
        self._reference = modified or now
        self._lines.wall.begin(name, modified, now, ahead)
        self._lines.forget()
        self._tables.moments.wall.begin(name, modified, now, ahead)
        self._tables.moments.forget()
        kept = self._previous
        if len(kept) > HOSTS_KEPT or sum(len(one.host) + len(one.message) for one in kept.values()) > BYTES_KEPT:
            kept.clear()

    def open(self, line: bytes) -> Record | Verdict | None:
        """The record of `line`; MALFORMED: it lacks the stamp that its stream has, or a message. Never raises.

        None: no message by itself, to be counted as ignored: blank, more text of the message before (begins with a
        blank, and is from no POP3 server), a repeat of nothing, a viewer's own line, or a piece of a longer line, which
        is returned with its last piece.
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
    def newest(self) -> int | None:
        """The newest of the last stamps of each host (UNIX seconds); None: no line had one."""
        return max((record.stamp for record in self._previous.values()), default=None)

    @property
    def stamped(self) -> StampedLines | None:
        """The stream's stamped lines, if the last line was one of them, with a tag, and nothing around it."""
        return self._lines if self._envelope == "lines" and self._lines.has_senders else None

    def remember(self, record: Record) -> None:
        """Note that a line of `stamped` was opened elsewhere, and is the last of its host."""
        self._previous[record.host] = record

    def state(self, *, keeps_text: bool = True) -> str:
        """The state that the next opener of this stream needs (JSON).

        Without `keeps_text`, it has no text of messages, which may name users: a repeat, or the rest of a container's
        line in several pieces, is then lost if a restart comes between.
        """
        pieces, previous = (self._containers.pieces, self._previous) if keeps_text else ({}, {})
        row = self._tables.moments.stamp
        return State(self._lines.stamp, row, pieces, previous, self._envelope, self._order.state).written()

    @property
    def problem(self) -> str:
        """A problem with the stream's stamps that an operator should know; empty: none."""
        return self._order.problem

    def _recognise(self, line: bytes) -> Record | Verdict | None:
        """A line with another envelope than the one before."""
        line = line.removeprefix(BYTE_ORDER_MARK)
        if not line.strip(BLANKS):
            return None
        for name, envelope in self._envelopes.items():
            opened = envelope(line)
            if opened is not None:
                self._envelope, self._open = name, envelope
                return opened
        if _BETWEEN.fullmatch(line) or (self._envelope and line[:1] in (b" ", b"\t") and not MARK.search(line)):
            return None
        if is_header(line):
            return Record(self._last(), b"", b"", b"", line)
        return Verdict.MALFORMED

    def _last(self) -> int:
        """The newest stamp known, for the header lines of tables, which have none."""
        return max(self._lines.stamp or 0, self._tables.moments.stamp or 0) or int(self._reference)
