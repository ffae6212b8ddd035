"""Lines that begin with a stamp: RFC 3164 and ISO 8601 syslog files, and the servers' own log files.

`Nov 22 07:42:14 mx1 dovecot: pop3-login: ...` has host and program, `Nov 22 07:33:53 pop3-login: Info: ...`
(Dovecot's own file) has neither. Nearly all lines of a stream differ from the one before only in what they say
and in the seconds, so the parts of the last stamp are kept and compared: that is the hot path of everything.
"""

import re
from typing import Final

from exporter.envelopes import stamps
from exporter.envelopes.wall import Wall
from exporter.model import Record

NEVER: Final = b"\n"  # no line holds a line end
# Tags differ by process id; beyond this many they are forgotten.
TAGS_KEPT: Final = 4096

_TAG = rb"(?:[^\s:()<>]+ +)?(?P<program>[^\s:()<>\[\]]+)(?:\[(?P<pid>[^\]\s]*)\])?"
_REPEATED = rb"(?:--- )?last message repeated|message repeated|-- MARK --"
# Level words stand where a host would, in logs that are not syslog's.
_LEVELS = rb"(?!(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL) )"
# FreeBSD's `syslogd -v` writes facility and level before the host.
_HOST = re.compile(
    rb"(?:<[a-z0-9]+\.[a-z]+> )?" + _LEVELS + rb"(?P<host>[^\s:()<>\[\]{}\"'=,]+(?::+[^\s:()<>\[\]{}\"'=,]+)*) +"
    rb"(?=" + _TAG + rb":(?: |$)|" + _REPEATED + rb")"
)
_PRIORITY = re.compile(rb"<(?:\d{1,3}|[a-z0-9]+\.[a-z]+)> ?(?=[^\s\d]|\d{4}-)")
_TAG_ONLY = re.compile(rb" *" + _TAG)


class StampedLines:
    """One stream's lines with stamps; `stamp` is that of the last one opened."""

    def __init__(self, wall: Wall) -> None:
        self.wall = wall
        self.stamp: int | None = wall.last
        self._tags: dict[bytes, tuple[bytes, bytes]] = {}
        self.forget()

    def forget(self) -> None:
        """Parse the next stamp anew: what is known of the stream has changed."""
        self._head = self._minute = self._tail = NEVER
        self._second_at = self._tail_at = self._start = self._base = 0
        self._host: bytes | None = None
        self._may_have_host = False
        self.zoned = False

    def open(self, line: bytes) -> Record | None:
        """The record of `line`; None: it has no stamp."""
        if not line.startswith(self._tail, self._tail_at):
            return self._open_anew(line)
        if not line.startswith(self._head):
            seconds = line[self._second_at : self._second_at + 2]
            if not (line.startswith(self._minute) and seconds.isdigit()):
                return self._open_anew(line)
            self._head = line[: self._second_at + 2]
            self.stamp = self._base + int(seconds)
        start = self._start
        if self._host is None:
            # Where a host could stand, only a process prefix (`pop3-login: `) is certain to be none.
            if self._may_have_host:
                if line[line.find(b" ", start) - 1] != 58:  # noqa: PLR2004 - a colon
                    return self._open_anew(line)
            elif line.endswith(b"\r"):  # Windows
                line = line[:-1]
            return tuple.__new__(Record, (self.stamp, b"", b"", b"", line[start:], 1))
        colon = line.find(b": ", start)
        tag = self._tags.get(line[start:colon])
        if tag is None or colon < 0:
            return self._open_tag(line, start)
        return tuple.__new__(Record, (self.stamp, self._host, tag[0], tag[1], line[colon + 2 :], 1))

    def _open_anew(self, line: bytes) -> Record | None:
        self.wall.last = self.stamp
        found = stamps.find(line, self.wall)
        if found is None:
            return None
        host = _HOST.match(line, found.end) if found.may_have_host else None
        self.stamp = found.instant
        self._start = start = found.end if host is None else host.end()
        self._host = None if host is None else host["host"]
        self._may_have_host = found.may_have_host
        self.zoned = found.zoned
        self._head = line[: found.seconds]
        self._second_at = found.seconds - 2
        self._minute = line[: found.seconds - 2] if found.steady else NEVER
        self._base = found.instant - int(line[found.seconds - 2 : found.seconds]) if found.steady else 0
        self._tail_at = found.fraction
        self._tail = line[found.fraction : start] or NEVER
        if host is None:
            return Record(found.instant, b"", b"", b"", line[start:].rstrip(b"\r"))
        return self._open_tag(line, start)

    def _open_tag(self, line: bytes, start: int) -> Record:
        """The record of a line with a host, whose tag is new, or which has none."""
        assert self.stamp is not None
        assert self._host is not None
        colon = line.find(b": ", start)
        if colon < 0:
            colon = len(line) - 1 if line.endswith(b":") else start
        found = _TAG_ONLY.fullmatch(line, start, colon)
        if found is None:
            return Record(self.stamp, self._host, b"", b"", line[start:])
        if len(self._tags) >= TAGS_KEPT:
            self._tags.clear()
        tag = self._tags[line[start:colon]] = (found["program"], found["pid"] or b"")
        return Record(self.stamp, self._host, *tag, line[colon + 2 :])


class WireLines:
    """Lines as they went over the wire, with the priority before the stamp: `<22>Oct 27 04:19:59 mx1 pop3d: ...`."""

    def __init__(self, lines: StampedLines) -> None:
        self._lines = lines

    def open(self, line: bytes) -> Record | None:
        """The record of `line` without its priority; None: not of this form."""
        found = _PRIORITY.match(line)
        return None if found is None else self._lines.open(line[found.end() :])
