"""hMailServer's log (`hmailserver_YYYY-MM-DD.log`, or `hmailserver_POP3_YYYY-MM-DD.log`).

Facts: the format strings of its source; lines composed of them, not run.

* `"POP3D"<tab>thread<tab>session<tab>"stamp"<tab>"ip"<tab>"SENT: ..."` or `RECEIVED:`; the session, not the thread,
  joins the lines. Inner quotes are not escaped, so the text extends to the last quote. `POP3C` is hMailServer fetching
  mail from other servers, which 5.3 logs as `POP3D` too: there it sends commands and receives answers.
* The first line of a session is the connection; a QUIT ends it. Nothing is logged when a client leaves or times out:
  the session expires.
* Answers to RETR are not logged, so bytes are unknown. Blocked connections are logged without port and session
  (`was not accepted`), so their service is unknown.
"""

from collections.abc import Sequence
from zlib import crc32

from exporter.catalogue import Quality, Reason
from exporter.formats import wire
from exporter.formats.contract import Documentation
from exporter.formats.tabled import Tabled
from exporter.formats.wording import Outcome, Rule, Wording, qualities
from exporter.model import Fact, Kind, Record, Verdict

_ROW = rb"\"POP3D\"\t-?\d{1,12}\t(-?\d{1,12})\t\"[\d :.-]{19,30}\"\t\"([0-9A-Fa-f:.]{2,45})\"\t\""
# Texts of refusals, lower case, that mean another reason than the credentials.
_REASONS = (
    (b"too many invalid logon attempts", Reason.LOGIN_FAILURES),
    (b"already locked", Reason.MAILBOX_LOCKED),
    (b"stls is required", Reason.TLS_REQUIRED),
    (b"ssl/tls-connection is required", Reason.TLS_REQUIRED),
    (b"autologout", Reason.TIMEOUT),
    (b"excessive amount of data", Reason.LINE_TOO_LONG),
)
_BAD = (b"invalid command", b"line too long", b"command not permitted when tls active")


def _key(session: bytes | None, address: bytes | None) -> bytes:
    return (session or b"") + b" " + (address or b"")


def _mark(record: Record) -> bytes:
    """Of a row with its milliseconds."""
    return b"%08x" % crc32(record.message)


def _received(groups: Sequence[bytes | None], record: Record) -> Outcome:
    session, address, line = groups
    return wire.command(line or b"", _key(session, address), address, received=False)._replace(mark=_mark(record))


def _sent(groups: Sequence[bytes | None], record: Record) -> Outcome:
    session, address, line = groups
    ok = wire.succeeded(line or b"")
    text = (line or b"")[:512].lower()
    reason = None if ok is not False else next((reason for words, reason in _REASONS if words in text), None)
    bad = int(ok is False and any(words in text for words in _BAD))
    fact = Fact(Kind.REPLY, _key(session, address), None, address, reason, ok=ok, bad_commands=bad)
    return fact._replace(mark=_mark(record))


_VERB = rb"(?:USER|PASS|APOP|CAPA|STLS|STAT|LIST|UIDL|RETR|TOP|DELE|NOOP|RSET|QUIT)"

WORDING = Wording(
    Rule("received", _ROW + rb"RECEIVED: (?!(?:\+OK|-ERR)[ \"])(.*)\"", _received),
    Rule("sent", _ROW + rb"SENT: (?!" + _VERB + rb"[ \"])(.*)\"", _sent),
    # 5.3 logs its own fetching of mail from other servers under the same name: there it is the client.
    Rule("fetching", _ROW + rb"(?:RECEIVED: (?:\+OK|-ERR)|SENT: " + _VERB + rb")(?: .*)?\"", Verdict.IGNORED),
    Rule(
        "other",
        rb"\"(?!POP3D\")(?:SMTP[CD]|IMAPD|POP3C|TCPIP|DEBUG|APPLICATION|ERROR|EVENT|BACKUP)\"\t.*",
        Verdict.IGNORED,
    ),
)


HMAILSERVER = Tabled(
    name="hmailserver",
    # It waits 10 minutes for a command.
    idle_seconds=660,
    shows_login=False,
    quality=qualities(
        connections=Quality.EXACT,
        blocked=Quality.LOWER_BOUND,
        bad_commands=Quality.EXACT,
        terminations=Quality.LOWER_BOUND,
        logins=Quality.EXACT,
        failures=Quality.EXACT,
        bytes_=Quality.NONE,
    ),
    wording=WORDING,
    telling=frozenset(("received", "sent")),
    documentation=Documentation(
        servers="hMailServer 5",
        measured=False,
        deciding_lines="`SENT: +OK` to `RECEIVED: PASS`; else `SENT: +OK` to `RECEIVED: QUIT`; else the expiry",
        bytes_cover="not logged (answers to RETR are left out)",
        advice={"": "turn on the logging of POP3 (Settings, Logging)"},
    ),
)
