"""The systemd journal as `journalctl -o json` writes it: one object a line, numbers as strings."""

import json
from typing import Any, Final

from exporter.model import Record, Verdict

MICROSECONDS: Final = 1_000_000
LONGEST: Final = 16  # digits of a stamp before the year 2286


def object_of(line: bytes) -> dict[str, Any] | None:
    """The JSON object that a line is; None: it is none."""
    if not line.startswith(b"{"):
        return None
    try:
        found: dict[str, Any] = json.loads(line.decode())
    except (ValueError, RecursionError):
        return None
    return found


class Journal:
    """One stream's journal entries."""

    def open(self, line: bytes) -> Record | Verdict | None:
        """The record of `line`; MALFORMED where it holds no message; None: it is no journal entry.

        A message is null where journalctl found it too long (over 4 KiB without `--all`).
        """
        entry = object_of(line)
        if entry is None:
            return None
        if "__REALTIME_TIMESTAMP" not in entry and "_SOURCE_REALTIME_TIMESTAMP" not in entry:
            return None
        moment = _text(entry.get("_SOURCE_REALTIME_TIMESTAMP")) or _text(entry.get("__REALTIME_TIMESTAMP"))
        message = entry.get("MESSAGE")
        if message is None or not moment.isdigit() or len(moment) > LONGEST:
            return Verdict.MALFORMED
        return Record(
            int(moment) // MICROSECONDS,
            _text(entry.get("_HOSTNAME")),
            _text(entry.get("SYSLOG_IDENTIFIER")) or _text(entry.get("_COMM")),
            _text(entry.get("SYSLOG_PID")) or _text(entry.get("_PID")),
            _text(message),
        )


def _text(field: Any) -> bytes:  # noqa: ANN401 - whatever JSON holds
    """A field's bytes: a string, an array of bytes where it is no text, or an array of its several values."""
    if isinstance(field, str):
        return field.encode(errors="surrogatepass")
    if isinstance(field, list) and field:
        if all(isinstance(byte, int) and 0 <= byte < 256 for byte in field):  # noqa: PLR2004 - a byte
            return bytes(field)
        return _text(field[0])
    return str(field).encode() if isinstance(field, int) else b""
