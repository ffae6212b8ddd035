"""What this machine has to show: the log files, or the systemd journal, of a POP3 server of its own."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# Where Debian, Ubuntu, Red Hat, cPanel, Plesk, iRedMail and docker-mailserver keep the mail log.
LOGS = (
    "/var/log/mail.log",
    "/var/log/maillog",
    "/var/log/mail.info",
    "/var/log/dovecot.log",
    "/var/log/dovecot-info.log",
    "/var/log/dovecot/pop3.log",
    "/var/log/mail/mail.log",
)
# As what POP3 servers write to syslog, and so to the journal.
IDENTIFIERS = ("dovecot", "pop3d", "pop3d-ssl", "cyrus/pop3", "cyrus/pop3s", "popa3d", "in.qpopper", "perdition.pop3")
SEARCHED_BYTES = 4 * 1024 * 1024
SEARCHED_ENTRIES = 5_000
JOURNAL_SECONDS = 30
JOURNALS = ("/var/log/journal", "/run/log/journal")
JOURNALCTL = ("journalctl",)


@dataclass(frozen=True, slots=True)
class Found:
    """Where POP3 lines are: a pattern of files, or what the journal knows their writers as."""

    pattern: str = ""
    identifiers: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.pattern or f"the journal of {', '.join(self.identifiers)}"


def found() -> Found | None:
    """The first readable log of this machine with POP3 lines in its last megabytes, else the journal if it has some."""
    for name in LOGS:
        path = Path(name)
        if os.access(path, os.R_OK) and path.is_file() and _mentions_pop3(path):
            return Found(f"{name}*")
    return in_journal()


def closed(folders: Sequence[str] = JOURNALS) -> list[str]:
    """What is there, may have lines of a POP3 server, and may not be read by this user."""
    logs = [name for name in LOGS if os.access(name, os.F_OK) and not os.access(name, os.R_OK)]
    journals = [path for folder in folders for path in Path(folder).glob("*/system.journal")]
    if journals and not any(os.access(path, os.R_OK) for path in journals):
        logs.append("the systemd journal")
    return logs


def in_journal(journalctl: Sequence[str] = JOURNALCTL, identifiers: Sequence[str] = IDENTIFIERS) -> Found | None:
    """Who of `identifiers` has written about POP3 lately."""
    if shutil.which(journalctl[0]) is None:
        return None
    writers = tuple(one for one in identifiers if b"pop3" in _newest(journalctl, one))
    return Found(identifiers=writers) if writers else None


def _newest(journalctl: Sequence[str], identifier: str) -> bytes:
    """The newest entries: who wrote them and what; empty where this user may not see them."""
    which = ("--identifier", identifier, "--lines", str(SEARCHED_ENTRIES))
    command = (*journalctl, "--quiet", "--no-pager", "--output", "short", *which)
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=JOURNAL_SECONDS).stdout  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return b""


def _mentions_pop3(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - SEARCHED_BYTES, 0))
        return b"pop3" in file.read(SEARCHED_BYTES)
