"""popa3d, stand-alone or from inetd.

Facts: popa3d 1.0.3 (Debian 12), run stand-alone and compared with what its clients did; limits and mailbox errors from
its strings. One process serves one connection: the pid joins its lines.

* `Session from` is the connection (stand-alone only; from inetd the first other line shows it).
* After one refused attempt the server hangs up: one line is the failure and the end, reason `login_failures`. Names
  that do not exist are never logged.
* QUIT after the login ends with `n (n) deleted, n (n) left`; `Premature disconnect` is any other end after the login,
  including a time-out, and `Didn't attempt authentication` any end before it: the log does not distinguish them.
* `limit reached` is a connection refused before its process began: blocked. No bytes, no bad commands, no TLS.
"""

import re
from collections.abc import Sequence

from exporter.catalogue import Quality, Reason
from exporter.formats.contract import Documentation
from exporter.formats.tabled import IP, Tabled, connect, whole
from exporter.formats.wording import Meaning, Outcome, Rule, Wording, qualities
from exporter.model import Fact, Kind, Record, Verdict

# A patch for "POP before SMTP" adds the address.
_PATCHED = re.compile(rb"(.*) -- \[" + IP + rb"\]", re.DOTALL)


def _name(text: bytes | None) -> bytes | None:
    patched = _PATCHED.fullmatch(text or b"")
    return text if patched is None else patched[1]


def _passed(groups: Sequence[bytes | None], record: Record) -> Outcome:
    return Fact(Kind.LOGIN, record.pid, _name(groups[0]))


def _failed(groups: Sequence[bytes | None], record: Record) -> Outcome:
    user = None if groups[0] == b"UNKNOWN USER" else _name(groups[0])
    return Fact(Kind.END, record.pid, user, reason=Reason.LOGIN_FAILURES, failures=1)


def _end(reason: Reason, *, ok: bool | None = None) -> Meaning:
    return lambda _, record: Fact(Kind.END, record.pid, reason=reason, ok=ok)


WORDING = Wording(
    Rule("session", rb"Session from " + IP, connect),
    Rule("passed", rb"Authentication passed for (.*)", _passed),
    Rule("failed", rb"Authentication failed for (.*)", _failed),
    Rule("quit", rb"\d+ \(\d+\) deleted, \d+ \(\d+\) left", _end(Reason.LOGOUT, ok=True)),
    Rule("left-after-login", rb"Premature disconnect", _end(Reason.UNSPECIFIED, ok=True)),
    Rule("left-before-login", rb"Didn't attempt authentication", _end(Reason.UNSPECIFIED)),
    Rule("limit", IP + rb": (?:per source|sessions) limit reached", whole(Reason.CONNECTION_LIMIT)),
    Rule(
        "mailbox",
        rb"(?:Failed or refused to load|Failed to update|Server failure accessing) .*",
        _end(Reason.MAILBOX_ERROR),
    ),
    Rule("loaded", rb"\d+ messages? \(\d+ bytes?\) loaded", Verdict.IGNORED),
    Rule("pam", rb"pam_[a-z]+\(popa3d:.*", Verdict.IGNORED),
)


POPA3D = Tabled(
    name="popa3d",
    by_process=True,
    programs=frozenset((b"popa3d",)),
    # It waits 150 s for a command.
    idle_seconds=210,
    quality=qualities(
        connections=Quality.EXACT,
        blocked=Quality.LOWER_BOUND,
        bad_commands=Quality.NONE,
        terminations=Quality.LOWER_BOUND,
        logins=Quality.EXACT,
        failures=Quality.EXACT,
        bytes_=Quality.NONE,
    ),
    wording=WORDING,
    documentation=Documentation(
        servers="popa3d (1.0.3)",
        measured=True,
        deciding_lines="`Authentication passed for`; else `Authentication failed for`, "
        "`Didn't attempt authentication` or `limit reached`; else the expiry",
        bytes_cover="not logged",
    ),
)
