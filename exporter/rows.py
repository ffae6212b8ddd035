"""Plain lines as rows: a login, or the end of a session after its login, as a format finds them in a whole batch.

A row costs a tenth of a `Fact`, and most lines of a busy server are plain.
"""

from typing import Final

from exporter.catalogue import Reason
from exporter.model import Fact, Kind, Verdict

# Of a login: user, address, process and key, of which either may be empty. Of an end: user, process, key, why (a key of
# REASONS), the bytes sent by TOP and RETR, and those received and sent in the whole session, or empty. Fields that the
# line does not have are empty; for a line that is not plain, all are.
PlainRow = tuple[bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes]
# What a line of a batch amounts to.
LineResult = PlainRow | Fact | Verdict
REASONS: Final = {b"L": Reason.LOGOUT, b"C": Reason.CLOSED, b"I": Reason.TIMEOUT, b"D": Reason.TIMEOUT}
NOTHING: Final[PlainRow] = (b"", b"", b"", b"", b"", b"", b"", b"", b"", b"", b"", b"")
# What lines show about the server's logging: all bytes of a session, or those that TOP and RETR have sent.
BYTES, NO_BYTES = "bytes", "no_bytes"


def fact_of(row: PlainRow) -> Fact:
    """The fact of a row that is not empty."""
    user, address, served, key, name, process, closing, why, top, retr, received, sent = row
    if user:
        return Fact(Kind.LOGIN, key or None, user, address, by_user=not key, process=served or None)
    into, out, trait = (int(received), int(sent), BYTES) if received else (None, int(top) + int(retr), NO_BYTES)
    return Fact(
        Kind.END, closing, name, None, REASONS[why], received=into, sent=out, ok=True, trait=trait, process=process
    )
