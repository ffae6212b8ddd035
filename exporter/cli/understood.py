"""Describes the result of reading log files: how many of the POP3 lines were understood."""

from collections.abc import Iterable
from datetime import datetime

import typer

from exporter.history.outcome import Heard, ImportedFile
from exporter.periods import Calendar


def understood(heard: Heard) -> str:
    """`understood 99.8 %` of the POP3 lines, or that there are none."""
    share = heard.understood
    if not heard.lines:
        return "no lines"
    if not heard.events:
        malformed = f", {heard.malformed:,} of them malformed" if heard.malformed else ""
        if heard.unmatched:
            return f"{heard.unmatched:,} POP3 lines, none of them understood, in {heard.lines:,} lines{malformed}"
        return f"no POP3 lines in {heard.lines:,} lines{malformed}"
    percent = min(1000 * (share or 0), 1000 if share == 1 else 999) / 10
    return f"understood {percent:.1f} %"


def told(file: ImportedFile, calendar: Calendar) -> str:
    """One line about a file: format, lines, events, time span, share understood, and what is left."""
    parts = []
    if file.heard.events:
        parts += [file.format, f"{file.lines:,} lines", f"{file.heard.events:,} events", _span(file, calendar)]
    if file.lines or not file.skipped:
        parts.append(understood(file.heard))
    if file.skipped:
        parts.append(f"{file.skipped:,} bytes were read before" + ("" if file.lines else ", nothing new"))
    if file.left:
        parts.append(f"{file.left:,} bytes of an unfinished last line not read")
    return f"{file.path}: {', '.join(filter(None, parts))}"


def tell(files: Iterable[ImportedFile], calendar: Calendar, *problems: str, remark: str = "") -> None:
    """Print all of it to standard error, with warnings. `remark`: added to files without counted lines."""
    for file in files:
        if file.heard.events or file.skipped:
            typer.echo(told(file, calendar), err=True)
        else:
            typer.secho(f"WARNING: {told(file, calendar)}{remark}", err=True, bold=True)
    for problem in problems:
        typer.secho(f"WARNING: {problem}", err=True, bold=True)


def _span(file: ImportedFile, calendar: Calendar) -> str:
    """`2026-11-18 06:26 to 12:26`, local to the site."""
    if file.last is None:
        return ""
    last = _local(file.last, calendar)
    if file.first is None:
        return f"until {last}"
    first = _local(min(file.first, file.last), calendar)
    return f"{first} to {last}"


def _local(stamp: float, calendar: Calendar) -> str:
    try:
        return datetime.fromtimestamp(stamp, calendar.zone(int(stamp))).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):  # a timestamp outside the supported range
        return str(int(stamp))
