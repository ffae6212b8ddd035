"""The durable book of all totals, read positions and open sessions: one SQLite file."""

from exporter.ledger.book import Keep, Ledger
from exporter.ledger.errors import LedgerError
from exporter.ledger.sources import SavedSource

__all__ = ["Keep", "Ledger", "LedgerError", "SavedSource"]
