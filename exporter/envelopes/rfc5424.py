"""RFC 5424: `<22>1 2026-11-22T07:49:45.599305+00:00 mx1 dovecot - - -  pop3-login: ...` (rsyslog, syslog-ng).

In files, the priority may be missing. If the syslog daemon could not parse a program's message (nginx puts a host name
of its own there), APP-NAME is `-` or that host, and the tag is in the message.
"""

import re
from typing import Final

from exporter.envelopes.ticker import Moments
from exporter.envelopes.wall import Wall
from exporter.model import Record

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
NIL: Final = b"-"
_HEAD = re.compile(rb"(?:<\d{1,3}>)?[1-9]\d?")
_ELEMENTS = re.compile(rb"(?:\[[^\]\"=\s]+(?: +[^\]\"=\s]+=\"(?:[^\"\\]|\\.)*\")*\])+", re.DOTALL)
_TAG_INSIDE = re.compile(rb" *(?P<program>[^\s:()<>\[\]]+)(?:\[(?P<pid>[^\]\s]*)\])?: ")

_new = tuple.__new__  # half the cost of calling Record


class Rfc5424:
    """One stream's RFC 5424 lines."""

    def __init__(self, wall: Wall) -> None:
        self._moments = Moments(wall)
        self._heads: set[bytes] = set()

    def open(self, line: bytes) -> Record | None:
        """The record of `line`; None: it is not of this form."""
        try:
            head, moment, host, program, pid, _, rest = line.split(b" ", 6)
        except ValueError:
            return None
        if head not in self._heads and not self._is_head(head):
            return None
        stamp = self._moments.tell(moment)
        if stamp is None:
            return None
        # rsyslog keeps the blank that followed the tag of the traditional form it received.
        message = rest[3:] if rest.startswith(b"-  ") else _without_elements(rest)
        if message is None:
            return None
        if program == NIL or message.startswith(b"nginx: "):
            return _tagged_inside(stamp, host, message)
        return _new(Record, (stamp, _known(host), program, _known(pid), message, 1))

    def _is_head(self, head: bytes) -> bool:
        is_head = _HEAD.fullmatch(head) is not None
        if is_head:  # at most a few hundred exist
            self._heads.add(head)
        return is_head


def _tagged_inside(stamp: int, host: bytes, message: bytes) -> Record:
    tag = _TAG_INSIDE.match(message)
    if tag is None:
        return Record(stamp, _known(host), b"", b"", message)
    return Record(stamp, _known(host), tag["program"], tag["pid"] or b"", message[tag.end() :])


def _without_elements(rest: bytes) -> bytes | None:
    """The message after structured data; None: they are malformed."""
    if rest.startswith(NIL):
        message = rest[1:]
    else:
        elements = _ELEMENTS.match(rest)
        if elements is None:
            return None
        message = rest[elements.end() :]
    if message and not message.startswith(b" "):
        return None
    return message[1:].removeprefix(BYTE_ORDER_MARK).removeprefix(b" ")


def _known(field: bytes) -> bytes:
    return b"" if field == NIL else field
