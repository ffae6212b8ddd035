"""Dovecot's login process: the text of a line before the client's own data, `HEAD: user=<USER>, ...`.

The wordings of 1.0 to 2.4, from login-common at 30 tags. A head is the server's own text, so there are few, and the
meaning of one depends on nothing else. Proxied sessions: `exporter.formats.dovecot_proxy`.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from exporter.catalogue import End, Reason
from exporter.model import Kind, Verdict


class Head(NamedTuple):
    """The meaning of a head; `verdict`: it is nothing about a connection.

    `uncounted`: it has no number of attempts, as in 1.0. `unbegun`: all attempts were refused before a mechanism began.
    `logged_in`: only a connection that had logged in can log it.
    """

    kind: Kind = Kind.NOTE
    reason: Reason | None = None
    failures: int = 0
    bad_commands: int = 0
    verdict: Verdict | None = None
    received: int | None = None
    sent: int | None = None
    uncounted: bool = False
    unbegun: bool = False
    logged_in: bool = False


IGNORED: Final = Head(verdict=Verdict.IGNORED)
UNMATCHED: Final = Head(verdict=Verdict.UNMATCHED)
LOGIN: Final = Head(Kind.LOGIN)
FAILURE: Final = Head(Kind.FAILURE)
_REFUSED_PLAIN: Final = Head(Kind.REFUSAL, Reason.TLS_REQUIRED)
_KICKED: Final = Head(Kind.END, Reason.KILLED, logged_in=True)

# Lines about one attempt, only with auth_verbose.
_ATTEMPT = re.compile(
    rb"(?:(Authenticate \S* failed: (?:Aborted|Authentication aborted))"  # the end line shows whether it counts
    rb"|((?:Login|Authenticate \S*|APOP) failed: (?:(?:Plain|Clear)text|SSL required|TLS required))"
    rb"|((?:Login|Authenticate \S*|APOP) failed: ))",
)
# Why the connection ended: in all wordings, after "Disconnected: " (also twice), "Login aborted: " or nothing.
_WHY = re.compile(
    rb"(?:Login aborted: |Disconnected: )*(?:"
    rb"(?P<logout>Aborted login|Logged out)"
    rb"|(?P<bad_commands>Too many (?:bad|invalid)(?: bad)? (?:POP3 )?commands)"
    rb"|(?P<line_too_long>Input buffer full)"
    rb"|(?P<timeout>Inactivity|Timeout while finishing login)"
    rb"|(?P<queue_full>Connection queue full)"
    rb"|(?P<connection_limit>Maximum number of connections)"
    rb"|(?P<internal_error>Internal login failure|Auth process broken)"
    rb"|(?P<backend_down>(?:proxy: )?Logging in (?:to .{1,300} )?timed out)"
    rb"|(?P<shutdown>(?:Server s|S)hutting down)"
    rb"|(?P<tls_failed>(?:Connection closed|Disconnected): SSL|TLS)"
    rb"|(?P<reset>(?:Connection closed|Disconnected): )"
    rb"|(?P<closed>Connection closed|Disconnected(?= \(|$)))"
)
# The last bracket of the head, followed by 2.4's code.
_BRACKET = re.compile(rb" \(([^()]*(?:\([^()]*\)[^()]*)*)\)(?: \(\w+\))?$")
_ATTEMPTS = re.compile(rb"(\d{1,6})(?:/(\d{1,6}))? (?:((?:authentication )?attempts)|success?ful auths)")
_AT_ONCE = b" in 0 secs"
# What the bracket says about the last attempt (client_get_extra_disconnect_reason).
_DETAIL = re.compile(
    rb"(?P<failed>auth failed|tried to use unsupported auth|sent invalid base64|auth aborted by client"
    rb"|aborted authentication|proxy dest auth(?:entication failure| failed)|anonymous)"
    rb"|(?P<unfinished>client didn't finish SASL)"
    rb"|(?P<tls_required>tried to use dis(?:allow|abl)ed|cert required|client didn't send a cert"
    rb"|client sent an (?:invalid|untrusted) cert|(?:plain|clear)text auth)"
    rb"|(?P<account_disabled>user disabled|password expired|login disabled|nologin)"
    rb"|(?P<policy>authorization failed)"
    rb"|(?P<connection_limit>(?:proxy dest )?connection limit)"
    rb"|(?P<backend_down>proxy)"
    rb"|(?P<internal_error>auth process communication|auth service reported temporary|temporary)"
    rb"|(?P<internal>internal failure)"
    rb"|(?P<queue_full>client_limit and process_limit)"
    rb"|(?P<shutdown>.*shutting down)"
    rb"|(?P<tls_failed>disconnected during TLS)"
)
_USELESS = frozenset((Reason.LOGOUT, Reason.CLOSED, Reason.RESET, Reason.TLS_FAILED, Reason.UNSPECIFIED))
# Bad commands that the end alone proves.
_BAD_COMMANDS: Mapping[Reason, int] = {Reason.BAD_COMMANDS: 3, Reason.LINE_TOO_LONG: 1}


def read_head(text: bytes) -> Head:
    """The meaning of a head; `text` is without the process, the level and the colon after it."""
    if text in (b"Login", b"Logged in"):
        return LOGIN
    attempt = _ATTEMPT.match(text)
    if attempt is not None:
        return (IGNORED, _REFUSED_PLAIN, FAILURE)[(attempt.lastindex or 1) - 1]
    if text.startswith(b"Connection kicked"):
        return _KICKED
    return _ended(text)


def _ended(text: bytes) -> Head:
    why = _WHY.match(text)
    bracket = _BRACKET.search(text)
    detail = None if bracket is None else _DETAIL.match(bracket[1])
    if why is None and detail is None and not text.startswith((b"Disconnected", b"Login aborted")):
        return UNMATCHED
    reason = Reason.UNSPECIFIED if why is None else Reason(why.lastgroup or "")
    bad = _BAD_COMMANDS.get(reason, 0)
    counted = None if bracket is None else _ATTEMPTS.search(bracket[1])
    attempts = 0 if counted is None else int(counted[2] or counted[1])
    succeeded = 0 if counted is None or counted[3] else int(counted[1])
    failures = max(attempts - succeeded, 0)
    if detail is not None:
        reason, failures = _explained(reason, detail.lastgroup or "", failures, told=counted is not None)
    unbegun = bracket is not None and _AT_ONCE in bracket[1]
    return Head(Kind.END, reason, failures, bad, uncounted=bracket is None, unbegun=unbegun)


def _explained(reason: Reason, detail: str, failures: int, *, told: bool) -> tuple[Reason, int]:
    """The end and the failed attempts, with what the bracket says about the last attempt."""
    if detail == "failed":
        return reason, max(failures, 1)
    others = max(failures - 1, 0)
    if detail == "unfinished":
        # 2.3 gives no number: a client that could still QUIT had cancelled the attempt, and was refused.
        return reason, others if told else int(reason is Reason.LOGOUT)
    if detail == "internal":
        # 2.2 and 2.3 say so about a right password that may not log in; 2.4 only about a failure.
        detail = "internal_error" if reason not in _USELESS else "account_disabled"
        return (Reason(detail), failures) if reason in _USELESS else (reason, failures)
    explained = Reason(detail)
    if explained is Reason.TLS_FAILED:
        return (explained if reason in _USELESS else reason), others
    if reason is Reason.LINE_TOO_LONG:  # 2.4.1 calls it a full queue
        return reason, others
    if reason in _USELESS or explained.end is End.BLOCKED:
        reason = explained
    return reason, others
