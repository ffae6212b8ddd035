"""pop3-exporter: exact, crash-proof POP3 usage counters for Prometheus, read from any POP3 server's log."""

__version__ = "0.1.0"
