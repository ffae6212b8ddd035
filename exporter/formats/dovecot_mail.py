"""Dovecot's mail process, `pop3(USER)<PID><SESSION>: `: how a session ended, and its bytes.

`Disconnected: REASON STATISTICS`; up to 2.3.14 without "Disconnected: ". The statistics are what
`pop3_logout_format` says: bytes are found wherever `in=` and `out=` (or `i=`, `input=`, `bytes=IN/OUT`) stand.
"""

import re
from collections.abc import Callable
from typing import Any

from exporter.catalogue import Reason
from exporter.model import Fact, Kind, Verdict

# 2.3 and later; 2.2 has the user only; others are what mail_log_prefix says.
_PREFIX = re.compile(rb"[Pp][Oo][Pp]3\((.*?)\)(?:[<\[]\d+[>\]])?(?:<([^<>]*)>)?:? ", re.DOTALL)
_REASON = re.compile(
    rb"(?:Disconnected(?:: |(?= for )))?(?:"
    rb"(?P<logout>Logged out)"
    rb"|(?P<bad_commands>Too many (?:bad|invalid) commands)"
    rb"|(?P<line_too_long>Input line too long|Input buffer full)"
    rb"|(?P<timeout>Inactivity|Disconnected for inactivity| ?for inactivity|Client has not read server output)"
    rb"|(?P<mailbox_locked>Couldn't lock )"
    rb"|(?P<mailbox_error>Mailbox |Storage error|POP3 UIDLs|Couldn't (?:open|init|sync|list) |Can't |Failed to)"
    rb"|(?P<shutdown>(?:Server s|S)hutting down)"
    rb"|(?P<killed>User kicked|Kicked)"
    rb"|(?P<internal_error>Internal error|Out of memory|BUG:)"
    rb"|(?P<reset>Connection closed: )"
    rb"|(?P<closed>Connection closed|Disconnected(?= \w+=|$)))"
)
_KILLED = re.compile(rb"(?:Fatal|Error): master: service\([^)]*\): child \d+ (?:killed with|returned error)")
_LEVEL = re.compile(rb"(?:(Info: )|(?:Error|Warning|Debug|Fatal|Panic): )")
# Lines of plugins: mail_log's events, and whatever names itself.
_PLUGIN = re.compile(rb"(?:[A-Za-z][\w -]*: |sieve|fts|quota|Effective|Namespace|Loading|Module)")
_IN_OUT = re.compile(rb" in=(\d{1,15}), out=(\d{1,15})(?!\d)")
_IN = re.compile(rb"(?:^|[^\w%{])(?:in|i|input|bytes_in|received)[=:](\d{1,15})(?!\d)")
_OUT = re.compile(rb"(?:^|[^\w%{])(?:out|o|output|bytes_out|sent)[=:](\d{1,15})(?!\d)")
_BYTES = re.compile(rb"(?:^|[^\w%{])bytes[=:](\d{1,15})/(\d{1,15})(?!\d)")
# What went out for messages: the default format has no more.
_MESSAGES = re.compile(rb"(?:^|[^\w])(?:top|retr)=\d{1,15}/(\d{1,15})(?!\d)")

_reasons: dict[bytes, Reason] = {}
_REASONS_KEPT = 1024
_LONGEST_REASON = 200

# A Fact of all its fields, without the named tuple's own constructor, which is Python code.
_new_fact: Callable[[Any, Any], Fact] = tuple.__new__
_REST = tuple(Fact(Kind.END))[16:]


def read_mail(message: bytes) -> Fact | Verdict:
    """What a line that begins with `pop3(` says."""
    parts = message.split(b"<", 3)
    if len(parts) >= 3 and parts[0][-1:] == b")" and parts[1][-1:] == b">":  # noqa: PLR2004 - USER)<PID><SESSION...
        tail = parts[2]
        key, _, text = tail.partition(b">: ")
        stats = text.rfind(b" top=")
        reason = _reasons.get(text[:stats])
        if reason is not None:
            return _end(text, stats, key, parts[0][5:-1], reason)
    return _read(message)


def _read(message: bytes) -> Fact | Verdict:
    prefix = _PREFIX.match(message)
    if prefix is None:
        return Verdict.IGNORED if message.startswith(b"pop3(") and b": " in message else Verdict.MALFORMED
    user, key = prefix.groups()
    start = text = prefix.end()
    if message.startswith(b"Info: ", start):
        start += 6
    # INBOX errors may hold anything: the statistics begin at the last " top=".
    stats = message.rfind(b" top=", start)
    reason = _read_reason(message, start)
    if reason is None:
        return _other(message, start, key, user)
    if stats >= 0 and key:
        _learn(message[text:stats], reason)
    return _end(message, start if stats < 0 else stats, key, user, reason)


def _learn(text: bytes, reason: Reason) -> None:
    """Remember what stands between the prefix and the statistics."""
    if len(_reasons) >= _REASONS_KEPT:
        _reasons.clear()
    if len(text) <= _LONGEST_REASON:
        _reasons[text] = reason


def _read_reason(message: bytes, start: int) -> Reason | None:
    match = _REASON.match(message, start)
    if match is not None:
        return Reason(match.lastgroup or "")
    return Reason.UNSPECIFIED if message.startswith(b"Disconnected", start) else None


def _end(message: bytes, stats: int, key: bytes | None, user: bytes, reason: Reason) -> Fact:
    received: int | None
    sent: int | None
    found = _IN_OUT.search(message, stats)
    if found is not None:
        received, sent, trait = int(found[1]), int(found[2]), "bytes"
    else:
        received, sent, trait = _other_bytes(message, stats)
    bad = 21 if reason is Reason.BAD_COMMANDS else int(reason is Reason.LINE_TOO_LONG)
    fields = (Kind.END, key, user or None, None, reason, 0, bad, received, sent)
    return _new_fact(Fact, (*fields, False, b"", True, trait, not key, False, False, *_REST))


def _other_bytes(message: bytes, stats: int) -> tuple[int | None, int | None, str]:
    both = _BYTES.search(message, stats)
    if both is not None:
        return int(both[1]), int(both[2]), "bytes"
    received, sent = _IN.search(message, stats), _OUT.search(message, stats)
    if received is not None and sent is not None:
        return int(received[1]), int(sent[1]), "bytes"
    messages = _MESSAGES.findall(message, stats)
    if not messages:
        return None, None, ""
    return None, sum(map(int, messages)), "no_bytes"


def _other(message: bytes, start: int, key: bytes | None, user: bytes) -> Fact | Verdict:
    if _KILLED.match(message, start) is not None:
        if not key and user.isdigit():  # no user yet: `pop3(PID): `; the login process tells of the connection
            return Verdict.IGNORED
        return Fact(Kind.END, key, user or None, reason=Reason.KILLED, ok=True, by_user=not key)
    if _LEVEL.match(message, start) is not None or _PLUGIN.match(message, start) is not None:
        return Verdict.IGNORED
    return Verdict.UNMATCHED
