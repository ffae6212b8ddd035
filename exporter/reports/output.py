"""Reports for people (a table) and for programs (CSV, JSON)."""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TextIO
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from exporter.reports.rows import COLUMNS, By, Column, FailedName, Mark, Report, ReportRow
from exporter.reports.unused import Unused

# What spreadsheets read as the start of a formula, also in full width and after characters that some skip.
FORMULA = re.compile(
    r"[\t\r\n]|[\s\x00-\x1f\u200b-\u200f\u2060\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b\u2212]"
)
SEPARATING = re.compile(r'[,;|"\t\r\n]|^ | $')
UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
NOT_LOGGED = "not logged"
FAILED_HEADINGS = ("Name", "Failures", "Last")
UNUSED_HEADINGS = ("User", "Last Login", "Days Unused")


def write_table(report: Report, console: Console) -> None:
    """The report with its totals, bytes in SI units, and a legend for the marks."""
    table = Table(
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        title=_title(report),
        title_justify="left",
        show_footer=len(report.rows) > 1,
    )
    table.add_column(report.by.heading, "Total", no_wrap=True)
    for column, total in zip(COLUMNS, _cells(report.totals), strict=True):
        table.add_column(column.short, total, justify="right")
    with_days = any(row.days for row in report.rows)
    if with_days:
        table.add_column("Days", report.totals.covered, justify="right")
    for row in report.rows:
        days = (row.covered,) if with_days else ()
        table.add_row(Text(_printable(row.label)), *_cells(row), *days)
    console.print(table)
    for line in (*_legend(report), *report.notes):
        console.print(Text(line))


def write_csv(report: Report, stream: TextIO) -> None:
    """RFC 4180, numbers raw, an empty cell for what is not logged; open files with `newline=""`.

    The column Remarks says which numbers are lower bounds, estimated, incomplete or not logged.
    """
    trend = report.by is By.TREND
    headings = (
        report.by.heading,
        *(column.heading for column in COLUMNS),
        *(("Days",) if trend else ()),
        "Remarks",
    )
    rows = ((row.label, *row.values, *((row.covered_in_words,) if trend else ()), _remarks(row)) for row in report.rows)
    _write_csv(stream, headings, rows)


def _remarks(row: ReportRow) -> str:
    """`Bad Commands: at least; Bandwidth: not logged`."""
    found = row.remarks()
    return "; ".join(f"{column.heading}: {found[column.name]}" for column in COLUMNS if column.name in found)


def write_json(report: Report, stream: TextIO) -> None:
    """A list of objects with the names of the CSV columns in snake_case; null for what is not logged."""
    trend = report.by is By.TREND
    _write_json(
        stream,
        (
            {
                report.by.heading.lower(): row.label,
                **{column.name: value for column, value in zip(COLUMNS, row.values, strict=True)},
                **({"days": row.covered} if trend else {}),
                "remarks": row.remarks(),
            }
            for row in report.rows
        ),
    )


def write_failed_table(names: Sequence[FailedName], zone: ZoneInfo, console: Console) -> None:
    """The user names of failed logins."""
    table = _listing("Names that failed to log in")
    table.add_column("Name", overflow="fold")
    table.add_column("Failures", justify="right")
    table.add_column("Last", no_wrap=True)
    for name in names:
        table.add_row(Text(_printable(name.name)), f"{name.failures:,}", _iso(name.last, zone))
    console.print(table)


def write_failed_csv(names: Iterable[FailedName], zone: ZoneInfo, stream: TextIO) -> None:
    """The same as CSV."""
    _write_csv(stream, FAILED_HEADINGS, ((one.name, one.failures, _iso(one.last, zone)) for one in names))


def write_failed_json(names: Iterable[FailedName], zone: ZoneInfo, stream: TextIO) -> None:
    """The same as JSON."""
    _write_json(stream, ({"name": one.name, "failures": one.failures, "last": _iso(one.last, zone)} for one in names))


def write_unused_table(found: Unused, zone: ZoneInfo, console: Console) -> None:
    """Unused accounts, the longest unused first."""
    console.print(f"Accounts unused for {found.days} days or longer: {len(found.accounts):,} of {found.known:,}")
    table = _listing()
    table.add_column("User", overflow="fold")
    table.add_column("Last login", no_wrap=True)
    table.add_column("Days unused", justify="right")
    for one in found.accounts:
        last = "never seen" if one.last_login is None else _iso(one.last_login, zone)
        table.add_row(Text(_printable(one.user)), last, "" if one.days is None else f"{one.days:,}")
    console.print(table)
    for line in found.notes:
        console.print(Text(line))


def write_unused_csv(found: Unused, zone: ZoneInfo, stream: TextIO) -> None:
    """The same as CSV; a last login that was never seen is an empty cell."""
    rows = (
        (one.user, None if one.last_login is None else _iso(one.last_login, zone), one.days) for one in found.accounts
    )
    _write_csv(stream, UNUSED_HEADINGS, rows)


def write_unused_json(found: Unused, zone: ZoneInfo, stream: TextIO) -> None:
    """The same as JSON."""
    _write_json(
        stream,
        (
            {
                "user": one.user,
                "last_login": None if one.last_login is None else _iso(one.last_login, zone),
                "days_unused": one.days,
            }
            for one in found.accounts
        ),
    )


def safe_cell(text: str) -> str:
    """`text`, escaped so that no spreadsheet reads it as a formula: anyone can choose names of failed logins."""
    return f"'{text}" if FORMULA.match(text) else text


def si_bytes(number: int) -> str:
    """`12345` as `12.3 kB`."""
    value, unit = float(number), 0
    # At 999.95 instead of 1000, because that would be rounded to 1000.0.
    while value >= 999.95 and unit < len(UNITS) - 1:  # noqa: PLR2004
        value, unit = value / 1000, unit + 1
    return f"{number} B" if unit == 0 else f"{value:.1f} {UNITS[unit]}"


def _listing(title: str | None = None) -> Table:
    return Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, title=title, title_justify="left")


def _title(report: Report) -> str:
    steps = f" by {report.step}" if report.by is By.TREND else f" by {report.by}"
    return f"POP3 sessions{steps}, {report.first} to {report.last}"


def _cells(row: ReportRow) -> list[str]:
    return [_cell(column, value, mark) for column, value, mark in zip(COLUMNS, row.values, row.marks, strict=True)]


def _cell(column: Column, value: int | None, mark: Mark | None) -> str:
    if value is None:
        return NOT_LOGGED
    number = si_bytes(value) if column.is_bytes else f"{value:,}"
    return mark.at(number) if mark else number


def _legend(report: Report) -> list[str]:
    marks = {mark for row in (*report.rows, report.totals) for mark in row.marks}
    return [mark.meaning for mark in Mark if mark in marks]


def _printable(text: str) -> str:
    """Names are hostile and must not contain control sequences for the terminal."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _iso(stamp: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(stamp, zone).isoformat()


def _write_csv(stream: TextIO, headings: Sequence[str], rows: Iterable[Sequence[str | int | None]]) -> None:
    lines = (",".join("" if cell is None else _field(cell) for cell in row) for row in (headings, *rows))
    stream.writelines(f"{line}\r\n" for line in lines)


def _field(cell: str | int) -> str:
    """A cell of a CSV file, quoted if it contains any program's separator (also a semicolon)."""
    if not isinstance(cell, str):
        return str(cell)
    text = safe_cell(cell)
    return '"' + text.replace('"', '""') + '"' if SEPARATING.search(text) else text


def _write_json(stream: TextIO, rows: Iterable[object]) -> None:
    json.dump(list(rows), stream, indent=2, ensure_ascii=False)
    stream.write("\n")
