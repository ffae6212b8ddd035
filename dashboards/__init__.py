"""Grafana dashboards that show the report: generated, so that one definition serves every time zone."""
