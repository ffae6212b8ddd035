"""The ipop3d of UW IMAP.

Facts: lines in public logs, the rules of log watchers, and the source of 2007f (ipop3d.c, env_unix.c, ssl_unix.c). Not
run here.

* One process serves one connection: the pid joins its lines. `service init from` is the connection; tcp wrappers'
  `connect from` and `refused connect from` come under the same program.
* `Login user=` and `Auth user=` are logins, `Login failed` and `Login failure` failures, and so is each attempt after
  too many (`excessive login failures`) or with too long a name. `Login disabled` requires TLS.
* `Error opening or locking INBOX` follows right credentials, and is followed by `Login user=.. no mailbox`: a login
  that could not be used.
* `Logout` is a QUIT; every other end names its cause. No bytes, no bad commands.
"""

from collections.abc import Sequence

from exporter.catalogue import Quality, Reason
from exporter.formats.contract import Documentation
from exporter.formats.tabled import Tabled, connect
from exporter.formats.wording import Meaning, Outcome, Rule, Wording, qualities
from exporter.model import Fact, Kind, Record, Verdict

PROGRAMS = frozenset((b"ipop3d", b"ipop2d", b"ipop3sd"))

# `host=` is cut at 80 characters, sometimes in the middle of an address.
_HOST = rb" host=(?:[^ \[]{1,255} ?)?(?:\[([0-9A-Fa-f:.]{2,45})\]|\[[0-9A-Fa-f:.]{0,45})?"
_USER = rb" user=(.*)"
_ENDS = {
    b"Connection reset by peer": Reason.RESET,
    b"Connection timed out": Reason.RESET,
    b"Broken pipe": Reason.RESET,
}


def _name(user: bytes | None) -> bytes | None:
    """`user=NAME auth=NAME` also logs who logs in on behalf of whom, usually the same."""
    name = (user or b"").rpartition(b" auth=")[0] or user
    return None if name in (b"???", b"") else name


def _named(kind: Kind, reason: Reason | None = None, *, ok: bool | None = None) -> Meaning:
    """Lines with a user and a host."""

    def meaning(groups: Sequence[bytes | None], record: Record) -> Outcome:
        user, address = groups
        return Fact(kind, record.pid, _name(user), address, reason, ok=ok)

    return meaning


def _nameless_failure(groups: Sequence[bytes | None], record: Record) -> Outcome:
    return Fact(Kind.FAILURE, record.pid, address=groups[0])


def _broken(groups: Sequence[bytes | None], record: Record) -> Outcome:
    cause, user, address = groups
    reason = _ENDS.get(cause or b"", Reason.CLOSED)
    return Fact(Kind.END, record.pid, _name(user), address, reason)


def _denied(groups: Sequence[bytes | None], record: Record) -> Outcome:
    return Fact(Kind.END, record.pid, address=groups[0], reason=Reason.ACCESS_LIST)


def _no_handshake(groups: Sequence[bytes | None], record: Record) -> Outcome:
    return Fact(Kind.END, record.pid, address=groups[0], reason=Reason.TLS_FAILED)


_FROM = rb"(?:[^ \[(]{1,255} )?[\[(]?([0-9A-Fa-f:.]{2,45})[\])]?\s?"
_LOGIN = rb"(?:Admin )?(?:Login|Auth|APOP|Authenticated)"

WORDING = Wording(
    Rule("init", rb"(?:(?:pop[23]s? (?:SSL )?|port \d{1,5} )service init|connect) from " + _FROM, connect),
    Rule("login", _LOGIN + _USER + _HOST + rb"(?: nmsgs=\d+/\d+)?", _named(Kind.LOGIN)),
    Rule("no-mailbox", _LOGIN + _USER + _HOST + rb" no mailbox", _named(Kind.LOGIN, Reason.MAILBOX_ERROR)),
    # Before that line, or after `IMAP login`.
    Rule("inbox", rb"Error opening or locking INBOX" + _USER + _HOST, _named(Kind.REFUSAL, Reason.MAILBOX_ERROR)),
    Rule("proxied", rb"IMAP login to host=.{1,100}" + _USER + _HOST, _named(Kind.LOGIN)),
    Rule(
        "failed",
        rb"(?:Login|APOP) (?:fail(?:ed|ure)|excessive login failures|SYSTEM BREAK-IN ATTEMPT)" + _USER + _HOST,
        _named(Kind.FAILURE),
    ),
    # The mechanism is the client's text.
    Rule("failed-auth", rb"AUTHENTICATE .{0,512} failure" + _HOST, _nameless_failure),
    Rule("disabled", rb"Login disabled" + _USER + _HOST, _named(Kind.REFUSAL, Reason.TLS_REQUIRED)),
    Rule("quit", rb"Logout" + _USER + _HOST, _named(Kind.END, Reason.LOGOUT)),
    Rule("logout", rb"Logout" + _USER + _HOST + rb" nmsgs=\d+ ndele=\d+", _named(Kind.END, Reason.LOGOUT, ok=True)),
    Rule("autologout", rb"Autologout" + _USER + _HOST, _named(Kind.END, Reason.TIMEOUT)),
    Rule("killed", rb"(?:Killed|Hangup|Terminated)[^=]{0,100}?" + _USER + _HOST, _named(Kind.END, Reason.KILLED)),
    Rule("closed", rb"Mailbox closed \(.{0,100}\)" + _USER + _HOST, _named(Kind.END, Reason.MAILBOX_ERROR, ok=True)),
    Rule(
        "broken",
        rb"([Cc]ommand stream end of file|Unexpected client disconnect|Connection reset by peer|Connection timed out"
        rb"|Broken pipe|[A-Z][A-Za-z/ ]{1,60}),? while reading (?:line|literal|char|authentication|auth char)"
        + _USER
        + _HOST,
        _broken,
    ),
    Rule("handshake", rb"Unable to (?:accept|create) SSL connection," + _HOST, _no_handshake),
    Rule("denied", rb"refused connect from " + _FROM, _denied),
    # In every session that ends with QUIT, before `Logout`.
    Rule("update", rb"Update" + _USER + _HOST + rb" nmsgs=\d+ ndele=\d+ nseen=\d+", Verdict.IGNORED),
    Rule(
        "certificate",
        rb"SSL error status: .*|Unable to (?:load (?:certificate|private key)|set cipher list|create SSL context"
        rb"|generate temp key).*",
        Verdict.IGNORED,
    ),
    Rule(
        "admin",
        rb"(?:Admin|Failed) .{1,100} override of user=.*|Login .{1,100} failed: unable to set chroot=.*",
        Verdict.IGNORED,
    ),
    Rule(
        "mailbox",
        rb"Moved \d+ bytes .*|Trying to get mailbox lock .*|Mailbox (?:is open by another process|vulnerable"
        rb"|lock file |"
        rb"open failed|shrank |unexpected |parse error|not open).*|Mail drop .*|New mail move failed.*"
        rb"|Unexpected changes to "
        rb"mailbox.*|Retrying after disk error.*|Fatal disk error.*|SECURITY PROBLEM: .*|Can't open mailbox .*"
        rb"|File .{1,200} are the same file!|Unable to (?:open|lock|get|read|write|create) mailbox.*",
        Verdict.IGNORED,
    ),
)


UW_IMAP = Tabled(
    name="uw-imap",
    by_process=True,
    programs=PROGRAMS,
    # It waits 30 minutes for a command, 3 minutes for the login.
    idle_seconds=1860,
    shows_login=False,
    quality=qualities(
        connections=Quality.EXACT,
        blocked=Quality.LOWER_BOUND,
        bad_commands=Quality.NONE,
        terminations=Quality.EXACT,
        logins=Quality.EXACT,
        failures=Quality.EXACT,
        bytes_=Quality.NONE,
    ),
    wording=WORDING,
    documentation=Documentation(
        servers="UW IMAP's ipop3d",
        measured=False,
        deciding_lines="`Login user=` or `Auth user=`; else `Logout`, `Autologout`, `while reading line` and the like; "
        "else the expiry",
        bytes_cover="not logged",
    ),
)
