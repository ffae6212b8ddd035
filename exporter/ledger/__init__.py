"""The durable book of all totals, read positions and open sessions: one SQLite file."""
