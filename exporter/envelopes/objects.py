"""JSON: a message as written by rsyslog, syslog-ng, fluent-bit, fluentd, vector, filebeat, logstash, NXLog or GELF.

Fields are found by name, in any case and however they are nested, because templates differ.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from exporter.envelopes.lines import StampedLines
from exporter.envelopes.programs import program_of
from exporter.envelopes.stamps import LATEST
from exporter.envelopes.ticker import Moments
from exporter.model import Record, Verdict

# Names are in lower case, without `_` and `@` at the beginning, and with `_` for `-`; the first one with a value wins.
STAMPS: Final = (
    *("timereported", "isodate", "s_isodate", "r_isodate", "s_unixtime", "unixtime", "r_unixtime"),
    *("source_realtime_timestamp", "realtime_timestamp", "timestamp", "timegenerated", "time", "ts", "datetime"),
    *("fulldate", "date", "s_date", "r_date", "eventtime", "eventreceivedtime"),
)
HOSTS: Final = (
    *(
        "log.syslog.hostname",
        "syslog.hostname",
        "sysloghost",
        "logsource",
        "hostname",
        "host",
        "host.name",
        "host.hostname",
    ),
    *("labels.host", "labels.hostname", "host_from", "fromhost"),
)
PROGRAMS: Final = (
    *("programname", "program", "app_name", "appname", "ident", "syslog_identifier", "syslog_program"),
    *(
        "process.name",
        "log.syslog.appname",
        "syslog.appname",
        "application_name",
        "labels.syslog_identifier",
        "syslogtag",
    ),
)
PIDS: Final = ("procid", "pid", "syslog_pid", "process.pid", "log.syslog.procid", "process_id")
FULL: Final = "full_message"
MESSAGES: Final = (
    "message",
    "msg",
    "log",
    "short_message",
    FULL,
    "line",
    "event.original",
    "textpayload",
    "full_log",
    "raw",
    "event",
    "rawmsg",
    "raw_event",
)
# Objects that only wrap what was logged: Elasticsearch's hits, Google's entries, Splunk's results.
WRAPPERS: Final = ("source", "jsonpayload", "result", "predecoder")
# Names that rsyslog writes for properties without a value.
_NOTHING: Final = ("", "-")
# Shippers nest objects at most this deep, and write at most this many bytes.
DEEPEST: Final = 3
LONGEST_STAMP: Final = 40

_TAG = re.compile(rb" *(?P<program>[^\s:()<>\[\]]+)(?:\[(?P<pid>[^\]\s]*)\])?:?")
_NUMBER = re.compile(r"(\d{1,19})(?:\.\d{1,9})?")
# fluentd's `out_file` (stamp, tag, object), and fluent-bit's (tag, stamp, object).
_FLUENTD = re.compile(rb"(?P<moment>\d{4}-\S{1,40})\t[^\t]{0,200}\t(?P<object>\{.*\})", re.DOTALL)
_FLUENT_BIT = re.compile(
    rb"(?:\[\d+\] )?[^\s:]{1,200}: \[\[?(?P<moment>\d{1,19}(?:\.\d{1,9})?)(?:, \{\}\])?, (?P<object>\{.*\})\]",
    re.DOTALL,
)


def object_of(line: bytes) -> dict[str, Any] | None:
    """The JSON object that a line consists of; None: it is none.

    `journalctl -o json-seq` and `json-sse` write something before it; the comma of a list may follow.
    """
    if not line.startswith(b"{"):
        line = line.removeprefix(b"\x1e").removeprefix(b"data: ")
        if not line.startswith(b"{"):
            return None
    try:
        found: dict[str, Any] = json.loads(line.rstrip(b", \r").decode())
    except (ValueError, RecursionError):
        return None
    return found


class Objects:
    """One stream's JSON lines; `moments` reads their stamps, `lines` a message that is a complete line itself."""

    def __init__(self, moments: Moments, lines: StampedLines) -> None:
        self._moments = moments
        self._lines = lines

    def open(self, line: bytes) -> Record | Verdict | None:
        """The record of `line`; MALFORMED: its stamp is none; None: it is no object with a message."""
        outer, entry = None, object_of(line)
        if entry is None:
            shipped = _FLUENTD.fullmatch(line) or _FLUENT_BIT.fullmatch(line)
            entry = object_of(shipped["object"]) if shipped else None
            if entry is None or shipped is None:
                return None
            outer = shipped["moment"].decode(errors="replace")
        fields = dict(_flat(entry, "", DEEPEST))
        text = _first(fields, MESSAGES)
        if text is None:
            return Verdict.IGNORED if any(fields.get(name) == "" for name in MESSAGES) else None
        return self._record(fields, _whole(text, fields.get(FULL)).encode(errors="surrogatepass"), outer)

    def _record(self, fields: Mapping[str, Any], text: bytes, outer: str | None) -> Record | Verdict:
        told = (self._instant(field) for field in (*map(fields.get, STAMPS), outer))
        stamp = next((instant for instant in told if instant is not None), None)
        message = text.rstrip(b"\r\n").removeprefix(b" ")
        if stamp is None:
            return self._lines.open(message) or Verdict.MALFORMED
        program, pid = _tag((_first(fields, PROGRAMS) or "").encode(errors="replace"))
        host = (_first(fields, HOSTS) or "").encode(errors="replace")
        pid = pid or (_first(fields, PIDS) or "").encode(errors="replace")
        return Record(stamp, host, program, pid, message)

    def _instant(self, field: Any) -> int | None:  # noqa: ANN401 - whatever JSON holds
        """UNIX seconds of a stamp: a text, or a number of seconds or of parts of them; None: it is none."""
        if isinstance(field, bool) or field is None:
            return None
        text = str(field) if isinstance(field, int | float | str) else ""
        if len(text) > LONGEST_STAMP:
            return None
        number = _NUMBER.fullmatch(text)
        if number is None:
            return self._moments.tell(text.encode(errors="replace"))
        value = int(number[1])
        return next((value // parts for parts in (1, 10**3, 10**6, 10**9) if value < LATEST * parts), None)


def _flat(entry: Mapping[str, Any], before: str, depth: int) -> Iterator[tuple[str, Any]]:
    """The fields of an object and of nested ones, by names joined with dots."""
    for key, value in entry.items():
        name = before + key.lower().lstrip("_@").replace("-", "_")
        if not isinstance(value, dict):
            yield name, value
        elif depth > 1:
            yield from _flat(value, before if name in WRAPPERS else f"{name}.", depth - 1)


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    """The first field with a value, as text; None: there is none."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) and value not in _NOTHING:
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return None


def _whole(text: str, full: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    """The message, of which GELF may have the beginning alone in `short_message` (NXLog: 64 characters)."""
    line = full.partition("\n")[0] if isinstance(full, str) else ""
    return line if line and line.startswith(text.removesuffix("...").rstrip()) else text


def _tag(text: bytes) -> tuple[bytes, bytes]:
    """Program and process id of `dovecot`, `dovecot[12]:` or a container's id, which is no program."""
    tag = _TAG.fullmatch(text)
    return (program_of(tag["program"]), tag["pid"] or b"") if tag else (b"", b"")
