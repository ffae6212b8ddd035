"""History in (old logs) and out (OpenMetrics)."""

from exporter.history.openmetrics import Exported, export_openmetrics, write_openmetrics

__all__ = ["Exported", "export_openmetrics", "write_openmetrics"]
