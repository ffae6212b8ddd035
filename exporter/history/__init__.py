"""History in: old logs. Out: `exporter.history.openmetrics`, which other commands need not load."""

from exporter.history.importing import ForeignFile, import_files
from exporter.history.oldlogs import LogFile, by_first_stamp
from exporter.history.outcome import Heard, Imported, ImportedFile

__all__ = [
    "ForeignFile",
    "Heard",
    "Imported",
    "ImportedFile",
    "LogFile",
    "by_first_stamp",
    "import_files",
]
