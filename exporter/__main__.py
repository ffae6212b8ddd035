"""`python -m exporter` is `pop3-exporter`."""

from exporter.cli import main

main()
