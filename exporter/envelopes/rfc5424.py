"""RFC 5424: `<22>1 2026-11-22T07:49:45.599305+00:00 mx1 dovecot - - -  pop3-login: ...` (rsyslog, syslog-ng).

In files the priority may be missing. Where a program sent a message that its syslog daemon could not take apart
(nginx puts a host name of its own there), APP-NAME is `-` or that host, and the tag stands in the message.
"""

import re
from typing import Final

from exporter.envelopes import stamps
from exporter.envelopes.wall import Wall
from exporter.model import Record

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
NIL: Final = b"-"
_HEAD = re.compile(rb"(?:<\d{1,3}>)?\d{1,3}$")
_ELEMENTS = re.compile(rb"(?:\[[^\]\"=\s]+(?: +[^\]\"=\s]+=\"(?:[^\"\\]|\\.)*\")*\])+", re.DOTALL)
_TAG_INSIDE = re.compile(rb" *(?P<program>[^\s:()<>\[\]]+)(?:\[(?P<pid>[^\]\s]*)\])?: ")
_WHOLE_SECONDS = len(b"2026-11-22T07:49:45")


class Rfc5424:
    """One stream's RFC 5424 lines."""

    def __init__(self, wall: Wall) -> None:
        self._wall = wall
        self._second = self._zone = b"\n"
        self._stamp = 0

    def open(self, line: bytes) -> Record | None:
        """The record of `line`; None: it is not of this form."""
        parts = line.split(b" ", 6)
        if len(parts) < 7 or _HEAD.match(parts[0]) is None:  # noqa: PLR2004 - fields of the header
            return None
        _, moment, host, program, pid, _, rest = parts
        if not (moment.startswith(self._second) and moment.endswith(self._zone)) and not self._read(moment):
            return None
        if rest.startswith(b"- "):
            message = rest[2:]
        else:
            elements = _ELEMENTS.match(rest)
            if elements is None and rest != NIL:
                return None
            message = b"" if elements is None else rest[elements.end() + 1 :]
        message = message.removeprefix(BYTE_ORDER_MARK)
        # rsyslog keeps the blank that followed the tag of the traditional form it received.
        if message.startswith(b" "):
            message = message[1:]
        if program == NIL or message.startswith(b"nginx: "):
            return self._untagged(host, message)
        return tuple.__new__(
            Record, (self._stamp, host if host != NIL else b"", program, pid if pid != NIL else b"", message, 1)
        )

    def _read(self, moment: bytes) -> bool:
        found = stamps.find(moment, self._wall)
        if found is None or found.end != len(moment):
            return False
        self._stamp = found.instant
        self._second = moment[: found.seconds]
        self._zone = moment[found.fraction :] or b"\n"
        return True

    def _untagged(self, host: bytes, message: bytes) -> Record:
        tag = _TAG_INSIDE.match(message)
        host = host if host != NIL else b""
        if tag is None:
            return Record(self._stamp, host, b"", b"", message)
        return Record(self._stamp, host, tag["program"], tag["pid"] or b"", message[tag.end() :])
