"""The durable book of all totals, read positions and open sessions: one SQLite file."""

from exporter.ledger.book import Ledger
from exporter.ledger.errors import LedgerError
from exporter.ledger.sources import SavedSource
from exporter.ledger.upkeep import Keep

__all__ = ["Keep", "Ledger", "LedgerError", "SavedSource"]
