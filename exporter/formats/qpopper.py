"""Qpopper.

Facts: lines of 4.0.9 and older in public posts, and the source of 2.x to 4.0 (pop_pass.c, pop_init.c, popper.c,
pop_quit.c). Not run.

* One process serves one connection: the pid joins its lines. `Servicing request from` is the connection.
* `POP login by user` is the login (if it was compiled in; else `Stats:` at the end has the user).
* Every refusal is logged: `USER at HOST (IP): -ERR TEXT`. Text about the password is a failure, an unknown
  command is a bad command, `POP EOF or I/O Error` is a client that left, `POP timeout` a time-out.
* With a refused password comes `[AUTH] Failed attempted login to` (2.x and 3.x: without `[AUTH]`): the same attempt.
* No bytes: `Stats:` has the bytes deleted and those left in the mailbox.
"""

from collections.abc import Sequence

from exporter.catalogue import Quality, Reason
from exporter.formats.contract import Documentation
from exporter.formats.tabled import IP, Tabled, connect, login, whole
from exporter.formats.wording import Outcome, Rule, Wording, qualities
from exporter.model import Fact, Kind, Record, Verdict

PROGRAMS = frozenset((b"popper", b"qpopper", b"in.qpopper", b"in.popper", b"popper-ssl", b"qpopper-ssl"))

_PLACE = rb"(?: \[[\w.]{1,40}:\d{1,6}\])?"
_WHO = rb"(.*) at [^ ]{1,255} \(" + IP + rb"\): "
# Until 2.x: the host's name, or its address in brackets.
_WHO_OLD = rb"(.*)@(?:\[" + IP + rb"\]|[^ \[\]@:]{1,255}): "


def _statistics(groups: Sequence[bytes | None], record: Record) -> Outcome:
    user, address = groups
    return Fact(Kind.END, record.pid, user, address, Reason.LOGOUT, ok=True)


def _no_handshake(_: Sequence[bytes | None], record: Record) -> Outcome:
    return Fact(Kind.END, record.pid, reason=Reason.TLS_FAILED)


# Texts of `-ERR`, lower case, and their meaning; the first match counts.
_ENDS = (
    (b"pop eof ", Reason.CLOSED),
    (b"pop hangup", Reason.CLOSED),
    (b"pop timeout", Reason.TIMEOUT),
)
_REFUSALS = (
    (b"[in-use]", Reason.MAILBOX_LOCKED),
    (b"lock busy", Reason.MAILBOX_LOCKED),
    (b"locked", Reason.MAILBOX_LOCKED),
    (b"account expired", Reason.ACCOUNT_DISABLED),
    (b"password expired", Reason.ACCOUNT_DISABLED),
    (b"access denied", Reason.POLICY),
    (b"access is blocked", Reason.POLICY),
    (b"no user shell defined", Reason.POLICY),
    (b"shell not found", Reason.POLICY),
    (b"[login-delay]", Reason.RATE_LIMIT),
    (b"must use tls", Reason.TLS_REQUIRED),
    (b"requires tls", Reason.TLS_REQUIRED),
    (b"[sys/", Reason.MAILBOX_ERROR),
)
_FAILURES = (
    b"password supplied for",
    b"[auth]",
    b"authentication failed",
    b"password incorrect",
    b"incorrect password",
)
# Answers to a known command that could not be done: nothing is counted.
_HARMLESS = (
    b"message ",
    b"no message",
    b"has been deleted",
    b"too few arguments",
    b"too many arguments",
    b"mailbox update",
    b"mailbox restoration",
    b"pop mailbox",
    b"unable to ",
    b"maildrop",
    b"bad ",
    b"invalid ",
    b"must supply",
    b"mailing",
    b"[sys",
)


def _refused(groups: Sequence[bytes | None], record: Record) -> Outcome:
    user, address, text = groups
    fact = Fact(Kind.FAILURE, record.pid, None if user == b"(null)" else user or None, address)
    lower = (text or b"")[:512].lower()
    for words, reason in _ENDS:
        if words in lower:
            return fact._replace(kind=Kind.END, reason=reason)
    if b"unknown command" in lower or b"unknown authentication" in lower:
        return fact._replace(kind=Kind.BAD_COMMAND, bad_commands=1)
    for words, reason in _REFUSALS:
        if words in lower:
            return fact._replace(kind=Kind.REFUSAL, reason=reason)
    if any(words in lower for words in _FAILURES):
        return fact
    return Verdict.IGNORED if any(words in lower for words in _HARMLESS) else Verdict.UNMATCHED


WORDING = Wording(
    Rule("servicing", rb"\(v[^)]{1,40}\) Servicing request from \".{0,255}\" at " + IP + _PLACE + rb"\s?", connect),
    # tcpd's, under the same name and process.
    Rule("connect", rb"connect from (?:[^ \[(]{1,255} ?[\[(])?" + IP + rb"[\])]?", connect),
    Rule("denied", rb"refused connect from (?:[^ \[(]{1,255} ?[\[(])?" + IP + rb"[\])]?", whole(Reason.ACCESS_LIST)),
    Rule("login", rb"\(v[^)]{1,40}\) POP login by user \"(.*)\" at \([^)]{0,255}\) " + IP + _PLACE, login),
    Rule("statistics", rb"Stats: +([^ ]{1,255})(?: \d+){4} (?:[^ ]{1,255} )?" + IP + _PLACE, _statistics),
    Rule("refused", _WHO + rb"(-ERR .{0,2000})", _refused),
    Rule("refused-old", _WHO_OLD + rb"(-ERR .{0,2000})", _refused),
    # Beside the answer to the same attempt (`[AUTH]` since 4.0); not for names that do not exist in 2.x and 3.x.
    Rule(
        "failed-beside",
        rb"(?:\[AUTH\] )?Failed attempted login to .* from host .{1,600}"
        rb"|Authentication failed for user .*|Account .* access denied: .*",
        Verdict.IGNORED,
    ),
    Rule("handshake", rb"(?:\(v[^)]{1,40}\) )?TLS/SSL Handshake failed.*", _no_handshake),
    # QUIT after USER without PASS.
    Rule("probe", rb"Possible probe of account .* from host .{1,600}", Verdict.IGNORED),
    Rule(
        "bulletins",
        rb"(?:\(v[^)]{1,40}\) )?(?:"
        rb"Unable to (?:open|get|obtain|lock|stat|process|create|read|write|resolve|set) .*"
        rb"|(?:Timing|TLSv\d|TLS (?:handshake|shutdown) |(?:Open)?SSL |\.{3}SSL error).*"
        rb"|warning: can't verify host.*"
        rb"|I/O error flushing output to client .*"  # `POP EOF or I/O Error` follows
        rb"|(?:Client a(?:ddress|t)|Tracing session|Debugging turned on|getnameinfo: |pop_|Timing for ).*"
        rb")",
        Verdict.IGNORED,
    ),
)


QPOPPER = Tabled(
    name="qpopper",
    by_process=True,
    programs=PROGRAMS,
    # It waits 120 s for a command by default, 600 s at most.
    idle_seconds=660,
    quality=qualities(
        connections=Quality.EXACT,
        blocked=Quality.LOWER_BOUND,
        bad_commands=Quality.EXACT,
        terminations=Quality.EXACT,
        logins=Quality.LOWER_BOUND,
        failures=Quality.EXACT,
        bytes_=Quality.NONE,
    ),
    wording=WORDING,
    documentation=Documentation(
        servers="Qpopper 3 and 4",
        measured=False,
        deciding_lines="`POP login by user`; else `Stats:`, `POP EOF or I/O Error`, `POP timeout`; else the expiry",
        bytes_cover="not logged",
        advice={"": "build with --enable-log-login; without it, a login is known only from its end"},
    ),
)
