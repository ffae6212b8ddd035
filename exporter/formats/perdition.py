"""perdition, the POP3 proxy.

Facts: perdition 2.2 (Debian 12), run and compared with what its clients did; older versions and the rarer lines from
the source of 0.1.8 to 2.2 (perdition.c). One process serves one connection: the pid joins its lines.

* `Connect:` is the connection; `Auth:` with `status="ok"` the login, with `failed: Re-Authentication Failure` a refused
  attempt. If the backend cannot be reached, the attempt was not refused for its credentials: it ends as `backend_down`;
  and `Login Disabled` (TLS is required, or logins are turned off) is a refusal by policy.
* The login's line is written again every `connect_relog` seconds (300 by default) while the session lasts: a reminder.
* `Closing session` has the bytes after the login (sent bytes without the answer to the login), but not how the session
  ended: `Timeout piping data.` before it does, and after a reset there is no such line, so no bytes (lower bound).
* `Closing NULL session` is a QUIT before the login, `Fatal Error reading authentication information` a client that
  left.
* The name stands in quotes and may hold any text: the last `server=` and `status=` count.
* A handshake that failed on POP3S or after STLS has its own line; other `Fatal error` lines end the connection.
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
_SERVER = rb" server=\"[^\"]{0,300}\"(?: port=\"[^\"]{0,20}\"|[^\"]{0,200})(?: status=\"([^\"]{0,300})\")?"
# Until 1.17 it stands in quotes, followed by a blank.
_OLD_PEERS = rb"\"?" + _PEERS + rb"(?: \")?"
# Words of a failed status that do not mean the credentials.
_REFUSALS = (
    (b"Login Disabled", Reason.POLICY),
    (b"connect to server", Reason.BACKEND_DOWN),
    (b"Negotiation Failure", Reason.BACKEND_DOWN),
    (b"TLS not present", Reason.BACKEND_DOWN),
    (b"SASL mechanism unavailable", Reason.BACKEND_DOWN),
)


def _name(quoted: bytes | None) -> bytes | None:
    """With `log_passwd` the password follows the name: it is never taken for a part of it."""
    return quoted and quoted.partition(b'" passwd="')[0]


def _auth(groups: Sequence[bytes | None], record: Record) -> Outcome:
    address, quoted, status = groups
    user = _name(quoted)
    if status is None or status == b"ok":  # the first versions log no others
        return Fact(Kind.LOGIN, record.pid, user, address, ok=True)
    for words, reason in _REFUSALS:
        if words in status:
            return Fact(Kind.REFUSAL, record.pid, user, address, reason)
    return Fact(Kind.FAILURE, record.pid, user, address)


def _connect_for(groups: Sequence[bytes | None], record: Record) -> Outcome:
    return Fact(Kind.CONNECT, record.pid, groups[1], groups[0])


def _failed(groups: Sequence[bytes | None], record: Record) -> Outcome:
    return Fact(Kind.FAILURE, record.pid, groups[0])


def _closing(groups: Sequence[bytes | None], record: Record) -> Outcome:
    address, user, received, sent = groups
    fact = Fact(Kind.END, record.pid, user, address, Reason.UNSPECIFIED, ok=True)
    return fact._replace(received=number(received), sent=number(sent))


def _end(reason: Reason, ok: bool | None = None) -> Meaning:  # noqa: FBT001 - as in the Fact
    return lambda groups, record: Fact(
        Kind.END, record.pid, address=groups[0] if groups else None, reason=reason, ok=ok
    )


WORDING = Wording(
    # 0.1.8: before the login is tried at the backend.
    Rule("connect-old", rb"Connect: +" + _PEERS + _NAME + _SERVER, _connect_for),
    Rule("failed-old", rb"Fail reauthentication for user (.*)", _failed),
    Rule("closing-old", rb"Closing: +" + _PEERS + rb" user=(.*) (\d+) (\d+)", _closing),
    Rule("connect", rb"Connect: +" + _PEERS + rb"(?: inetd_pid=\d{1,10})?", connect),
    Rule("auth", rb"Auth: +" + _PEERS + _NAME + _SERVER, _auth),
    Rule("closing", rb"(?:Closing session|Close): +" + _PEERS + _NAME + rb" received=(\d+) sent=(\d+)", _closing),
    Rule("quit-before-login", rb"Closing NULL session: +" + _PEERS + rb" .{0,1000}", _end(Reason.LOGOUT)),
    Rule(
        "left-before-login",
        rb"Fatal Error reading authentication information from client " + _OLD_PEERS + rb": Exiting child",
        _end(Reason.CLOSED),
    ),
    Rule(
        "timeout-before-login",
        rb"Fatal Error: Timeout reading authentication information from client " + _OLD_PEERS + rb": Exiting child",
        _end(Reason.TIMEOUT),
    ),
    Rule(
        "handshake",
        rb"Fatal error establishing (?:SSL connection to client|TLS connection)",
        _end(Reason.TLS_FAILED),
    ),
    Rule("greeting", rb"Fatal error writing to client " + _PEERS + rb"\. ?Exiting child\.", _end(Reason.RESET)),
    Rule("left", rb"Fatal error writing to client\. Exiting child\.", _end(Reason.RESET)),
    Rule(
        "authenticating-timeout", rb"Fatal error: Timeout authenticating user\. Exiting child\.", _end(Reason.TIMEOUT)
    ),
    Rule(
        "backend",
        rb"Fatal error (?:negotiating setup\. Exiting child\.|authenticating user\. Exiting child\."
        rb"|establishing SSL connection)",
        _end(Reason.BACKEND_DOWN),
    ),
    Rule(
        "internal",
        rb"Fatal error (?:manipulating username for client \".{0,300}\": ?Exiting child"
        rb"|authenticating to client locally\. Exiting child\.|allocating memory\. Exiting child\.)",
        _end(Reason.INTERNAL_ERROR),
    ),
    # In both, the process may be the one that listens.
    Rule(
        "process",
        rb"Fatal error (?:setting (?:IO|group and userid)|formatting (?:peer|sock)name|reopening: .{1,300}\."
        rb"|allocating memory\.(?! Exiting child))\.?(?: Exiting(?: child)?\.)?",
        lambda _, record: Fact(Kind.END, record.pid, reason=Reason.INTERNAL_ERROR, tentative=True),
    ),
    Rule("timeout", rb"Timeout piping data\.", _end(Reason.TIMEOUT, ok=True)),
    Rule("reset", rb"Fatal error piping data\. Exiting child\.", _end(Reason.RESET, ok=True)),
    # The line of the refused attempt comes with it.
    Rule("local", rb"Local authentication failure for client: Allowing retry\.", Verdict.IGNORED),
    Rule("exiting", rb"Exiting on signal \d+|Caught SIG.*|Reaping children.*", Verdict.IGNORED),
    Rule("started", rb"Starting perdition version=.*", Fact(Kind.RESTART)),
    Rule(
        "start",
        rb"Fatal error (?:listening for connections|accepting child connection|finding (?:port|uname)|initialising "
        rb"|logging options|opening logger|establishing SSL context).*"
        rb"|(?:Reopened logger|Reloading map library|Warning: not invoked as root|Could not (?:write|remove) pid file"
        rb"|Removed stale pid-file|dlopen of ).*",
        Verdict.IGNORED,
    ),
    # With `debug`: the name of the function, and the dialogue.
    Rule(
        "debug",
        rb"(?:main|greeting|getserver|read_line|username_mangle|write_pid_file|(?:__)?(?:perdition|pop3|io|token|vanessa"
        rb"|protocol|auth|ssl|str|options|log|config_file|unix_socket)_[a-z0-9_]{1,60}): .*",
        Verdict.IGNORED,
    ),
    Rule(
        "dump",
        rb"(?:CLIENT|SELF|REAL): .*|version=.*|(?:Resusing|Reusing) .*|SSL connection using .*"
        rb"|(?:subject|issuer|depth):.*|(?:warning|error): [a-z].*",
        Verdict.IGNORED,
    ),
)


PERDITION = Tabled(
    name="perdition",
    by_process=True,
    programs=PROGRAMS,
    # The operator sets the time-out of the session, 1800 s by default.
    idle_seconds=1860,
    quality=qualities(
        connections=Quality.EXACT,
        blocked=Quality.LOWER_BOUND,
        bad_commands=Quality.NONE,
        terminations=Quality.LOWER_BOUND,
        logins=Quality.EXACT,
        failures=Quality.LOWER_BOUND,
        bytes_=Quality.LOWER_BOUND,
    ),
    wording=WORDING,
    documentation=Documentation(
        servers="perdition (2.2; older wordings from its source)",
        measured=True,
        deciding_lines='`Auth:` with `status="ok"`; else `Closing NULL session` or `Fatal Error`; else the expiry',
        bytes_cover="after the login; missing for sessions that were reset",
    ),
)
