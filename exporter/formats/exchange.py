"""Microsoft Exchange's POP3 protocol log (`POP3YYYYMMDDHH-N.LOG`).

Facts: the columns of Exchange 2010 to 2019, and one real line of a refused attempt; the rest from the documentation.
Not run.

* A row per command: `dateTime,sessionId,seqNumber,sIp,cIp,user,duration,rqsize,rpsize,command,parameters,context,puid`;
  older versions lack rqsize, rpsize and puid. The number of columns distinguishes them, so `#Fields:` is not needed.
* The front end writes at most 20 characters of the bare name into the column `user`: the command `user` has all of it.
* `OpenSession` is the connection, `CloseSession` its end: QUIT if that was sent, else the client left. In
  the front end's log it has the bytes proxied after the login (from a third party's sample).
* `context` holds the answer: `R=OK` or `R="-ERR ...";Msg=...;ErrMsg=...`.
* Bytes are exact (trait `sizes`): requests and answers, including the texts of messages.
* Read the front end's log only: the back end logs the same connections again, with the front end as client. Rows of
  IMAP ports and of the server's own probes (loopback, `HealthMailbox`) are ignored.
"""

import csv
import re
from collections.abc import Mapping
from types import MappingProxyType

from exporter.catalogue import Quality, Reason
from exporter.formats import wire
from exporter.formats.contract import Documentation, Qualities
from exporter.formats.wording import MAX_BYTES, MAX_ROW_BYTES, Outcome, OutOfRangeError, number, qualities
from exporter.keys import Keys
from exporter.model import Fact, Kind, Record, Verdict

# Positions of session, row, server, client, user, request size, answer size, command, parameters, context.
_COLUMNS = {
    13: (1, 2, 3, 4, 5, 7, 8, 9, 10, 11),
    12: (1, 2, 3, 4, 5, 7, 8, 9, 10, 11),
    10: (1, 2, 3, 4, 5, None, None, 7, 8, 9),
}
_IMAP_PORTS = (b"143", b"993")
_LOOPBACK = (b"127.0.0.1", b"::1")
# The accounts of the server's own probes.
_PROBE = re.compile(rb"HealthMailbox[0-9A-Fa-f]{6,32}(?:@|$)")
# Texts of the answer, lower case, that mean another reason than the credentials [from the documentation].
_REASONS = (
    (b"connection limit", Reason.CONNECTION_LIMIT),
    (b"too many connections", Reason.CONNECTION_LIMIT),
    (b"toomanyconnections", Reason.CONNECTION_LIMIT),
    (b"userdisabled", Reason.ACCOUNT_DISABLED),
    (b"disabled", Reason.ACCOUNT_DISABLED),
    (b"plain text", Reason.TLS_REQUIRED),
    (b"timed out", Reason.TIMEOUT),
)
_BAD = (b"command is not valid", b"invalid command", b"unknown command", b"protocol error", b"syntax")


class Exchange:
    """Exchange Server 2010 and newer."""

    name = "exchange"
    # PreAuthenticatedConnectionTimeout 60 s, AuthenticatedConnectionTimeout 1800 s.
    idle_seconds = 1860
    keys = Keys()
    shows_login = False
    quality = qualities(
        connections=Quality.EXACT,
        blocked=Quality.LOWER_BOUND,
        bad_commands=Quality.EXACT,
        terminations=Quality.LOWER_BOUND,
        logins=Quality.EXACT,
        failures=Quality.EXACT,
        bytes_=Quality.NONE,
    )
    traits: Mapping[str, Qualities] = MappingProxyType(
        {"sizes": {"received_bytes": Quality.EXACT, "sent_bytes": Quality.EXACT}}
    )
    documentation = Documentation(
        servers="Microsoft Exchange 2010 to 2019 (front end's POP3 protocol log)",
        measured=False,
        deciding_lines="`pass`, `auth` or `apop` with `R=OK`; else `quit` or `CloseSession`; else the expiry",
        bytes_cover="the whole connection, login included",
        advice=MappingProxyType({"": "run `Set-PopSettings -ProtocolLogEnabled $true`, and restart the POP3 service"}),
    )

    def read(self, record: Record) -> Outcome:
        """The row's fact."""
        message = record.message
        if message[:1] == b"#" or message[:8] == b"dateTime":
            return Verdict.IGNORED
        row = _row(message)
        columns = _COLUMNS.get(len(row))
        if columns is None or len(row[1]) > _MAX_ID:
            return Verdict.UNMATCHED
        try:
            return _read(row, columns)
        except OutOfRangeError:
            return Verdict.MALFORMED

    def recognises(self, record: Record) -> bool:
        """Whether the row has the columns, and a hexadecimal session id."""
        row = _row(record.message)
        if len(row) not in _COLUMNS or len(row[1]) != _MAX_ID or not row[2].isdigit():
            return False
        _, colon, port = row[3].rpartition(b":")
        return colon == b":" and port.isdigit() and port not in _IMAP_PORTS


_MAX_ID = 16


def _row(message: bytes) -> list[bytes]:
    if b'"' not in message:
        return message.split(b",")
    try:
        cells = next(csv.reader([message.decode("latin-1")]), [])
    except csv.Error:
        return []
    return [cell.encode("latin-1") for cell in cells]


def _read(row: list[bytes], columns: tuple[int | None, ...]) -> Outcome:
    session, mark, server, client, user, request, answer, verb, parameters, context = (
        b"" if column is None else row[column] for column in columns
    )
    address = client.rpartition(b":")[0].strip(b"[]")
    if server.rpartition(b":")[2] in _IMAP_PORTS or address in _LOOPBACK or _PROBE.match(user):
        return Verdict.IGNORED
    key = session + b" " + address
    closes = verb.lower() == b"closesession"
    limit = MAX_BYTES if closes else MAX_ROW_BYTES
    received, sent = number(request, limit), number(answer, limit)
    trait = "" if received is None else "sizes"
    if closes:
        return Fact(
            Kind.END,
            key,
            address=address,
            reason=Reason.CLOSED,
            received=received,
            sent=sent,
            verb=verb,
            trait=trait,
            mark=mark,
        )
    if verb.lower() == b"opensession":
        return Fact(Kind.CONNECT, key, address=address, received=received, sent=sent, trait=trait, mark=mark)
    verb, name = wire.parsed(verb + b" " + parameters)
    ok, reason, bad = _answer(context)
    name = name or user or None
    return Fact(
        Kind.COMMAND,
        key,
        name,
        address,
        reason,
        bad_commands=bad,
        received=received,
        sent=sent,
        verb=verb,
        ok=ok,
        trait=trait,
        mark=mark,
    )


def _answer(context: bytes) -> tuple[bool | None, Reason | None, int]:
    """Whether the command succeeded (None: not logged), why not, and whether it was a bad one (1)."""
    if context[:4] == b"R=OK":
        return True, None, 0
    text = context[:1024].lower()
    if text.startswith((b"r=ok", b'r="+ok', b"r=+ok")):
        return True, None, 0
    if b"-err" not in text[:8]:
        return None, None, 0
    reason = next((reason for words, reason in _REASONS if words in text), None)
    return False, reason, int(any(words in text for words in _BAD))
