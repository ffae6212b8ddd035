"""The systemd journal, through one long-lived `journalctl --follow`; lines are its JSON objects.

It is started AT the saved cursor, and must answer with that very entry: then nothing is missing between what was
read and what comes. Another first entry means that the journal does not hold the cursor any more (vacuumed): a gap.
(`--after-cursor` of systemd 252 leaves out one entry more in that case, and tells nothing.)
"""

import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from exporter.errors import Problem
from exporter.inputs.contract import InputStatus
from exporter.inputs.follower import Follower
from exporter.inputs.troubles import Troubles
from exporter.model import Batch, Position, SourceCount

LOG = logging.getLogger(__name__)

STREAM = "journal"
PATIENCE_SECONDS = 0.05  # for a journalctl that is writing to write more
QUIET_SECONDS = 3.0  # without an entry from a journalctl that has been started, or was writing
LONGEST_PAUSE = 60.0  # seconds between two attempts to start journalctl

# journald's own notice of its rate limit: "Suppressed 2100 messages from dovecot.service".
_DROPPED = "a596d6fe7bfa4994828e72309e95d61e"
_SUPPRESSED = re.compile(rb'"MESSAGE":"Suppressed (?P<number>\d{1,9}) messages from (?P<unit>[^"]*)"')
_CURSOR = re.compile(rb'"__CURSOR":"(?P<cursor>[^"]+)"')
_STAMP = re.compile(rb'"__REALTIME_TIMESTAMP":"(?P<stamp>\d{1,18})"')
_FIELDS = (
    "MESSAGE", "MESSAGE_ID", "_HOSTNAME", "SYSLOG_IDENTIFIER", "SYSLOG_PID", "_PID", "_COMM",
    "_SOURCE_REALTIME_TIMESTAMP",
)  # fmt: skip


class JournalInput:
    """The entries of `units` and of `identifiers` (either suffices).

    `since`: as journalctl's `--since`, for the first start only; None: what is logged from now on. `directory`:
    journal files elsewhere. `command`: how journalctl is called, with further arguments where needed.
    """

    def __init__(
        self,
        name: str,
        units: Sequence[str],
        identifiers: Sequence[str],
        positions: Sequence[Position] = (),
        *,
        since: str | None = None,
        directory: Path | None = None,
        counts: SourceCount | None = None,
        command: Sequence[str] = ("journalctl",),
    ) -> None:
        self.name = name
        self._units = tuple(unit if "." in unit else f"{unit}.service" for unit in units)
        self._identifiers = tuple(identifiers)
        self._since = since
        self._command = (*command, *(("--directory", str(directory)) if directory else ()))
        self._position = next((position for position in positions if position.stream == STREAM), None)
        counts = counts or SourceCount()
        self._read_bytes, self._lost = counts.read_bytes, counts.lines_possibly_lost
        self._rest = SourceCount(rotations=counts.rotations, truncations=counts.truncations)
        self._troubles = Troubles(name)
        self._follower: Follower | None = None
        self._expected = b""
        self._next_start = float("-inf")
        self._pause = 1.0
        self._caught_up = False
        self._worked = self._gaps = 0
        self._quiet_since = 0.0

    @property
    def begun(self) -> bool:
        """Whether it is known since when entries are read."""
        return self._position is not None

    def read(self, now: float, budget: int) -> Iterator[Batch]:
        """Return what journalctl has written by now."""
        self._worked = 0
        try:
            yield from self._read(now, budget)
        except Exception as error:  # noqa: BLE001  (begin again at the cursor of the last entry given)
            self._troubles.note(error)
            self.close()
            self._wait(now)

    def _read(self, now: float, budget: int) -> Iterator[Batch]:
        if not self._is_running(now):
            return
        assert self._follower is not None
        self._caught_up, patience = False, 0.0
        while self._worked < budget:
            before = self._follower.received
            lines = self._follower.lines(min(budget, 1 << 18), patience)
            self._worked += self._follower.received - before
            if not lines and self._follower.received == before:
                self._caught_up = self._is_quiet(now)
                if self._caught_up:
                    self._troubles.forget()  # it runs again, and has nothing to say
                break
            self._quiet_since, patience = now, PATIENCE_SECONDS
            if not lines:
                continue  # a part of a long line
            size = sum(map(len, lines)) + len(lines)
            batch = self._take(lines, size)
            if batch.lines:
                yield batch

    def _is_quiet(self, now: float) -> bool:
        """Whether journalctl has nothing more, and is not only slow to start or to go on."""
        recent = self._position is not None and bool(self._position.cursor) and self._position.modified >= now - 5
        return (recent and not self._expected) or abs(now - self._quiet_since) >= QUIET_SECONDS

    def positions(self) -> tuple[Position, ...]:
        """The cursor of the last entry given; before there was one, since when we wait for it."""
        return (self._position,) if self._position is not None else ()

    def status(self) -> InputStatus:
        """How it fares; how much is unread the journal does not tell."""
        told = tuple(map(_with_help, self._follower.complaints())) if self._follower is not None else ()
        sentence = f"{self._gaps} gaps: entries were removed from the journal before they were read (see SystemMaxUse=)"
        gap = (Problem(sentence, "gaps"),)
        return InputStatus(
            unread_bytes=self._follower.waiting if self._follower is not None else 0,
            read_bytes=self._read_bytes,
            rotations=self._rest.rotations,
            truncations=self._rest.truncations,
            lines_possibly_lost=self._lost,
            read_errors=dict(self._troubles.counts),
            caught_up=self._caught_up,
            worked=self._worked,
            faults=dict(self._troubles.faults),
            unreadable=self._troubles.unreadable,
            problems=(*self._troubles.problems, *told, *(gap if self._gaps else ())),
        )

    def release_deleted(self) -> int:
        """Journalctl itself closes what journald deletes."""
        return 0

    def close(self) -> None:
        """End journalctl."""
        if self._follower is not None:
            self._follower.close()
            self._follower = None

    # ── the process ─────────────────────────────────────────────────────────────────────────────────────────

    def _is_running(self, now: float) -> bool:
        """Whether journalctl runs; it is started (again) when its time has come."""
        if self._follower is not None:
            if self._follower.alive or self._follower.waiting:
                return True
            self._ended(now)
        if abs(now - self._next_start) < self._pause and now < self._next_start:
            return False
        self._start(now)
        return self._follower is not None

    def _ended(self, now: float) -> None:
        assert self._follower is not None
        said = " ".join(self._follower.complaints())
        self._troubles.counts["EXITED"] += 1
        problem = f"journalctl ended ({self._follower.code}): {_with_help(said) or 'no message'}"
        self._troubles.tell(problem, unreadable=True)
        if b"cursor" in said.lower().encode() and self._expected:
            self._gap()  # not even a place in the journal: go on by time
            self._position = Position(STREAM, "", modified=self._position.modified if self._position else now)
        self.close()
        self._wait(now)

    def _wait(self, now: float) -> None:
        """Wait before the next attempt to start it, longer each time."""
        self._next_start = now + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _start(self, now: float) -> None:
        if self._position is None:
            self._position = Position(STREAM, "", modified=now)
            where = f"--since={self._since or f'@{now:.6f}'}"
        elif self._position.cursor:
            where = f"--cursor={self._position.cursor}"
        else:
            where = f"--since={self._since or f'@{self._position.modified:.6f}'}"
        self._expected = self._position.cursor.encode()
        self._quiet_since = now
        try:
            self._follower = Follower((*self._command, *_options(where), *self._matches()))
        except OSError as error:
            self._troubles.note(error, self._command[0])
            self._wait(now)

    def _matches(self) -> list[str]:
        """Alternatives, and journald's notices of what it dropped."""
        alternatives = [f"_SYSTEMD_UNIT={unit}" for unit in self._units]
        alternatives += [f"SYSLOG_IDENTIFIER={identifier}" for identifier in self._identifiers]
        alternatives.append(f"MESSAGE_ID={_DROPPED}")
        return " + ".join(alternatives).split(" ")

    # ── the lines ───────────────────────────────────────────────────────────────────────────────────────────

    def _take(self, lines: list[bytes], size: int) -> Batch:
        self._read_bytes += size
        self._pause = 1.0
        self._troubles.forget()
        expected = self._expected
        # What was cut may have no cursor, and without one all of the journal would be read again.
        last = next((line for line in reversed(lines) if _CURSOR.search(line)), b"")
        if expected:
            self._expected = b""
            if expected == _of(_CURSOR, lines[0]):
                self._read_bytes -= len(lines[0]) + 1
                del lines[0]
            else:
                self._gap()
        if any(_DROPPED.encode() in line for line in lines):
            lines = [line for line in lines if not self._is_notice(line)]
        stamp = int(_of(_STAMP, last) or 0) / 1e6
        if last:
            self._position = Position(STREAM, "", cursor=_of(_CURSOR, last).decode(errors="replace"), modified=stamp)
        return Batch(STREAM, STREAM, lines, stamp, caught_up=False)

    def _is_notice(self, line: bytes) -> bool:
        """Count the messages of our units that journald reports as dropped."""
        if f'"MESSAGE_ID":"{_DROPPED}"'.encode() not in line:
            return False
        if found := _SUPPRESSED.search(line):
            ours = not self._units or found["unit"].decode(errors="replace") in self._units
            number = int(found["number"]) if ours else 0
            self._lost += number
            if number:
                LOG.warning(
                    "%s: journald dropped %d messages; set LogRateLimitIntervalSec=0 for the mail server",
                    self.name,
                    number,
                )
        return True

    def _gap(self) -> None:
        self._gaps += 1
        self._lost += 1
        LOG.warning("%s: entries were removed from the journal before they were read; lines are lost", self.name)


def _options(where: str) -> tuple[str, ...]:
    # `--all`: without it a message over 4 KiB is null. `--no-tail`: from there, not the last ten. `--merge`: without
    # it `--follow` means the present boot only (systemd 252), and what came before a reboot would be lost.
    output = ("--output=json", f"--output-fields={','.join(_FIELDS)}")
    return ("--follow", "--merge", "--no-tail", "--all", "--no-pager", "--quiet", *output, where)


def _with_help(said: str) -> str:
    """Journalctl's message about missing permissions, with what to do."""
    if "permission" not in said.lower():
        return said
    return (
        f"{said} (add the exporter's user to the group systemd-journal; systemd: SupplementaryGroups=systemd-journal)"
    )


def _of(pattern: re.Pattern[bytes], line: bytes) -> bytes:
    found = pattern.search(line)
    return found[1] if found else b""
