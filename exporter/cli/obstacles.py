"""Why the daemon cannot run with a valid configuration, as sentences; those that stop it begin with `problem:`."""

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from exporter.cli import access
from exporter.ledger.errors import LedgerError
from exporter.ledger.reading import Reading
from exporter.web.listen import ListenError, refuse_foreign

NO_JOURNAL = "no journal found yet"
UNIT = f"the unit's user (groups {', '.join(access.UNIT_GROUPS)})"


def of_ledger(ledger: Path) -> Iterator[str]:
    """The ledger and its directory."""
    folder = ledger.parent
    if stat.S_ISDIR(access.mode_of(ledger)):
        yield f"problem: {ledger} is a directory; name a file in it"
    elif not access.mode_of(folder):
        yield from _without_folder(ledger)
    elif not access.may_write(folder):
        yield f"problem: this user cannot write to {folder}; run check as root or as the exporter's user"
    elif access.mode_of(ledger):
        yield from _foreign(ledger)
    if access.is_root() and not ledger.is_relative_to(access.UNIT_WRITES):
        yield (
            f"ledger {ledger}: the systemd unit can only write to {access.UNIT_WRITES}; add other directories"
            " to ReadWritePaths="
        )


def of_addresses(listen: Sequence[str]) -> Iterator[str]:
    """The addresses to listen on."""
    for address in listen:
        try:
            refuse_foreign(address)
        except ListenError as error:
            yield f"problem: {error}"


def _without_folder(ledger: Path) -> Iterator[str]:
    folder, above = ledger.parent, ledger.parent.parent
    if not access.mode_of(above):
        yield f"problem: there is no directory {above}; create it, or set `ledger` to another file"
    elif access.may_write(above):
        yield f"ledger {ledger}: its directory is created at startup"
    else:
        yield (
            f"problem: there is no directory {folder}, and this user cannot create it; the systemd unit creates its own"
        )


def _foreign(ledger: Path) -> Iterator[str]:
    try:
        Reading(ledger).close()
    except LedgerError as error:
        if ledger.stat().st_size:
            yield f"problem: {error}"


def of_log(path: Path) -> Iterator[str]:
    """A log file."""
    if not access.may_read(path):
        yield f"problem: {path}: this user cannot read it; {access.advice(path)}"
    elif access.is_root() and (why := access.hidden_from_unit(path)):
        yield f"{path}: {UNIT} cannot read it; {why}"


def readers(path: Path) -> str:
    """For root: through which group the unit's user can read the file; empty if it cannot."""
    if not access.is_root() or access.hidden_from_unit(path):
        return ""
    group = access.group_that_reads(path)
    return f"; {UNIT} can read it" if not group else f"; the unit's user can read it through group {group}"


def of_no_files(pattern: str, others: Sequence[Path]) -> Iterator[str]:
    """A pattern that matches no regular file."""
    closed = access.closed_folder(pattern)
    if closed:
        yield f"problem: {pattern}: this user cannot list {closed}; run this as root"
    elif not others:
        yield f"{pattern}: no such file yet; it is read as soon as it appears"
    for other in others:
        mode = access.mode_of(other)
        if stat.S_ISDIR(mode):
            yield f"problem: {other}: is a directory; name the files in it: {other}/*"
        elif stat.S_ISFIFO(mode):
            yield f"problem: {other}: is a named pipe; read it through standard input, with paths: [-]"
        elif mode:
            yield f"problem: {other}: is not a regular file"
        else:
            yield f"{other}: a link whose file does not exist yet; it is read as soon as the file appears"


def _refuses(since: str) -> bool:
    ran = subprocess.run(  # noqa: S603 - an argument, not a shell
        ["journalctl", "--quiet", "--lines=0", f"--since={since}"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    return "Failed to parse timestamp" in ran.stderr


def of_journal(directory: Path | None, since: str | None) -> Iterator[str]:
    """The systemd journal, or journal files elsewhere."""
    if shutil.which("journalctl") is None:
        yield "problem: journalctl is not installed"
    elif since is not None and _refuses(since):
        yield f'problem: journal.since: journalctl does not understand {since!r}; write "30 days ago" or "2026-11-30"'
    folders = (directory,) if directory else access.JOURNALS
    # journald's files are below the machine id; those of systemd-journal-remote need not be.
    files = [path for folder in folders for form in ("*/system*.journal", "*.journal") for path in folder.glob(form)]
    if not files:
        yield f"{NO_JOURNAL}: {', '.join(map(str, folders))}"
    elif not any(map(access.may_read, files)):
        yield f"problem: this user cannot read the journal: {access.journal_advice()}"
    elif access.is_root() and directory is None:
        yield f"the unit's user can read the journal through group {access.UNIT_GROUPS[1]}"
