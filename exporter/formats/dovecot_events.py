"""Dovecot's event exporter with `driver = log` (2.3: `transport = log`) and `format = json`: `stats: {...}`.

Only what no other line has is taken: bad commands after the login, and a session's bytes. Events that have a line of
their own (logins, refused attempts, ends) are ignored here, so nothing counts twice. Command events name no session
(2.4.1): they belong to the open one of their user and address.
"""

import json
import re
from collections.abc import Mapping

from exporter.model import Fact, Kind, Verdict

# Well-formed arguments of commands, where Dovecot checks them (2.4.1 pop3-commands.c).
_ARGUMENTS: Mapping[str, re.Pattern[str]] = {
    "LIST": re.compile(r"\s*\d*\s*"),
    "UIDL": re.compile(r"\s*\d*\s*"),
    "RETR": re.compile(r"\s*\d+\s*"),
    "DELE": re.compile(r"\s*\d+\s*"),
    "TOP": re.compile(r"\s*\d+\s+\d+\s*"),
}
_COMMANDS = frozenset(("CAPA", "LAST", "NOOP", "QUIT", "RSET", "STAT", *_ARGUMENTS))


def read_event(message: bytes) -> Fact | Verdict:
    """The fact of a line that begins with `stats: `."""
    if b'"pop3_command_finished"' in message:
        if b'"reply_state":"OK"' in message:
            return Verdict.IGNORED
        read = _command
    elif b'"mail_user_session_finished"' in message:
        read = _session
    else:
        return Verdict.IGNORED
    try:
        event = json.loads(message[message.index(b"{") :])
        fields = event["fields"]
        return read(fields) if isinstance(fields, dict) else Verdict.MALFORMED
    except (ValueError, LookupError, TypeError, RecursionError):
        return Verdict.MALFORMED


def _command(fields: Mapping[str, object]) -> Fact | Verdict:
    name, arguments = str(fields.get("cmd_name", "")).upper(), str(fields.get("cmd_args", ""))
    if fields["reply_state"] != "ERR":
        return Verdict.IGNORED
    form = _ARGUMENTS.get(name)
    if name in _COMMANDS and (form is None or form.fullmatch(arguments)):
        return Verdict.IGNORED
    user, address = _text(fields, "user"), _text(fields, "remote_ip")
    return Fact(
        Kind.BAD_COMMAND, _text(fields, "session"), user, address, bad_commands=1, tentative=True, trait="events",
        by_user="session" not in fields,
    )  # fmt: skip


def _session(fields: Mapping[str, object]) -> Fact | Verdict:
    if fields.get("service") != "pop3" or "net_out_bytes" not in fields:
        return Verdict.IGNORED
    received, sent = fields["net_in_bytes"], fields["net_out_bytes"]
    if not (isinstance(received, int) and isinstance(sent, int) and 0 <= received < 2**50 and 0 <= sent < 2**50):
        return Verdict.MALFORMED
    return Fact(Kind.TRAFFIC, _text(fields, "session"), received=received, sent=sent, tentative=True, trait="events")


def _text(fields: Mapping[str, object], name: str) -> bytes | None:
    value = fields.get(name)
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) and value else None
