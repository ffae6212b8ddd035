"""The ipop3d of UW IMAP.

Facts: lines in public logs, and the rules of log watchers for the rarer ones. Not run.

* One process serves one connection: the pid ties its lines. `service init from` is the connection; tcp wrappers'
  `connect from` and `refused connect from` come under the same program.
* `Login user=` and `Auth user=` are logins, `Login failed` and `Login failure` failures; `excessive login failures` is
  the last of them, and the end. `Login disabled` demands TLS.
* `Logout` is a QUIT; every other end names its cause. No bytes, no bad commands.
"""

from collections.abc import Sequence

from exporter.catalogue import Quality, Reason
from exporter.formats.contract import Documentation
from exporter.formats.tabled import Tabled, connect
from exporter.formats.wording import Meaning, Outcome, Rule, Wording, qualities
from exporter.model import Fact, Kind, Record, Verdict

PROGRAMS = frozenset((b"ipop3d", b"ipop2d"))

_HOST = rb" host=(?:[^ \[]{1,255} ?)?(?:\[([0-9A-Fa-f:.]{2,45})\])?"
_USER = rb" user=(.*)"
_ENDS = {
    b"Connection reset by peer": Reason.RESET,
    b"Connection timed out": Reason.RESET,
    b"Broken pipe": Reason.RESET,
}


def _name(user: bytes | None) -> bytes | None:
    """`user=NAME auth=NAME` also tells who would log in for whom, usually the same."""
    name = (user or b"").rpartition(b" auth=")[0] or user
    return None if name in (b"???", b"") else name


def _named(kind: Kind, reason: Reason | None = None, failures: int = 0) -> Meaning:
    """Lines with a user and a host."""

    def meaning(groups: Sequence[bytes | None], record: Record) -> Outcome:
        user, address = groups
        return Fact(kind, record.pid, _name(user), address, reason, failures=failures)

    return meaning


def _nameless_failure(groups: Sequence[bytes | None], record: Record) -> Outcome:
    return Fact(Kind.FAILURE, record.pid, address=groups[0])


def _broken(groups: Sequence[bytes | None], record: Record) -> Outcome:
    cause, user, address = groups
    reason = _ENDS.get(cause or b"", Reason.CLOSED)
    return Fact(Kind.END, record.pid, _name(user), address, reason)


def _denied(groups: Sequence[bytes | None], record: Record) -> Outcome:
    return Fact(Kind.END, record.pid, address=groups[0], reason=Reason.ACCESS_LIST)


_FROM = rb"(?:[^ \[(]{1,255} )?[\[(]?([0-9A-Fa-f:.]{2,45})[\])]?"

WORDING = Wording(
    Rule("init", rb"(?:pop[23]s? (?:SSL )?service init|connect) from " + _FROM, connect),
    Rule("login", rb"(?:Login|Auth|APOP|Authenticated)" + _USER + _HOST + rb"(?: nmsgs=\d+/\d+)?", _named(Kind.LOGIN)),
    Rule("failed", rb"(?:Login|APOP) fail(?:ed|ure)" + _USER + _HOST, _named(Kind.FAILURE)),
    Rule("failed-auth", rb"AUTHENTICATE [A-Z0-9-]{1,30} failure" + _HOST, _nameless_failure),
    Rule(
        "excessive",
        rb"Login excessive login failures" + _USER + _HOST,
        _named(Kind.END, Reason.LOGIN_FAILURES, failures=1),
    ),
    Rule("disabled", rb"Login disabled" + _USER + _HOST, _named(Kind.REFUSAL, Reason.TLS_REQUIRED)),
    Rule("logout", rb"Logout" + _USER + _HOST + rb"(?: nmsgs=\d+ ndele=\d+)?", _named(Kind.END, Reason.LOGOUT)),
    Rule("autologout", rb"Autologout" + _USER + _HOST, _named(Kind.END, Reason.TIMEOUT)),
    Rule("killed", rb"(?:Killed|Hangup|Terminated)[^=]{0,100}?" + _USER + _HOST, _named(Kind.END, Reason.KILLED)),
    Rule(
        "broken",
        rb"(Command stream end of file|Connection reset by peer|Connection timed out|Broken pipe|[A-Z][a-z ]{1,40}),?"
        rb" while reading (?:line|literal|char)" + _USER + _HOST,
        _broken,
    ),
    Rule("inbox", rb"Error opening or locking INBOX" + _USER + _HOST, _named(Kind.END, Reason.MAILBOX_ERROR)),
    Rule("denied", rb"refused connect from " + _FROM, _denied),
    Rule("moved", rb"Moved \d+ bytes .*|Trying to get mailbox lock .*|Unable to .*|Mailbox .*", Verdict.IGNORED),
)


UW_IMAP = Tabled(
    name="uw-imap",
    programs=PROGRAMS,
    # It waits 30 minutes for a command, 3 minutes for the login.
    idle_seconds=1860,
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
