"""The ledger: one SQLite file with all totals, read positions and open sessions."""

from exporter.ledger.book import Ledger
from exporter.ledger.errors import LedgerError
from exporter.ledger.sources import SavedSource
from exporter.ledger.upkeep import Keep

__all__ = ["Keep", "Ledger", "LedgerError", "SavedSource"]
