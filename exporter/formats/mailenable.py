"""MailEnable's POP activity log (`POP-Activity-YYMMDD.log`) and W3C log (`exYYMMDD.log`).

Facts: the layout of the activity log is that of its SMTP and IMAP logs (real), its header and its last byte are those
of a real SMTP file; the columns of the W3C log are those of a public reader. The POP3 texts are assumed to be the
protocol. Not run.

* A tab-separated row per command: `MM/DD/YY HH:MM:SS<tab>POP3-IN<tab>message id<tab>socket<tab>ip<tab>command<tab>
  full command<tab>answer<tab>bytes to the client<tab>bytes from the client<tab>user<tab>`.
* The W3C log: `date time c-ip agent account s-ip s-port cs-method cs-uristem cs-uriquery s-computername sc-bytes
  cs-bytes time-taken cs-username`, blanks written as `+`: the command is cs-uristem, the answer cs-uriquery.
* Socket (s-port) and address join the rows; the first row, the greeting's, is the connection; a QUIT ends it, else it
  expires.
* The client's text stands in the middle, tabs included; the columns around it are counted from both sides.
* `denied access` marks a refused host: blocked. Bytes are exact.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from exporter.catalogue import Quality, Reason
from exporter.formats import wire
from exporter.formats.contract import Documentation, Qualities
from exporter.formats.wording import MAX_ROW_BYTES, Outcome, OutOfRangeError, number, qualities
from exporter.keys import Keys
from exporter.model import Fact, Kind, Record, Verdict

_COLUMNS = 10
_SERVICE = re.compile(rb"(?:\d\d/\d\d/\d\d \d\d:\d\d:\d\d\t)?(POP3?-?[A-Z]{0,8}|[A-Z0-9]{2,8}-[A-Z]{2,3})\t")
# The beginnings of lines that are no rows.
_BESIDE = (b"#", b"\x1a", b"[", b"*")
_STARTED = re.compile(rb"(?:\[[\d/: ]{17}\])?\*+ LOG FILE (?:STARTED|CLOSED|STOPPED) \*+")
_W3C = re.compile(
    rb"([0-9A-Fa-f:.]{2,45}) ([A-Z0-9]{2,8}(?:-[A-Z0-9]{1,8})?) [^ ]{1,255} [0-9A-Fa-f:.-]{1,45} (\d{1,10}|-)"
    rb" ([^ ]{1,64}) ([^ ]{1,4096}) ([^ ]{1,4096}) [^ ]{1,255} (\d{1,20}|-) (\d{1,20}|-)(?: (?:\d{1,20}|-))?"
    rb" ([^ ]{1,512})"
)


def _fact(
    socket: bytes, address: bytes, dialogue: tuple[bytes, bytes], user: bytes, sizes: tuple[bytes, bytes]
) -> Fact:
    """`dialogue`: command and answer; `sizes`: to the client and from it."""
    key = socket + b" " + address
    line, answer = dialogue
    if b"denied access" in answer.lower():
        return Fact(Kind.END, key, None, address, Reason.ACCESS_LIST)
    sent, received = (number(size, MAX_ROW_BYTES) for size in sizes)
    if not line and wire.succeeded(answer):
        return Fact(Kind.CONNECT, key, None, address, received=received, sent=sent)
    verb, name = wire.parsed(line)
    ok = wire.succeeded(answer)
    return Fact(Kind.COMMAND, key, name or user or None, address, received=received, sent=sent, verb=verb, ok=ok)


class MailEnable:
    """MailEnable for Windows."""

    name = "mailenable"
    idle_seconds = 660
    keys = Keys()
    shows_login = False
    quality = qualities(
        connections=Quality.EXACT,
        blocked=Quality.LOWER_BOUND,
        bad_commands=Quality.EXACT,
        terminations=Quality.LOWER_BOUND,
        logins=Quality.EXACT,
        failures=Quality.EXACT,
        bytes_=Quality.EXACT,
    )
    traits: Mapping[str, Qualities] = MappingProxyType({})
    documentation = Documentation(
        servers="MailEnable (activity log, W3C log)",
        measured=False,
        deciding_lines="the row of `PASS` with `+OK`; else that of `QUIT`, or `denied access`; else the expiry",
        bytes_cover="the whole connection, login included",
        advice=MappingProxyType(
            {"": "turn on the activity log of the POP service, or its W3C log; do not read both in one source"}
        ),
    )

    def read(self, record: Record) -> Outcome:
        """The row's fact; rows of other services are ignored."""
        message = record.message
        if message[:1] in _BESIDE and (message[:1] not in b"[*" or _STARTED.fullmatch(message)):
            return Verdict.IGNORED
        try:
            head = _SERVICE.match(message)
            return _w3c(message) if head is None else _row(message, head)
        except OutOfRangeError:
            return Verdict.MALFORMED

    def recognises(self, record: Record) -> bool:
        """Whether it is a row of the POP service."""
        message = record.message
        head = _SERVICE.match(message)
        if head is not None:
            return head[1].startswith(b"POP") and message.count(b"\t") >= _COLUMNS - 1
        row = _W3C.fullmatch(message)
        return row is not None and row[2].startswith(b"POP")


def _row(message: bytes, head: re.Match[bytes]) -> Outcome:
    if not head[1].startswith(b"POP"):
        return Verdict.IGNORED
    row = message[head.start(1) :].removesuffix(b"\t").split(b"\t")
    if len(row) < _COLUMNS:
        return Verdict.MALFORMED
    # The client's text may hold tabs: the columns after it are counted from the right.
    _, _, socket, address, verb, *sent, answer, to_client, from_client, user = row
    line = b" ".join(sent).strip() or verb
    return _fact(socket, address, (line, answer), user.strip(), (to_client, from_client))


def _w3c(message: bytes) -> Outcome:
    row = _W3C.fullmatch(message)
    if row is None:
        return Verdict.UNMATCHED
    address, service, port, method, stem, answer, to_client, from_client, user = row.groups()
    if not service.startswith(b"POP"):
        return Verdict.IGNORED
    # A `+` in the name looks like a blank; only the first one comes before it.
    line = b" ".join((stem if stem != b"-" else method.strip(b"-")).split(b"+", 1))
    name = b"" if user == b"-" else user
    return _fact(port, address, (line, answer), name, (to_client, from_client))
