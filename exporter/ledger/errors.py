"""What can be wrong with a ledger."""


class LedgerError(Exception):
    """The ledger cannot be used, or a commit failed; the message is for people and names the file."""
