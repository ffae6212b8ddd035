"""perdition, the POP3 proxy.

Facts: perdition 2.2 (Debian 12), run and compared with what its clients did; `Close:` of 1.x from public logs. One
process serves one connection: the pid ties its lines.

* `Connect:` is the connection; `Auth:` with `status="ok"` the login, with `failed: Re-Authentication Failure` a refused
  try. When the backend cannot be reached the try was not refused for its credentials: it ends as `backend_down`.
* `Closing session` tells the bytes after the login (sent ones without the answer to the login), not how it ended:
  `Timeout piping data.` before it does, and after a reset there is no such line, so no bytes (lower bound).
* `Closing NULL session` is a QUIT before the login, `Fatal Error reading authentication information` a client that
  left.
* The name stands in quotes and may hold any text: the last `server=` and `status=` count.
"""

from collections.abc import Sequence

from exporter.catalogue import Quality, Reason
from exporter.formats.contract import Documentation
from exporter.formats.tabled import Tabled, connect
from exporter.formats.wording import Meaning, Outcome, Rule, Wording, number, qualities
from exporter.model import Fact, Kind, Record, Verdict

PROGRAMS = frozenset((b"perdition.pop3", b"perdition.pop3s", b"perdition"))

_PEERS = rb"\[?([0-9A-Fa-f:.]{2,45}?)\]?(?::\d{1,5})?->[^ ]{1,80}"
_NAME = rb"(?: client-secure=[^ ]{1,40})?(?: authorisation_id=.{1,300}? authentication_id=| user=)\"(.*)\""


def _auth(groups: Sequence[bytes | None], record: Record) -> Outcome:
    address, user, status = groups
    assert status is not None
    if status == b"ok":
        return Fact(Kind.LOGIN, record.pid, user, address)
    if b"connect to server" in status:
        return Fact(Kind.REFUSAL, record.pid, user, address, Reason.BACKEND_DOWN)
    return Fact(Kind.FAILURE, record.pid, user, address)


def _closing(groups: Sequence[bytes | None], record: Record) -> Outcome:
    address, user, received, sent = groups
    return Fact(Kind.END, record.pid, user, address, Reason.UNSPECIFIED, received=number(received), sent=number(sent))


def _end(reason: Reason) -> Meaning:
    return lambda groups, record: Fact(Kind.END, record.pid, address=groups[0] if groups else None, reason=reason)


WORDING = Wording(
    Rule("connect", rb"Connect: +" + _PEERS, connect),
    Rule(
        "auth",
        rb"Auth: +"
        + _PEERS
        + _NAME
        + rb" server=\"[^\"]{0,300}\"(?: port=\"[^\"]{0,20}\"|[^\"]{0,200}) status=\"([^\"]{0,300})\"",
        _auth,
    ),
    Rule("closing", rb"(?:Closing session|Close): +" + _PEERS + _NAME + rb" received=(\d+) sent=(\d+)", _closing),
    Rule("quit-before-login", rb"Closing NULL session: +" + _PEERS + rb" .{0,1000}", _end(Reason.LOGOUT)),
    Rule(
        "left-before-login",
        rb"Fatal Error reading authentication information from client " + _PEERS + rb": Exiting child",
        _end(Reason.CLOSED),
    ),
    Rule(
        "timeout-before-login",
        rb"Fatal Error: Timeout reading authentication information from client " + _PEERS + rb": Exiting child",
        _end(Reason.TIMEOUT),
    ),
    Rule("timeout", rb"Timeout piping data\.", _end(Reason.TIMEOUT)),
    Rule("reset", rb"Fatal error piping data\. Exiting child\.", _end(Reason.RESET)),
    Rule("exiting", rb"Exiting on signal \d+|Caught SIG.*|Reaping children.*", Verdict.IGNORED),
    Rule("started", rb"Starting perdition version=.*", Fact(Kind.RESTART)),
    Rule("dump", rb"(?:CLIENT|SELF|REAL): .*|version=.*|(?:Resusing|Reusing) .*", Verdict.IGNORED),
)


PERDITION = Tabled(
    name="perdition",
    programs=PROGRAMS,
    # The time-out of the session is set by the operator, 1800 s by default.
    idle_seconds=1860,
    quality=qualities(
        connections=Quality.EXACT,
        blocked=Quality.NONE,
        bad_commands=Quality.NONE,
        terminations=Quality.LOWER_BOUND,
        logins=Quality.EXACT,
        failures=Quality.LOWER_BOUND,
        bytes_=Quality.LOWER_BOUND,
    ),
    wording=WORDING,
    documentation=Documentation(
        servers="perdition (2.2; `Close:` of 1.x from public logs)",
        measured=True,
        deciding_lines='`Auth:` with `status="ok"`; else `Closing NULL session` or `Fatal Error`; else the expiry',
        bytes_cover="after the login; none of a session that was reset",
    ),
)
