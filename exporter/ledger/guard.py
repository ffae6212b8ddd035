"""Detects at the next commit whether another program has changed the files of the ledger."""

import sqlite3
from contextlib import suppress
from pathlib import Path

from exporter.ledger import place
from exporter.ledger.errors import LedgerError


class Guard:
    """Knows the files of an open ledger, and whether other connections have written."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._version = self._data_version()
        self._identity = place.identity(path)
        self._wal_path = place.beside(path, "-wal")
        self._wal = place.identity(self._wal_path)

    def files(self) -> None:
        """LedgerError if the file was removed or replaced: what is written to it then is lost with the next start."""
        if self._identity != place.identity(self._path):
            raise LedgerError(f"{self._path}: {self._what_happened()}")
        if self._wal != place.identity(self._wal_path):
            with suppress(sqlite3.Error):  # move everything committed into the ledger file
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            raise LedgerError(f"{self._wal_path}: was removed or replaced while in use; leave it alone and start again")

    def writers(self) -> None:
        """LedgerError if another connection has committed since it was opened; call inside a transaction."""
        if self._version != self._data_version():
            raise LedgerError(
                f"{self._path}: another program wrote to it while it was in use here, so its totals have"
                " changed; find that"
                f" program (lsof {self._path}), stop it and start again: reading continues from there"
            )

    def _what_happened(self) -> str:
        """Why the path does not lead to the open file."""
        try:
            self._path.stat()
        except FileNotFoundError:
            pass
        except OSError as error:
            return f"cannot be reached any more ({error.strerror})"
        return "was removed or replaced while in use; put the right file back and start again"

    def _data_version(self) -> int:
        # Our own commits do not change it. A checkpoint that truncates the write-ahead file counts as a commit.
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])
