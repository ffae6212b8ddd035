"""MailEnable's POP activity log (`POP-Activity-YYMMDD.log`).

Facts: the layout is that of its SMTP and IMAP logs (real); the POP3 texts are taken to be the protocol. Not run.

* A tab-separated row per command: `MM/DD/YY HH:MM:SS<tab>POP3-IN<tab>message id<tab>socket<tab>ip<tab>command<tab>
  full command<tab>answer<tab>bytes to the client<tab>bytes from the client<tab>user<tab>`.
* Socket and address tie the rows; the first is the connection, a QUIT ends it, else it expires.
* What the client sent stands between, tabs and all; the columns around it are counted from both sides.
* `denied access` marks a refused host: blocked. Bytes are exact.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from exporter.catalogue import Quality, Reason
from exporter.formats import wire
from exporter.formats.contract import Documentation, Qualities
from exporter.formats.wording import Outcome, number, qualities
from exporter.model import Fact, Kind, Record, Verdict

_COLUMNS = 10
_SERVICE = re.compile(rb"(?:\d\d/\d\d/\d\d \d\d:\d\d:\d\d\t)?(POP3?-?[A-Z]{0,8}|[A-Z0-9]{2,8}-[A-Z]{2,3})\t")


class MailEnable:
    """MailEnable for Windows."""

    name = "mailenable"
    idle_seconds = 660
    keys_are_unique = False
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
        servers="MailEnable (activity log)",
        measured=False,
        deciding_lines="the row of `PASS` with `+OK`; else that of `QUIT`, or `denied access`; else the expiry",
        bytes_cover="the whole connection, login included",
        advice=MappingProxyType({"": "turn the POP service's activity log on"}),
    )

    def read(self, record: Record) -> Outcome:
        """What the row says; rows of other services are ignored."""
        head = _SERVICE.match(record.message)
        if head is None:
            return Verdict.IGNORED if record.message[:1] == b"#" else Verdict.UNMATCHED
        if not head[1].startswith(b"POP"):
            return Verdict.IGNORED
        row = record.message[head.start(1) :].removesuffix(b"\t").split(b"\t")
        if len(row) < _COLUMNS:
            return Verdict.MALFORMED
        # What the client sent may hold tabs: the columns after it are counted from the right.
        _, _, socket, address, verb, *sent, answer, to_client, from_client, user = row
        line = b" ".join(sent)
        key = socket + b" " + address
        if b"denied access" in answer.lower():
            return Fact(Kind.END, key, None, address, Reason.ACCESS_LIST)
        verb, name = wire.parsed(line.strip() or verb)
        return Fact(
            Kind.COMMAND,
            key,
            name or user.strip() or None,
            address,
            received=number(from_client),
            sent=number(to_client),
            verb=verb,
            ok=wire.succeeded(answer),
        )

    def recognises(self, record: Record) -> bool:
        """Whether it is a row of the POP service."""
        head = _SERVICE.match(record.message)
        return head is not None and head[1].startswith(b"POP") and record.message.count(b"\t") >= _COLUMNS - 1
