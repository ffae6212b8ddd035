"""Reports from ledgers: by period, domain or user, as table, CSV and JSON (design section 9)."""

from exporter.reports.build import failed_names, report, sort_columns
from exporter.reports.output import (
    write_csv,
    write_failed_csv,
    write_failed_json,
    write_failed_table,
    write_json,
    write_table,
)
from exporter.reports.rows import COLUMNS, By, Column, FailedName, Mark, Report, ReportRow

__all__ = [
    "COLUMNS",
    "By",
    "Column",
    "FailedName",
    "Mark",
    "Report",
    "ReportRow",
    "failed_names",
    "report",
    "sort_columns",
    "write_csv",
    "write_failed_csv",
    "write_failed_json",
    "write_failed_table",
    "write_json",
    "write_table",
]
