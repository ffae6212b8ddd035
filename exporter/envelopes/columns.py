"""The first stage: a batch of lines as columns: when, by whom, and the message.

Nearly all lines of a syslog file begin like one before: only the seconds of the stamp are new, and the sender is known.
So both are looked up, and the rest is the message. All other lines go through the stream's opener, in their place.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from exporter.envelopes.inside import BEGIN, BEGINS
from exporter.envelopes.lines import Sender, StampedLines
from exporter.envelopes.opener import Opener
from exporter.model import Record, Verdict


class Columns(NamedTuple):
    """The messages of a batch, in order, and the number of lines without one, by kind."""

    stamps: list[int]
    senders: list[Sender]
    messages: list[bytes]
    without: Counter[Verdict]

    def record(self, row: int) -> Record:
        """One message as a record."""
        host, program, pid, times = self.senders[row]
        return Record(self.stamps[row], host, program, pid, self.messages[row], times)

    def are_within(self, bounds: tuple[float, int]) -> bool:
        """Whether all stamps lie between these."""
        return not self.stamps or (bounds[0] <= min(self.stamps) and max(self.stamps) <= bounds[1])


def opened(opener: Opener, lines: Sequence[bytes]) -> Columns:
    """The columns of `lines`, which follow those that the opener has seen.

    The loop is dense because every line goes through it: tests/bench/lines.py.
    """
    columns = Columns([], [], [], Counter())
    stamps, senders, messages, _ = columns
    stamped, told, missed = opener.stamped, 0, False
    size = width = end = start = 0
    tails: dict[bytes, Sender] = {}  # including the ": "
    tail_of = tails.get
    if stamped is not None:
        size, width, stamp_of = stamped.size, stamped.width, stamped.heads.get
    for line in lines:
        if stamped is not None:
            sender = tail_of(line[width:start])
            if sender is not None:
                message = line[start:]
                missed = False
            else:
                sender, end = _sender(stamped, line, tails)
                message = line[end:]
                if missed or not start:  # a line of another program among many of one
                    start = end
                missed = True
            if sender is not None and message[:BEGIN] not in BEGINS:
                stamp = stamp_of(line[:size]) or stamped.tick(line)
                if stamp is not None:
                    stamps.append(stamp)
                    senders.append(sender)
                    messages.append(message)
                    continue
        _tell(opener, columns, told)
        _add(opener.open(line), columns)
        told = len(stamps)
        stamped = opener.stamped
        if stamped is not None:
            if width != stamped.width:
                tails.clear()
                start = 0
            size, width, stamp_of = stamped.size, stamped.width, stamped.heads.get
    _tell(opener, columns, told)
    return columns


def _sender(stamped: StampedLines, line: bytes, tails: dict[bytes, Sender]) -> tuple[Sender | None, int]:
    """Who wrote a line, and where its message begins; None: the opener must read it."""
    header, colon, _ = line.partition(b": ")
    tail = header[stamped.width :]
    sender = stamped.sender(tail) if colon else None
    if sender is not None:
        tails[tail + colon] = sender
    return sender, len(header) + 2


def _add(record: Record | Verdict | None, columns: Columns) -> None:
    """The opener's result for a line."""
    if isinstance(record, Record):
        stamp, host, program, pid, message, times = record
        by, senders = (host, program, pid, times), columns.senders
        columns.stamps.append(stamp)
        senders.append(senders[-1] if senders and senders[-1] == by else Sender(*by))
        columns.messages.append(message)
    else:
        columns.without[record or Verdict.IGNORED] += 1


def _tell(opener: Opener, columns: Columns, told: int) -> None:
    """Tell the opener the last message of each host, for the rows from `told` on, which it has not seen."""
    rows = range(told, len(columns.stamps))
    if not rows:
        return
    newest: dict[bytes, int] = {}
    for sender, row in dict(zip(columns.senders[told:], rows, strict=True)).items():
        newest[sender.host] = max(row, newest.get(sender.host, 0))
    for row in newest.values():
        opener.remember(columns.record(row))
    if opener.stamped is not None:
        opener.stamped.stamp = columns.stamps[-1]
