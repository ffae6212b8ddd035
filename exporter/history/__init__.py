"""History in (old logs) and out (OpenMetrics)."""

from exporter.history.importing import ForeignFile, import_files
from exporter.history.oldlogs import LogFile, by_first_stamp
from exporter.history.openmetrics import Exported, export_openmetrics, write_openmetrics
from exporter.history.outcome import Heard, Imported, ImportedFile

__all__ = [
    "Exported",
    "ForeignFile",
    "Heard",
    "Imported",
    "ImportedFile",
    "LogFile",
    "by_first_stamp",
    "export_openmetrics",
    "import_files",
    "write_openmetrics",
]
