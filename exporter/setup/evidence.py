"""Which servers' POP3 lines a log has, judged by the newest lines."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from exporter.envelopes.opener import Opener
from exporter.formats import FORMATS
from exporter.model import Record
from exporter.setup.machine import Machine

SEARCHED_BYTES = 4 << 20
SEARCHED_LINES = 4_000
# In the journal, for a server whose other services also log there.
SEARCHED_ENTRIES = 5_000
# What POP3 lines of any server contain; nginx does not name the protocol.
_LIKELY = re.compile(
    rb"pop-?3|popa3|popper|perdition|client [^ ]{2,50} connected to|proxied session done", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """How many of the newest lines are of which format, and when the last of each was written (UNIX seconds)."""

    lines: Counter[str] = field(default_factory=Counter)
    newest: dict[str, float] = field(default_factory=dict)


def in_file(path: Path, zone: ZoneInfo, now: float) -> Evidence:
    """What the end of a log shows; nothing if it is unreadable."""
    try:
        status = path.stat()
        with path.open("rb") as file:
            file.seek(max(status.st_size - SEARCHED_BYTES, 0))
            tail = file.read(SEARCHED_BYTES).splitlines()
    except OSError:
        return Evidence()
    if status.st_size > SEARCHED_BYTES:
        del tail[:1]  # a part of a line
    return in_lines(tail, path.name, status.st_mtime, zone, now)


def in_journal(
    machine: Machine, units: Iterable[str], identifiers: Iterable[str], zone: ZoneInfo, now: float
) -> Evidence:
    """What the newest entries of these show; nothing if this user cannot read them."""
    fields = [*(f"_SYSTEMD_UNIT={one}" for one in units), *(f"SYSLOG_IDENTIFIER={one}" for one in identifiers)]
    matches = " + ".join(fields).split()
    command = ("journalctl", "--quiet", "--no-pager", "--output", "short-iso", "--lines", str(SEARCHED_ENTRIES))
    said = machine.run((*command, *matches))
    return in_lines(said.out.encode(errors="replace").splitlines(), "journal", now, zone, now)


def in_lines(lines: Sequence[bytes], name: str, modified: float, zone: ZoneInfo, now: float) -> Evidence:
    """What the lines show; lines that several servers may have written are ignored."""
    opener, found = Opener(zone), Evidence()
    likely = [line for line in lines if _LIKELY.search(line)][-SEARCHED_LINES:]
    opener.begin(name, modified, now, likely)
    for line in likely:
        record = opener.open(line)
        claims = [one.name for one in FORMATS if one.recognises(record)] if isinstance(record, Record) else []
        if len(claims) == 1 and isinstance(record, Record):
            found.lines[claims[0]] += 1
            found.newest[claims[0]] = record.stamp
    return found


def is_readable(path: Path) -> bool:
    """Whether it is a file that this user can read."""
    return path.is_file() and os.access(path, os.R_OK)
