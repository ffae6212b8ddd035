"""solid-pop3d.

Facts: solid-pop3d 0.15 (Debian 12), run and compared with what its clients did; limits and `root login` from its
strings.

* `connect from` is the connection. After the login the pid ties the lines; before it a child process writes the end
  (`session ended - IP`, `wrong commands limit exceeded`, `autologout`), which belongs to the connection of that
  address. A client that leaves before its login leaves no line: it expires.
* After one refused try the server hangs up: one line is the failure and the end. AUTH, which it does not have, is
  not logged.
* The limit of wrong commands is the only line about them: at least one.
* One `per source limit exceeded` may stand for many connections: blocked is a lower bound.
* With virtual hosts names are logged without their domain. No bytes, no TLS. rsyslog writes control bytes as `#011`.
"""

from collections.abc import Sequence

from exporter.catalogue import Quality, Reason
from exporter.formats.contract import Documentation
from exporter.formats.tabled import IP, Tabled, login, whole
from exporter.formats.wording import Meaning, Outcome, Rule, Wording, qualities
from exporter.model import Fact, Kind, Record, Verdict


def _connect(groups: Sequence[bytes | None], record: Record) -> Outcome:
    return Fact(Kind.CONNECT, record.pid, address=groups[0], by_address=True)


def _failed(groups: Sequence[bytes | None], record: Record) -> Outcome:
    user, address = groups
    return Fact(Kind.END, record.pid, user or None, address, Reason.LOGIN_FAILURES, failures=1, by_address=True)


def _end(reason: Reason, bad_commands: int = 0) -> Meaning:
    """Ends with the name or without it before the address."""

    def meaning(groups: Sequence[bytes | None], record: Record) -> Outcome:
        user = groups[0] if len(groups) > 1 else None
        return Fact(Kind.END, record.pid, user or None, groups[-1], reason, bad_commands=bad_commands, by_address=True)

    return meaning


def _broken(reason: Reason) -> Meaning:
    """Lines with neither name nor address, possibly of a child: they say something of a known pid only."""
    return lambda _, record: Fact(Kind.END, record.pid, reason=reason, tentative=True)


WORDING = Wording(
    Rule("connect", rb"connect from " + IP, _connect),
    Rule("login", rb"user (.*) authenticated(?: through APOP)?(?:,? \(?mapped user [^ ]{1,255})? - " + IP, login),
    Rule("failed", rb"(?:APOP )?authentication failed for user (.*) - " + IP, _failed),
    Rule("no-such-user", rb"authentication failed: no such user: (.*) - " + IP, _failed),
    Rule("no-secret", rb"can't find APOP secret for user (.*) - " + IP, _failed),
    Rule("root", rb"root login not allowed - " + IP, _end(Reason.POLICY)),
    Rule("quit", rb"session ended for user (.*) - " + IP, _end(Reason.LOGOUT)),
    Rule("quit-before-login", rb"session ended - " + IP, _end(Reason.LOGOUT)),
    Rule("bad-commands", rb"wrong commands limit exceeded - " + IP, _end(Reason.BAD_COMMANDS, 1)),
    Rule("timeout", rb"autologout time elapsed for user (.*) - " + IP, _end(Reason.TIMEOUT)),
    Rule(
        "broken", rb"(?:maildrop: )?(?:(?:read|write): .*|can't (?:write to|read from) socket)", _broken(Reason.RESET)
    ),
    Rule(
        "maildrop",
        rb"maildrop: (?!(?:read|write): |can't (?:write to|read from) socket$).*",
        _broken(Reason.MAILBOX_ERROR),
    ),
    Rule("limit", rb"(?:per source|session) limit exceeded: " + IP, whole(Reason.CONNECTION_LIMIT)),
    Rule("statistics", rb"Stats: .*|can't open or create file: .*", Verdict.IGNORED),
    Rule("pam", rb"pam_[a-z]+\(solid-pop3d:.*", Verdict.IGNORED),
)


SOLID_POP3D = Tabled(
    name="solid-pop3d",
    programs=frozenset((b"solid-pop3d", b"spop3d")),
    # AutoLogoutTime is 10 minutes by default.
    idle_seconds=660,
    quality=qualities(
        connections=Quality.EXACT,
        blocked=Quality.LOWER_BOUND,
        bad_commands=Quality.LOWER_BOUND,
        terminations=Quality.EXACT,
        logins=Quality.EXACT,
        failures=Quality.LOWER_BOUND,
        bytes_=Quality.NONE,
    ),
    wording=WORDING,
    documentation=Documentation(
        servers="solid-pop3d (0.15)",
        measured=True,
        deciding_lines="`authenticated`; else `authentication failed`, `session ended`, `autologout`, `wrong commands "
        "limit exceeded` or `limit exceeded`; else the expiry",
        bytes_cover="not logged",
    ),
)
