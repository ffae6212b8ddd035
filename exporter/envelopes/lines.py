"""Lines that begin with a stamp: RFC 3164 and ISO 8601 syslog files, and the servers' own log files.

`Nov 22 07:42:14 mx1 dovecot: pop3-login: ...` has host and program, `Nov 22 07:33:53 pop3-login: Info: ...` (Dovecot's
own file) has neither.
"""

import re
from typing import Final, NamedTuple

from exporter.envelopes import stamps
from exporter.envelopes.programs import OWN_WORDS, program_of
from exporter.envelopes.stamps import Stamp
from exporter.envelopes.tags import BARE, FAR, HOST, LABELLED, PRIORITY, PROGRAM, RELAYED, REPEATED, TAG_ONLY
from exporter.envelopes.ticker import NEVER, Part, Ticker
from exporter.envelopes.wall import Wall
from exporter.model import Record

# Senders differ by process id: more than these in each of hundreds of files are forgotten, and long ones at once.
SENDERS_KEPT: Final = 512
LONGEST_SENDER: Final = 512
# The first words of most lines in Dovecot's own files.
COMMONEST: Final = (b"pop3-login: ", b"pop3(")

_new = tuple.__new__  # half the cost of calling Record


class Sender(NamedTuple):
    """Who wrote a line; `times` > 1: how many lines it stands for ("message repeated")."""

    host: bytes
    program: bytes
    pid: bytes
    times: int = 1


class StampedLines(Ticker):
    """One stream's lines with stamps; `stamp` is that of the last one opened."""

    def __init__(self, wall: Wall) -> None:
        # What follows the digits of a stamp, up to the first ": " (zone, host, tag), and the sender that it names.
        self._senders: dict[bytes, Sender] = {}
        # The same without the process id in brackets at their end.
        self._programs: dict[bytes, Sender] = {}
        self._zone = b""
        super().__init__(wall)

    def forget(self) -> None:
        super().forget()
        self._tail: Part = NEVER
        self.width = self._stamp_end = self._start = 0
        self._host: bytes | None = None
        self._may_have_host = False

    @property
    def has_senders(self) -> bool:
        """Whether the last line had a tag, so that similar lines differ only in what `heads` and `sender` look up.

        Their whole seconds end at `size`, their fraction at `width`.
        """
        return self._host is not None

    def sender(self, tail: bytes) -> Sender | None:
        """The sender of lines with `tail` between their fraction and the first ": "; None: not known yet."""
        sender = self._senders.get(tail)
        if sender is None and tail.endswith(b"]"):
            name, _, pid = tail[:-1].rpartition(b"[")
            program = self._programs.get(name)
            if program is not None and pid.isdigit():
                return Sender(program.host, program.program, pid)
        return sender

    def open(self, line: bytes) -> Record | None:
        """The record of `line`; None: it has no stamp."""
        if self._host is None:
            return self._open_untagged(line)
        header, _, message = line.partition(b": ")
        sender = self.sender(header[self.width :])
        if sender is None:
            return self._open_tag(line)
        if not self._ticks(line):
            return self._open_anew(line)
        host, program, pid, times = sender
        return _new(Record, (self.stamp, host, program, pid, message, times))

    def _open_untagged(self, line: bytes) -> Record | None:
        """Like `open`, if the last line had no host."""
        start = self._start
        if not line.startswith(self._tail, self.width):
            return self._open_anew(line)
        if not self._ticks(line):
            return self._open_anew(line)
        if not line.startswith(COMMONEST, start) and not self._is_own(line):
            return self._open_anew(line)
        return _new(Record, (self.stamp, b"", b"", b"", line[start:], 1))

    def _open_tag(self, line: bytes) -> Record | None:
        """Like `open`, for a new sender, or a message without a tag."""
        if line.startswith(self._tail, self.width) and self._ticks(line):
            return self._sent(line)
        return self._open_anew(line)

    def _is_own(self, line: bytes) -> bool:
        """Whether the message follows the stamp directly, judging by its first word."""
        word = line[self._start : line.find(b" ", self._start)]
        if word in OWN_WORDS:
            return True
        if self._may_have_host:
            return word[-1:] == b":" and b"(" in word
        return word[:1] in b"[<" or FAR.match(line, self._start) is None

    def _open_anew(self, line: bytes) -> Record | None:
        self.wall.last = self.stamp
        found = stamps.find(line, self.wall)
        if found is None:
            return None
        self._learn(line, found)
        self._may_have_host = found.may_have_host
        self._stamp_end = self._start = found.end
        self.width = found.fraction
        host = HOST.match(line, found.end) if found.may_have_host else None
        if host is None:
            return self._open_hostless(line, found)
        self._begin_senders(line, found)
        self._start = host.end()
        self._tail = line[found.fraction : self._start]
        self._host = host["host"]
        return self._sent(line)

    def _open_hostless(self, line: bytes, found: Stamp) -> Record:
        """The record of a line with the stamp `found`, but no host with a tag after it."""
        # The next line may have a host: only a sender that is known already is taken for granted.
        self._begin_senders(line, found)
        self._tail, self._host = NEVER, b""
        tag = PROGRAM.match(line, found.end) if found.may_have_host else None
        record = self._sent_far(line) if tag is None else self._sent_as(line, tag, b"", tag["program"], tag["pid"])
        if record is not None:
            return record
        relayed = self._relayed(line) if found.may_have_host else None
        if relayed is not None:
            return relayed
        self._tail, self._host = line[found.fraction : found.end] or NEVER, None
        return Record(found.instant, b"", b"", b"", line[found.end :])

    def _sent_far(self, line: bytes) -> Record | None:
        """The record of a line with a POP3 server's tag further on; None: there is none."""
        tag = FAR.match(line, self._stamp_end)
        if tag is None:
            return None
        host = tag["host"] or tag["origin"] or b""
        return self._sent_as(line, tag, host, tag["program"] or tag["tag"], tag["pid"] or tag["id"])

    def _relayed(self, line: bytes) -> Record | None:
        """The record of a line with a host, and a whole line of another log behind it; None: there is none."""
        assert self.stamp is not None
        found = RELAYED.match(line, self._stamp_end) or LABELLED.match(line, self._stamp_end)
        return None if found is None else Record(self.stamp, found["host"] or b"", b"", b"", line[found.end() :])

    def _sent_as(self, line: bytes, tag: re.Match[bytes], host: bytes, program: bytes, pid: bytes | None) -> Record:
        assert self.stamp is not None
        colon = line.rindex(b":", 0, tag.end())
        sender = self._keep(line[self.width : colon], host, program, pid)
        return Record(self.stamp, *sender[:3], line[colon + 2 :])

    def _begin_senders(self, line: bytes, found: Stamp) -> None:
        zone = line[found.fraction : found.end]
        if zone != self._zone:  # the cached senders are those of the cached zone
            self._senders.clear()
            self._programs.clear()
            self._zone = zone

    def _keep(self, tail: bytes, host: bytes, program: bytes, pid: bytes | None) -> Sender:
        """Cache the sender that `tail` names."""
        if len(self._senders) >= SENDERS_KEPT:
            self._senders.clear()
            self._programs.clear()
        sender = Sender(host, program_of(program), pid or b"")
        if len(tail) <= LONGEST_SENDER:
            self._senders[tail] = sender
            if sender.pid.isdigit() and tail.endswith(b"[%b]" % sender.pid):
                self._programs[tail[: -len(sender.pid) - 2]] = sender
        return sender

    def _sent(self, line: bytes) -> Record:
        """The record of a line with the last line's stamp and host; without a tag, the word may not be a host."""
        assert self.stamp is not None
        assert self._host is not None
        start = self._start
        bare = BARE.match(line, start)
        if bare is not None:  # nothing is cached: the text begins before the first ": "
            program = program_of(bare["program"] or b"")
            return Record(self.stamp, self._host, program, bare["pid"] or b"", line[bare.start("text") :])
        colon = line.find(b": ", start)
        if colon < 0:
            colon = len(line) - 1 if line.endswith(b":") else start
        tag = TAG_ONLY.fullmatch(line, start, colon)
        if tag is None:
            if REPEATED.match(line, start):
                return Record(self.stamp, self._host, b"", b"", line[start:])
            far = self._sent_far(line) or self._relayed(line)
            return far or Record(self.stamp, b"", b"", b"", line[self._stamp_end :])
        sender = self._keep(line[self.width : colon], self._host, tag["program"], tag["pid"])
        return Record(self.stamp, *sender[:3], line[colon + 2 :])


class WireLines:
    """Lines as they were sent, with the priority before the stamp: `<22>Oct 27 04:19:59 mx1 pop3d: ...`."""

    def __init__(self, lines: StampedLines) -> None:
        self._lines = lines

    def open(self, line: bytes) -> Record | None:
        """The record of `line` without its priority; None: not of this form."""
        found = PRIORITY.match(line)
        return None if found is None else self._lines.open(line[found.end() :])
