"""Reports for programs: CSV and JSON."""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TextIO
from zoneinfo import ZoneInfo

from exporter.reports.rows import COLUMNS, By, FailedName, Report, ReportRow
from exporter.reports.unused import Unused

# What spreadsheets read as the start of a formula, also in full width and after characters that some skip.
FORMULA = re.compile(
    r"[\t\r\n]|[\s\x00-\x1f\u200b-\u200f\u2060\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b\u2212]"
)
SEPARATING = re.compile(r'[,;|"\t\r\n]|^ | $')
FAILED_HEADINGS = ("Name", "Failures", "Last")
UNUSED_HEADINGS = ("User", "Last Login", "Days Unused")


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


def write_failed_csv(names: Iterable[FailedName], zone: ZoneInfo, stream: TextIO) -> None:
    """The same as CSV."""
    _write_csv(stream, FAILED_HEADINGS, ((one.name, one.failures, iso(one.last, zone)) for one in names))


def write_failed_json(names: Iterable[FailedName], zone: ZoneInfo, stream: TextIO) -> None:
    """The same as JSON."""
    _write_json(stream, ({"name": one.name, "failures": one.failures, "last": iso(one.last, zone)} for one in names))


def write_unused_csv(found: Unused, zone: ZoneInfo, stream: TextIO) -> None:
    """The same as CSV; a last login that was never seen is an empty cell."""
    rows = (
        (one.user, None if one.last_login is None else iso(one.last_login, zone), one.days) for one in found.accounts
    )
    _write_csv(stream, UNUSED_HEADINGS, rows)


def write_unused_json(found: Unused, zone: ZoneInfo, stream: TextIO) -> None:
    """The same as JSON."""
    _write_json(
        stream,
        (
            {
                "user": one.user,
                "last_login": None if one.last_login is None else iso(one.last_login, zone),
                "days_unused": one.days,
            }
            for one in found.accounts
        ),
    )


def safe_cell(text: str) -> str:
    """`text`, escaped so that no spreadsheet reads it as a formula: anyone can choose names of failed logins."""
    return f"'{text}" if FORMULA.match(text) else text


def iso(stamp: int, zone: ZoneInfo) -> str:
    """A moment in the report's time zone."""
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
