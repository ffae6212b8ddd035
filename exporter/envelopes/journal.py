"""The systemd journal as `journalctl -o json` writes it: one object per line, numbers as strings."""

from collections.abc import Mapping
from typing import Any, Final

from exporter.envelopes.objects import object_of
from exporter.envelopes.programs import program_of
from exporter.envelopes.stamps import LATEST
from exporter.model import Record, Verdict

MICROSECONDS: Final = 1_000_000
LONGEST: Final = 16  # digits of a stamp before the year 2286
# docker's and podman's drivers add these to a container's line.
_CONTAINER: Final = ("CONTAINER_ID", "CONTAINER_ID_FULL", "CONTAINER_NAME")


class Journal:
    """One stream's journal entries."""

    def open(self, line: bytes) -> Record | Verdict | None:
        """The record of `line`; MALFORMED: it has no message; None: it is no journal entry.

        A message is null if journalctl found it too long (over 4 KiB without `--all`).
        """
        entry = object_of(line)
        if entry is None:
            return None
        if "__REALTIME_TIMESTAMP" not in entry and "_SOURCE_REALTIME_TIMESTAMP" not in entry:
            return None
        moment = _text(entry.get("_SOURCE_REALTIME_TIMESTAMP")) or _text(entry.get("__REALTIME_TIMESTAMP"))
        message = entry.get("MESSAGE", entry.get("message"))  # vector's name for it
        if message is None or not moment.isdigit() or len(moment) > LONGEST:
            return Verdict.MALFORMED
        stamp = int(moment) // MICROSECONDS
        if stamp >= LATEST:
            return Verdict.MALFORMED
        return Record(stamp, _text(entry.get("_HOSTNAME")), *_sender(entry), _text(message))


def _sender(entry: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """Program and process id; for a container only the name from its administrator: the others are the runtime's."""
    program = _text(entry.get("SYSLOG_IDENTIFIER"))
    container = [_text(entry[name]) for name in _CONTAINER if name in entry]
    if container:
        return (b"" if program in container else program_of(program)), b""
    pid = _text(entry.get("SYSLOG_PID")) or _text(entry.get("_PID"))
    return program_of(program) or _text(entry.get("_COMM")), pid


def _text(field: Any) -> bytes:  # noqa: ANN401 - whatever JSON holds
    """A field's bytes: a string, an array of bytes if it is no text, or an array of several values."""
    if isinstance(field, str):
        return field.encode(errors="surrogatepass")
    if isinstance(field, list) and field:
        if all(isinstance(byte, int) and 0 <= byte < 256 for byte in field):  # noqa: PLR2004 - a byte
            return bytes(field)
        return _text(field[0])
    return str(field).encode() if isinstance(field, int) else b""
