"""What `pop3-exporter setup` and `make run` find out about a machine, and what follows from it.

Everything here looks and decides; nothing changes the machine. `exporter.cli.setup` asks, writes and starts.
"""
