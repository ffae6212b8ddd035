"""nginx as a mail proxy: its error log at level info, from the file or through syslog.

Facts: nginx 1.22.1 (Debian 12), run and compared with what its clients did; lines of SMTP and IMAP ports from public
logs.

* `*N` ties the lines of a connection; worker and N are the key. `connected to` is the connection.
* A client that quits or leaves before its login leaves no line: it expires. `proxied session done` says neither whether
  the client quit, left, or the backend closed.
* No bytes, and bad commands only by the limit (`max_errors`) and the length of a command.
* The log does not name the protocol: connections to ports of SMTP and IMAP (25, 465, 587, 143, 993, also with thousands
  before, as 10025 or 11143) are not ours.
* Names are written as they are: one with a newline breaks the line in two, and what follows can look like any line.
  Through syslog newlines are escaped; the file cannot be trusted that far.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from exporter.catalogue import Quality, Reason
from exporter.formats.contract import Documentation, Qualities
from exporter.formats.wording import Meaning, Outcome, Rule, Wording, qualities
from exporter.model import Fact, Kind, Record, Verdict

# The ports of SMTP and IMAP; proxies in containers put thousands before them.
OTHER_PORTS = frozenset((25, 465, 587, 143, 993))
_THOUSAND = 1000

_HEAD = re.compile(
    rb"(?:(?:[\w.-]{1,64}: +)?\d{4}/\d\d/\d\d \d\d:\d\d:\d\d )?\[[a-z]{4,6}\] (\d{1,10})#\d{1,10}: (?:\*(\d{1,19}) )?"
)
_IP = rb"\[?([0-9A-Fa-f:.]{2,45})\]?"
_SERVER = rb"[^ ,\"]{1,255}:(\d{1,5})"
# A name with a newline ends the line early: then its closing quote is missing, and the name is no name.
_TAIL = (
    rb", client: " + _IP + rb"(?: using starttls)?, server: " + _SERVER
    + rb"(?:, login: \"(?:(.*)\"(?:, upstream: [^ ,\"]{1,255})?|[^\"]*))?"
)  # fmt: skip


def _other(port: bytes | None) -> bool:
    return port is not None and int(port) % _THOUSAND in OTHER_PORTS


def _connected(groups: Sequence[bytes | None], record: Record) -> Outcome:
    address, port = groups
    return Verdict.IGNORED if _other(port) else Fact(Kind.CONNECT, record.pid, address=address)


def _tailed(kind: Kind, reason: Reason | None = None, bad_commands: int = 0) -> Meaning:
    """Lines that end with client, server and login."""

    def meaning(groups: Sequence[bytes | None], record: Record) -> Outcome:
        address, port, user = groups
        if _other(port):
            return Verdict.IGNORED
        return Fact(kind, record.pid, user or None, address, reason, bad_commands=bad_commands)

    return meaning


_WHILE = rb" while [a-z ]{1,60}"

WORDING = Wording(
    Rule("connected", rb"client " + _IP + rb":\d{1,5} connected to " + _SERVER, _connected),
    Rule("login", rb"client logged in" + _TAIL, _tailed(Kind.LOGIN)),
    Rule("done", rb"proxied session done" + _TAIL, _tailed(Kind.END, Reason.UNSPECIFIED)),
    Rule("failed", rb"client login failed: \"[^\"]{0,500}\"" + _WHILE + _TAIL, _tailed(Kind.FAILURE)),
    Rule(
        "form",
        rb"client sent invalid [a-z0-9 ]{1,40} in [A-Z0-9 -]{1,30} command" + _WHILE + _TAIL,
        _tailed(Kind.FAILURE),
    ),
    Rule(
        "bad-commands",
        rb"client sent too many invalid commands" + _WHILE + _TAIL,
        _tailed(Kind.END, Reason.BAD_COMMANDS, bad_commands=1),
    ),
    Rule(
        "too-long",
        rb"client sent too long command \"(?:.{0,2048}\"" + _WHILE + _TAIL + rb"|.*)",
        _tailed(Kind.END, Reason.LINE_TOO_LONG, bad_commands=1),
    ),
    Rule(
        "timeout",
        rb"(?:client|upstream|proxied session) timed out(?: \([^)]{1,100}\))?(?:" + _WHILE + rb")?" + _TAIL,
        _tailed(Kind.END, Reason.TIMEOUT),
    ),
    Rule(
        "reset",
        rb"(?:recv|send|writev)\(\) failed \([^)]{1,100}\)"
        rb"(?: while in auth state| while proxying(?: and [a-z ]{1,40} client)?| while in starttls state)" + _TAIL,
        _tailed(Kind.END, Reason.RESET),
    ),
    Rule(
        "backend",
        rb"(?:(?:recv|send|connect|writev)\(\) failed \([^)]{1,100}\)"
        rb"|upstream (?!timed out)[^\"]{1,100}(?:\".{0,500}\")?)"
        rb"(?: while (?:reading|connecting|sending|logging)[a-z ]{1,60}| while proxying and [a-z ]{1,40} upstream"
        rb"| while in http auth state)" + _TAIL,
        _tailed(Kind.END, Reason.BACKEND_DOWN),
    ),
    Rule(
        "auth-server",
        rb"auth http server [^ ]{1,255} (?:timed out|sent|did not)[^\"]{0,200}(?:\".{0,500}\")?" + _WHILE + _TAIL,
        _tailed(Kind.END, Reason.BACKEND_DOWN),
    ),
    Rule(
        "handshake",
        rb"(?:SSL_(?:do_handshake|read|shutdown)\(\) failed|peer closed connection in SSL handshake)"
        rb"[^\"]{0,500}? while (?:SSL handshaking|in starttls state)" + _TAIL,
        _tailed(Kind.END, Reason.TLS_FAILED),
    ),
    Rule(
        "resolving",
        rb"[^ ]{1,255} could not be resolved .{1,200} while in resolving client address" + _TAIL,
        Verdict.IGNORED,
    ),
    Rule(
        "web",
        rb"(?!.*, login: \").{0,1000}, client: [^ ,]{1,45}, server: [^,:]{0,255}, request: \".*",
        Verdict.IGNORED,
    ),
)  # fmt: skip
_STARTED = re.compile(rb"nginx/\d[\d.]{0,20}(?: .{0,80})?")


def split(message: bytes) -> tuple[bytes, bytes, bytes]:
    """Worker, connection number (empty: of no connection) and the rest; all empty where it is no line of nginx."""
    head = _HEAD.match(message)
    if head is None:
        return b"", b"", b""
    return head[1], head[2] or b"", message[head.end() :]


class Nginx:
    """The mail module of nginx."""

    name = "nginx"
    # `timeout` is 60 s before the login; afterwards nothing is logged for as long as the session lasts.
    idle_seconds = 660
    keys_are_unique = False
    quality = qualities(
        connections=Quality.EXACT,
        blocked=Quality.NONE,
        bad_commands=Quality.LOWER_BOUND,
        terminations=Quality.LOWER_BOUND,
        logins=Quality.EXACT,
        failures=Quality.LOWER_BOUND,
        bytes_=Quality.NONE,
    )
    traits: Mapping[str, Qualities] = MappingProxyType({})
    wording = WORDING
    documentation = Documentation(
        servers="nginx mail proxy (1.22.1)",
        measured=True,
        deciding_lines="`client logged in`; else `timed out`, `too many invalid commands`, `too long command`, a "
        "failed handshake or backend; else the expiry",
        bytes_cover="not logged",
        advice={"": "error_log at level info; through syslog, where newlines in names are escaped"},
    )

    def read(self, record: Record) -> Outcome:
        """What the line says; the line's head is nginx' own, whatever the program is called."""
        worker, number, rest = split(record.message)
        if not worker:
            return Verdict.UNMATCHED if record.program in (b"", b"nginx") else Verdict.IGNORED
        if not number:
            return Fact(Kind.RESTART) if _STARTED.fullmatch(rest) else Verdict.IGNORED
        inner = Record(record.stamp, record.host, record.program, worker + b"*" + number, rest)
        return WORDING.read(inner) or Verdict.UNMATCHED

    def recognises(self, record: Record) -> bool:
        """Whether the line says what only the mail module says."""
        _, number, rest = split(record.message)
        return number != b"" and WORDING.rule(rest) in _TELLING


_TELLING = frozenset(("connected", "login", "done", "failed"))
