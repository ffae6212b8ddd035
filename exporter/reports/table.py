"""Reports for people: tables in the terminal."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from exporter.reports.output import iso
from exporter.reports.rows import COLUMNS, By, Column, FailedName, Mark, Report, ReportRow
from exporter.reports.unused import Unused

UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
NOT_LOGGED = "not logged"


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


def write_failed_table(names: Sequence[FailedName], zone: ZoneInfo, console: Console) -> None:
    """The user names of failed logins."""
    table = _listing("Names that failed to log in")
    table.add_column("Name", overflow="fold")
    table.add_column("Failures", justify="right")
    table.add_column("Last", no_wrap=True)
    for name in names:
        table.add_row(Text(_printable(name.name)), f"{name.failures:,}", iso(name.last, zone))
    console.print(table)


def write_unused_table(found: Unused, zone: ZoneInfo, console: Console) -> None:
    """Unused accounts, the longest unused first."""
    console.print(f"Accounts unused for {found.days} days or longer: {len(found.accounts):,} of {found.known:,}")
    table = _listing()
    table.add_column("User", overflow="fold")
    table.add_column("Last login", no_wrap=True)
    table.add_column("Days unused", justify="right")
    for one in found.accounts:
        last = "never seen" if one.last_login is None else iso(one.last_login, zone)
        table.add_row(Text(_printable(one.user)), last, "" if one.days is None else f"{one.days:,}")
    console.print(table)
    for line in found.notes:
        console.print(Text(line))


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
