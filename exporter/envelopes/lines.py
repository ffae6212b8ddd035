"""Lines that begin with a stamp: RFC 3164 and ISO 8601 syslog files, and the servers' own log files.

`Nov 22 07:42:14 mx1 dovecot: pop3-login: ...` has host and program, `Nov 22 07:33:53 pop3-login: Info: ...`
(Dovecot's own file) has neither.
"""

import re
from typing import Final, NamedTuple

from exporter.envelopes import stamps
from exporter.envelopes.ticker import NEVER, Part, Ticker
from exporter.envelopes.wall import Wall
from exporter.model import Record

COLON: Final = b":"[0]
# They differ by process id; beyond this many they are forgotten.
SENDERS_KEPT: Final = 4096

_new = tuple.__new__  # half the cost of calling Record

_TAG = rb"(?:[^\s:()<>]+ +)?(?P<program>[^\s:()<>\[\]]+)(?:\[(?P<pid>[^\]\s]*)\])?"
_REPEATED = re.compile(rb"(?:--- )?last message repeated|message repeated|-- MARK --")
# Level words stand where a host would, in logs that are not syslog's.
_LEVELS = rb"(?!(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL) )"
# FreeBSD's `syslogd -v` writes facility and level before the host.
_HOST = re.compile(
    rb"(?:<[a-z0-9]+\.[a-z]+> )?(?!(?:--- )?last message)"
    + _LEVELS
    + rb"(?P<host>[^\s:()<>\[\]{}\"'=,]+(?::+[^\s:()<>\[\]{}\"'=,]+)*) +"
    rb"(?=" + _TAG + rb":(?: |$)|" + _REPEATED.pattern + rb")"
)
_PRIORITY = re.compile(rb"<(?:\d{1,3}|[a-z0-9]+\.[a-z]+)> ?(?=[^\s\d]|\d{4}-)")
_TAG_ONLY = re.compile(rb" *" + _TAG)


class Pace(NamedTuple):
    """What lines that differ from the last one in seconds, sender and message share with it.

    They begin with `head` (then they are of `stamp`), or with `minute` and other seconds; up to `width` follows a
    fraction, then `zone`, then the sender.
    """

    head: Part
    stamp: int
    minute: Part
    minute_start: int
    width: int
    zone: bytes


class StampedLines(Ticker):
    """One stream's lines with stamps; `stamp` is that of the last one opened."""

    def __init__(self, wall: Wall) -> None:
        # What follows the digits of a stamp, up to the first ": " (zone, host, tag), and whom it names.
        self._senders: dict[bytes, tuple[bytes, bytes, bytes]] = {}
        self._zone = b""
        super().__init__(wall)

    def forget(self) -> None:
        super().forget()
        self._tail: Part = NEVER
        self._tail_at = self._stamp_end = self._start = 0
        self._host: bytes | None = None
        self._may_have_host = False

    def pace(self) -> Pace | None:
        """How the last line began, if it had a host."""
        if self._host is None or self.stamp is None:
            return None
        return Pace(self._head, self.stamp, self._minute, self._minute_start, self._tail_at, self._zone)

    def sender(self, tail: bytes) -> tuple[bytes, bytes, bytes] | None:
        """Host, program and process id of lines with `tail` between their fraction and the first ": ", if known."""
        return self._senders.get(tail)

    def went(self, head: Part, stamp: int) -> None:
        """Lines at this pace were opened elsewhere; the last began with `head`, of `stamp`."""
        self._head = head
        self.stamp = stamp

    def open(self, line: bytes) -> Record | None:
        """The record of `line`; None: it has no stamp."""
        if self._host is None:
            return self._open_untagged(line)
        header, _, message = line.partition(b": ")
        sender = self._senders.get(header[self._tail_at :])
        if sender is None:
            return self._open_tag(line)
        if not line.startswith(self._head) and not self._ticks(line):
            return self._open_anew(line)
        host, program, pid = sender
        return _new(Record, (self.stamp, host, program, pid, message, 1))

    def _open_untagged(self, line: bytes) -> Record | None:
        """As `open`, where the last line had no host."""
        start = self._start
        if not line.startswith(self._tail, self._tail_at):
            return self._open_anew(line)
        if not line.startswith(self._head) and not self._ticks(line):
            return self._open_anew(line)
        # Where a host could stand, only a process prefix (`pop3-login: `) is certain to be none.
        if self._may_have_host and line[line.find(b" ", start) - 1] != COLON:
            return self._open_anew(line)
        return _new(Record, (self.stamp, b"", b"", b"", line[start:], 1))

    def _open_tag(self, line: bytes) -> Record | None:
        """As `open`, of a sender that is new, or a message without a tag."""
        if line.startswith(self._tail, self._tail_at) and (line.startswith(self._head) or self._ticks(line)):
            return self._sent(line)
        return self._open_anew(line)

    def _open_anew(self, line: bytes) -> Record | None:
        self.wall.last = self.stamp
        found = stamps.find(line, self.wall)
        if found is None:
            return None
        self._learn(line, found)
        host = _HOST.match(line, found.end) if found.may_have_host else None
        self._may_have_host = found.may_have_host
        self._stamp_end = found.end
        self._start = found.end if host is None else host.end()
        self._host = None if host is None else host["host"]
        self._tail_at = found.fraction
        self._tail = line[found.fraction : self._start] or NEVER
        if host is None:
            return Record(found.instant, b"", b"", b"", line[found.end :])
        zone = line[found.fraction : found.end]
        if zone != self._zone:  # the kept senders are those of the kept zone
            self._senders.clear()
            self._zone = zone
        return self._sent(line)

    def _sent(self, line: bytes) -> Record:
        """The record of a line whose stamp and host are the last ones; without a tag, who knows if it is a host."""
        assert self.stamp is not None
        assert self._host is not None
        start = self._start
        colon = line.find(b": ", start)
        if colon < 0:
            colon = len(line) - 1 if line.endswith(b":") else start
        tag = _TAG_ONLY.fullmatch(line, start, colon)
        if tag is None:
            has_host = _REPEATED.match(line, start) is not None
            host, at = (self._host, start) if has_host else (b"", self._stamp_end)
            return Record(self.stamp, host, b"", b"", line[at:])
        if len(self._senders) >= SENDERS_KEPT:
            self._senders.clear()
        sender = self._senders[line[self._tail_at : colon]] = (self._host, tag["program"], tag["pid"] or b"")
        return Record(self.stamp, *sender, line[colon + 2 :])


class WireLines:
    """Lines as they went over the wire, with the priority before the stamp: `<22>Oct 27 04:19:59 mx1 pop3d: ...`."""

    def __init__(self, lines: StampedLines) -> None:
        self._lines = lines

    def open(self, line: bytes) -> Record | None:
        """The record of `line` without its priority; None: not of this form."""
        found = _PRIORITY.match(line)
        return None if found is None else self._lines.open(line[found.end() :])
