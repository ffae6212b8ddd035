"""What `pop3-exporter setup` and `make run` find on a machine, and the configuration for it.

Everything here looks and decides; nothing changes the machine. `exporter.cli.setup` asks, writes and starts.
"""
