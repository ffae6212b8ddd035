"""Qpopper.

Facts: lines of 4.0.9 and older in public posts, and the endings in its source; the texts of refused passwords and
locked mailboxes are not confirmed. Not run.

* One process serves one connection: the pid ties its lines. `Servicing request from` is the connection.
* `POP login by user` is the login (where it was compiled in; else `Stats:` at the end tells the user).
* Every refused answer is logged: `USER at HOST (IP): -ERR TEXT`. Text about the password is a failure, an unknown
  command is a bad command, `POP EOF or I/O Error` is a client that left, `POP timeout` a time-out.
* No bytes: `Stats:` tells those deleted and those left in the mailbox.
"""

from collections.abc import Sequence

from exporter.catalogue import Quality, Reason
from exporter.formats.contract import Documentation
from exporter.formats.tabled import IP, Tabled, connect, login
from exporter.formats.wording import Outcome, Rule, Wording, qualities
from exporter.model import Fact, Kind, Record, Verdict

PROGRAMS = frozenset((b"popper", b"qpopper", b"in.qpopper", b"in.popper"))

_PLACE = rb"(?: \[[\w.]{1,40}:\d{1,6}\])?"
_WHO = rb"(.*) at [^ ]{1,255} \(" + IP + rb"\): "


def _statistics(groups: Sequence[bytes | None], record: Record) -> Outcome:
    user, address = groups
    return Fact(Kind.END, record.pid, user, address, Reason.LOGOUT, ok=True)


def _refused(groups: Sequence[bytes | None], record: Record) -> Outcome:
    user, address, text = groups
    fact = Fact(Kind.FAILURE, record.pid, None if user == b"(null)" else user, address)
    lower = (text or b"")[:512].lower()
    if b"pop eof or i/o error" in lower or b"pop hangup" in lower:
        return fact._replace(kind=Kind.END, reason=Reason.CLOSED)
    if b"pop timeout" in lower:
        return fact._replace(kind=Kind.END, reason=Reason.TIMEOUT)
    if b"unknown command" in lower:
        return fact._replace(kind=Kind.BAD_COMMAND, bad_commands=1)
    if b"[in-use]" in lower or b"lock busy" in lower or b"locked" in lower:
        return fact._replace(kind=Kind.REFUSAL, reason=Reason.MAILBOX_LOCKED)
    if b"password supplied for" in lower or b"[auth]" in lower or b"authentication failed" in lower:
        return fact
    return Verdict.IGNORED


WORDING = Wording(
    Rule("servicing", rb"\(v[^)]{1,40}\) Servicing request from \".{0,255}\" at " + IP + _PLACE, connect),
    Rule("login", rb"\(v[^)]{1,40}\) POP login by user \"(.*)\" at \([^)]{0,255}\) " + IP + _PLACE, login),
    Rule("statistics", rb"Stats: +([^ ]{1,255})(?: \d+){4} [^ ]{1,255} " + IP + _PLACE, _statistics),
    Rule("refused", _WHO + rb"(-ERR .{0,2000})", _refused),
    Rule("bulletins", rb"Unable to (?:open|get) .*|\(v[^)]{1,40}\) (?:Timing|TLSv?|SSL).*", Verdict.IGNORED),
)


QPOPPER = Tabled(
    name="qpopper",
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
        advice={"": "build with --enable-log-login, or logins are known from their end only"},
    ),
)
