"""pop3-exporter: exact, crash-proof POP3 usage counters for Prometheus, read from any POP3 server's log."""

from pathlib import Path

__version__ = "0.1.0"

DEFAULT_FILE = Path("/etc/pop3-exporter/config.yaml")
