"""Reports from ledgers: by period, domain or user, as CSV and JSON (design section 9). Tables: `table`, with rich."""

from exporter.reports.build import failed_names, report, sort_columns
from exporter.reports.output import (
    write_csv,
    write_failed_csv,
    write_failed_json,
    write_json,
    write_unused_csv,
    write_unused_json,
)
from exporter.reports.rows import COLUMNS, By, Column, FailedName, Mark, Report, ReportRow
from exporter.reports.unused import Unused, UnusedAccount, unused

__all__ = [
    "COLUMNS",
    "By",
    "Column",
    "FailedName",
    "Mark",
    "Report",
    "ReportRow",
    "Unused",
    "UnusedAccount",
    "failed_names",
    "report",
    "sort_columns",
    "unused",
    "write_csv",
    "write_failed_csv",
    "write_failed_json",
    "write_json",
    "write_unused_csv",
    "write_unused_json",
]
