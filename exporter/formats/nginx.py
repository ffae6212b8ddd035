"""nginx as a mail proxy: its error log at level info, from the file or through syslog.

Facts: nginx 1.22.1 (Debian 12), run and compared with what its clients did; lines of SMTP and IMAP ports from public
logs; the rarer wordings from the source of 1.5 to 1.29; Zimbra's nginx 1.24.0, built from its packages and run.

* `*N` joins the lines of a connection; worker and N are the key. `connected to` is the connection.
* A client that quits or leaves before its login is not logged: its connection expires. `proxied session done` does not
  say whether the client quit, the client left, or the backend closed the connection.
* No bytes, and bad commands only by the limit (`max_errors`) and the length of a command.
* The log does not name the protocol: connections to ports of SMTP and IMAP (25, 465, 587, 143, 993, also with thousands
  before, as 10025 or 11143) are ignored.
* Zimbra's nginx writes the client's port everywhere, and both connections after the upstream. It looks up the account
  itself: `An error occurred in mail zmauth` is the refused attempt; its `zm lookup` lines add nothing.
* A backend that answers the login with `-ERR` refuses it: for the credentials, unless the answer says otherwise.
* Names are written as they are: one with a newline breaks the line in two, and what follows can look like any line.
  Through syslog, newlines are escaped; with the file, such names can forge lines.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from exporter.catalogue import Quality, Reason
from exporter.formats.contract import Documentation, Qualities
from exporter.formats.nginx_tail import CLIENT, SERVER, TAIL, WHILE, address, connected, of_other_service, tailed
from exporter.formats.nginx_zimbra import RULES as ZIMBRA
from exporter.formats.wording import Outcome, Rule, Wording, qualities
from exporter.keys import Keys
from exporter.model import Fact, Kind, Record, Verdict

_HEAD = re.compile(
    rb"(?:(?:[\w.-]{1,64}: +)?\d{4}/\d\d/\d\d \d\d:\d\d:\d\d )?\[[a-z]{4,6}\] (\d{1,10})#\d{1,10}: (?:\*(\d{1,19}) )?"
)
# What a backend answers when it refuses a login for another reason than the credentials, lower case.
_REFUSALS = (
    (b"[in-use]", Reason.MAILBOX_LOCKED),
    (b"locked", Reason.MAILBOX_LOCKED),
    (b"[login-delay]", Reason.RATE_LIMIT),
    (b"[sys/", Reason.BACKEND_DOWN),
    (b"too many connections", Reason.CONNECTION_LIMIT),
    (b"number of connections", Reason.CONNECTION_LIMIT),
    (b"disabled", Reason.ACCOUNT_DISABLED),
)


def _refused(groups: Sequence[bytes | None], record: Record) -> Outcome:
    """The backend's answer to the login; then nginx hangs up."""
    answer, client, port, user = groups
    if of_other_service(port):
        return Verdict.IGNORED
    text = (answer or b"").lower()
    reason = next((reason for words, reason in _REFUSALS if words in text), Reason.LOGIN_FAILURES)
    failures = int(reason is Reason.LOGIN_FAILURES)
    return Fact(Kind.END, record.pid, user or None, address(client), reason, failures=failures)


_TO_UPSTREAM = (
    rb"(?: while (?:reading response from|connecting to|sending [A-Za-z0-9 /-]{1,60} to|SSL handshaking to) upstream"
    rb"| while proxying and [a-z ]{1,40} upstream| while in http auth state| while in mail zmauth state)"
)

WORDING = Wording(
    Rule("connected", rb"client " + CLIENT + rb" connected to " + SERVER, connected),
    Rule("login", rb"client logged in" + TAIL, tailed(Kind.LOGIN)),
    Rule("done", rb"proxied session done" + TAIL, tailed(Kind.END, Reason.UNSPECIFIED, ok=True)),
    Rule("failed", rb"client login failed: \"[^\"]{0,500}\"" + WHILE + TAIL, tailed(Kind.FAILURE)),
    Rule(
        "form",
        rb"client sent invalid [A-Za-z0-9 -]{1,40} in [A-Z0-9 -]{1,30} command" + WHILE + TAIL,
        tailed(Kind.FAILURE),
    ),
    Rule(
        "bad-commands",
        rb"client sent too many invalid commands" + WHILE + TAIL,
        tailed(Kind.END, Reason.BAD_COMMANDS, bad_commands=1),
    ),
    Rule(
        "too-long",
        rb"client sent too long command \"(?:.{0,2048}\"" + WHILE + TAIL + rb"|.*)",
        tailed(Kind.END, Reason.LINE_TOO_LONG, bad_commands=1),
    ),
    Rule(
        "timeout",
        rb"(?:client|upstream|proxied session) timed out(?: \([^)]{1,100}\))?"
        rb"(?:(?! while proxying)" + WHILE + rb")?" + TAIL,
        tailed(Kind.END, Reason.TIMEOUT),
    ),
    Rule(
        "idle",
        rb"(?:client|upstream) timed out(?: \([^)]{1,100}\))? while proxying[a-z ]{0,60}" + TAIL,
        tailed(Kind.END, Reason.TIMEOUT, ok=True),
    ),
    Rule("shutdown", rb"shutdown timeout while proxying" + TAIL, tailed(Kind.END, Reason.SHUTDOWN, ok=True)),
    Rule(
        "reset",
        rb"(?:recv|send|writev)\(\) failed \([^)]{1,100}\)"
        rb"(?: while in auth state| while in starttls state| while sending client greeting line"
        rb"| while SSL handshaking| while reading PROXY protocol)" + TAIL,
        tailed(Kind.END, Reason.RESET),
    ),
    Rule(
        "reset-after-login",
        rb"(?:recv|send|writev|SSL_(?:read|write)|SSL_shutdown)\(\) failed \([^)]{1,300}\) while proxying"
        rb"(?: and [a-z ]{1,40} client)?" + TAIL,
        tailed(Kind.END, Reason.RESET, ok=True),
    ),
    Rule(
        "refused",
        rb"upstream sent invalid response: \"-ERR(.{0,500})\" while reading response from upstream" + TAIL,
        _refused,
    ),
    Rule(
        "backend",
        rb"(?:(?:recv|send|connect|writev|SSL_[a-z_]{1,20})\(\) failed \([^)]{1,300}\)"
        rb"|upstream (?!timed out|sent invalid response: \"-ERR)[^\"]{1,100}(?:\".{0,500}\")?|no live upstreams"
        rb"|peer closed connection in SSL handshake|could not send PROXY protocol header at once|no password available)"
        + _TO_UPSTREAM + TAIL,
        tailed(Kind.END, Reason.BACKEND_DOWN),
    ),
    Rule(
        "auth-server",
        rb"auth http server [^ ]{1,255} (?:timed out|sent|did not)[^\"]{0,200}(?:\".{0,500}\")?" + WHILE + TAIL,
        tailed(Kind.END, Reason.BACKEND_DOWN),
    ),
    Rule(
        "handshake",
        rb"(?:SSL_(?:do_handshake|read|shutdown)\(\) failed|peer closed connection in SSL handshake)"
        rb"[^\"]{0,500}? while (?:SSL handshaking|in starttls state)" + TAIL,
        tailed(Kind.END, Reason.TLS_FAILED),
    ),
    Rule(
        "certificate",
        rb"client (?:sent no required SSL certificate|SSL certificate verify error: \(.{0,200}\))" + WHILE + TAIL,
        tailed(Kind.END, Reason.POLICY),
    ),
    Rule(
        "proxy-protocol",
        rb"broken header: \".{0,500}\" while reading PROXY protocol" + TAIL,
        tailed(Kind.END, Reason.UNSPECIFIED),
    ),
    Rule(
        "resolving",
        rb"(?:[^ ]{1,255} could not be resolved .{1,200}|[^ ]{1,255} resolved to invalid host name .{1,300}) while in "
        rb"resolving client (?:address|hostname)" + TAIL,
        Verdict.IGNORED,
    ),
    Rule(
        "web",
        rb"(?!.*, login: \").{0,1000}, client: [^ ,]{1,45}, server: [^,:]{0,255}, request: \".*",
        Verdict.IGNORED,
    ),
    *ZIMBRA,
)  # fmt: skip
_STARTED = re.compile(rb"nginx/\d[\d.]{0,20}(?: .{0,80})?")
# What the processes log about themselves and about web requests.
_OF_NO_CONNECTION = re.compile(
    rb"using the \"|built by |OS: |getrlimit|start (?:worker process|cache |privileged)"
    rb"|(?:gracefully )?(?:exit|shutting)"
    rb"|signal \d|worker process \d|cache manager process \d|unknown process \d|(?:cache )?loader process|reconfiguring"
    rb"|reopen|changing binary|new binary|sched_setaffinity|\d{1,10} worker_connections|http file cache"
    rb"|conflicting server"
    rb"|could not build|could not open error log|using inherited sockets|oldpid|OCSP "
    rb"|\"ssl_stapling\" ignored|the \"|duplicate "
    rb"|low address bits|protocol options redefined|memcache|ngx_mc_log|zm lookup|[a-z_]{2,20}\(\) (?:\"|to |failed)"
    rb"|open socket #|aborting|still could not bind|ssl_|host not found|invalid |unknown directive|no \""
    rb"|cannot |nginx was"
    rb"|\[upstream_fair\]|shared memory zone|slab|could not be resolved|unexpected (?:response|AAAA|A )"
    rb"|access forbidden"
    # Zimbra's, before it has the connection.
    rb"|(?:retry to )?check (?:ip|user) throttle:|(?:ip|user) throttle:.{0,255} (?:allow|not found|counter created)\b"
    rb"|create a throttle counter|throttle allowing|counter for |allowing (?:ip|user) "
    rb"|no whitelisted ips|whitelisting ip"
    rb"|ngx_mail_throttle_|All nginx lookup handlers|unkown command for the memcache"
)


def split(message: bytes) -> tuple[bytes, bytes, bytes]:
    """Worker, connection number (empty: no connection) and the rest; all empty if nginx did not write the line."""
    head = _HEAD.match(message)
    if head is None:
        return b"", b"", b""
    return head[1], head[2] or b"", message[head.end() :]


class Nginx:
    """The mail module of nginx."""

    name = "nginx"
    # `timeout` is 60 s before the login; afterwards nothing is logged for as long as the session lasts.
    idle_seconds = 660
    keys = Keys()
    shows_login = True
    quality = qualities(
        connections=Quality.EXACT,
        blocked=Quality.LOWER_BOUND,
        bad_commands=Quality.LOWER_BOUND,
        terminations=Quality.LOWER_BOUND,
        logins=Quality.EXACT,
        failures=Quality.LOWER_BOUND,
        bytes_=Quality.NONE,
    )
    traits: Mapping[str, Qualities] = MappingProxyType({})
    wording = WORDING
    documentation = Documentation(
        servers="nginx mail proxy (1.22.1), and Zimbra's (1.24.0)",
        measured=True,
        deciding_lines="`client logged in`; else `timed out`, `too many invalid commands`, `too long command`, a "
        "failed handshake or backend; else the expiry",
        bytes_cover="not logged",
        advice={"": "set error_log to level info and send it through syslog, which escapes newlines in names"},
    )

    def read(self, record: Record) -> Outcome:
        """The line's fact; its head is nginx' own, whatever the program is called."""
        worker, number, rest = split(record.message)
        if not worker:
            return Verdict.UNMATCHED if record.program in (b"", b"nginx") else Verdict.IGNORED
        if not number:
            if _STARTED.fullmatch(rest):
                return Fact(Kind.RESTART)
            return Verdict.IGNORED if _OF_NO_CONNECTION.match(rest) else Verdict.UNMATCHED
        inner = Record(record.stamp, record.host, record.program, worker + b"*" + number, rest)
        return WORDING.read(inner) or Verdict.UNMATCHED

    def recognises(self, record: Record) -> bool:
        """Whether only the mail module writes such a line."""
        _, number, rest = split(record.message)
        return number != b"" and WORDING.rule(rest) in _TELLING


_TELLING = frozenset(("connected", "login", "done", "failed"))
