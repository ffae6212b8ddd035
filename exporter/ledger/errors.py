"""Errors of a ledger."""

from exporter.errors import OperatorError


class LedgerError(OperatorError):
    """The ledger cannot be used, or a commit failed; the message is for people and names the file."""
