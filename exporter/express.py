"""The express lane: the commonest lines of a batch, all found by one pattern, with what the general way comes to.

The general way makes a record, a fact and look-ups of each line. Most lines of a busy log need none of that: they
begin like the line before but for the seconds, and are the login of a connection nobody has heard of, its end by
QUIT, or another service's. Those are taken here; any other line, and any line where something is in doubt, goes
the general way, in its place among the others. tests/pipeline/test_express.py proves that both ways agree.

The code is dense because every line goes through it: tests/bench/lines.py.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from exporter.envelopes.inside import BEGIN, BEGINS
from exporter.envelopes.lines import StampedLines
from exporter.envelopes.opener import Opener
from exporter.envelopes.ticker import SECONDS
from exporter.formats.contract import Usual
from exporter.model import Charge, Record
from exporter.sessions import Sessions

# Fewer lines are not worth a pattern.
WORTH_LINES = 16

Row = tuple[bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes]
Sender = tuple[bytes, bytes, bytes]
_NOBODY: Sender = (b"", b"", b"")
_new: Any = tuple.__new__  # half the cost of calling Record
_NONE = b"\n"  # no line begins with it


@lru_cache(maxsize=64)
def _compiled(head: bytes, fraction: bytes, zone: bytes, pattern: bytes) -> re.Pattern[bytes]:
    stamp = _digits(head) + b")" + _digits(fraction) + re.escape(zone)
    return re.compile(rb"(?:(" + stamp + rb"([^ :\n]+ [^ :\n]+): (?:" + pattern + rb"|([^\n]*))|[^\n]*)\n")


def _digits(text: bytes) -> bytes:
    return re.sub(rb"\d", rb"\\d", re.escape(text))


class Ways(NamedTuple):
    """Where lines go on: those not taken here to `general`, those of which no more than a record is made to `read`."""

    general: Callable[[bytes], None]
    read: Callable[[Record], None]
    sessions: Sessions
    last_events: dict[str, int]


class Express:
    """One batch on the express lane; counts its `events` by server, those that are `late`, and `ignored` lines.

    `servers`: hosts to labels. `due`: server to trait to the stamp from which on it is to be judged again.
    `bounds`: stamps before the first are late, those after the second in the future.
    `ignores`: nobody else wants to see the lines that mean nothing.
    """

    def __init__(
        self,
        opener: Opener,
        usual: Usual,
        servers: Mapping[bytes, str],
        due: Mapping[str, Mapping[str, int]],
        bounds: tuple[float, int],
        *,
        ignores: bool,
    ) -> None:
        self.events: Counter[str] = Counter()
        self.ignored = self.late = 0
        self._opener = opener
        self._usual = usual
        self._servers = servers
        self._due = due
        self._midnight, self._limit = bounds
        self._ignores = ignores
        self._lines: StampedLines | None = None
        self._size, self._width, self._zone = 0, 0, b""
        # Of the stamp: what it shares with the next one, and when that began.
        self._minute: object = None
        self._minute_start = 0
        # Of the line looked at: when, by whom (None: not known yet), and for which server.
        self._stamp = self._judged = 0
        self._tail = b""
        self._sender = _NOBODY
        self._server = ""

    def find(self, lines: Sequence[bytes], like: bytes) -> list[Row]:
        """The groups of each line, in order, empty where it is not of the usual ones; none: no lane here.

        `like`: the line opened last.
        """
        stamped = self._opener.stamped
        pace = stamped.pace() if stamped else None
        if pace is None or not isinstance(pace.head, bytes) or not like.startswith(pace.head):
            return []
        self._lines, self._size, self._width, self._zone = stamped, len(pace.head), pace.width, pace.zone
        fraction = like[self._size : self._width]
        if len(fraction) != self._width - self._size:
            return []
        found = _compiled(pace.head, fraction, pace.zone, self._usual.pattern).findall(b"\n".join(lines) + b"\n")
        return found if len(found) == len(lines) else []

    def run(self, lines: Sequence[bytes], rows: Sequence[Row], ways: Ways, charges: list[Charge]) -> None:  # noqa: C901
        """Take the lines, `rows` being their groups, and add what they come to."""
        general, read, sessions, last_events = ways
        login, quit_session, midnight = sessions.login, sessions.quit, self._midnight
        ignored = late = taken = told = judged = 0
        at, by, before, server, stamp = _NONE, b"", b"", "", None
        whom = sender = _NOBODY
        self._resume()
        for line, row in zip(lines, rows, strict=True):
            head, tail, user, address, served, key, serving, closing, received, sent, message = row
            if head != at or tail != by:
                self.events[server] += taken
                taken, stamp = 0, self._follow(head, tail)
                at, by, sender, server, judged, fresh = head, tail, self._sender, self._server, self._judged, True
                if before and sender[0] != whom[0]:
                    self._remember(before, told, whom)
            if stamp is not None:
                if key:
                    charge = login(server, stamp, key, user, address, served or None) if server else None
                elif closing:
                    charge = quit_session(server, stamp, closing, serving, received, sent) if stamp < judged else None
                elif self._ignores and not message:
                    ignored += 1
                    before, told, whom = line, stamp, sender
                    continue
                else:
                    charge = None
                    if message and message[:BEGIN] not in BEGINS:
                        read(_new(Record, (stamp, *sender, message, 1)))
                        before, told, whom = line, stamp, sender
                        continue
                if charge is not None:
                    charges.append(charge)
                    before, told, whom = line, stamp, sender
                    taken, late = taken + 1, late + (stamp < midnight)
                    if fresh:
                        fresh = False
                        last_events[server] = max(stamp, last_events.get(server, 0))
                    continue
            self._pause(before, told, whom)
            general(line)
            self._resume()
            at, before = _NONE, b""
        self._pause(before, told, whom)
        self.ignored, self.late, self.events[server] = ignored, late, self.events[server] + taken

    def _follow(self, head: bytes, tail: bytes) -> int | None:
        """The stamp of a line with such a begin, and whom it is of; None: that is for the general way to tell."""
        second = SECONDS.get(head[-2:])
        if second is None or head[:-2] != self._minute:
            return None
        if tail != self._tail:
            sender = self._lines.sender(self._zone + tail) if self._lines else None
            if sender is None:
                return None
            server = self._servers.get(sender[0], "") if sender[1].startswith(self._usual.program) else ""
            due = self._due.get(server)
            self._tail, self._sender, self._server = tail, sender, server if due is not None else ""
            self._judged = due.get(self._usual.trait, 0) if due else 0
        stamp = self._minute_start + second
        return stamp if stamp <= self._limit else None

    def _resume(self) -> None:
        """Go on from where the general way has come to."""
        self._minute, self._tail = None, b""
        pace = self._lines.pace() if self._lines is not None and self._opener.stamped is self._lines else None
        if pace is not None and (pace.width, pace.zone, len(pace.minute) + 2) == (self._width, self._zone, self._size):
            self._minute, self._minute_start = pace.minute, pace.minute_start

    def _pause(self, before: bytes, told: int, whom: Sender) -> None:
        """Show the general way where we have come to: the line `before` of stamp `told`; empty: it knows."""
        if before and self._lines is not None:
            self._remember(before, told, whom)
            self._lines.went(before[: self._size], told)

    def _remember(self, line: bytes, stamp: int, sender: Sender) -> None:
        message = line[line.index(b": ", self._width) + 2 :]
        self._opener.remember(Record(stamp, *sender, message))
