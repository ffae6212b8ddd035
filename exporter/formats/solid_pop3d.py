"""solid-pop3d.

Facts: solid-pop3d 0.15 (Debian 12), run and compared with what its clients did; limits, mapped users and errors from
its source.

* `connect from` is the connection. After the login the pid joins the lines; before it, a child process writes the end
  (`session ended - IP`, `wrong commands limit exceeded`, `autologout`), which belongs to the connection of that
  address. A client that leaves before its login is not logged: its connection expires.
* After one refused attempt the server hangs up: one line is the failure and the end. AUTH, which it does not have, is
  not logged.
* The limit of wrong commands is the only line about them: at least one.
* One `per source limit exceeded` may stand for many connections: blocked is a lower bound.
* With virtual hosts, names are logged without their domain. No bytes, no TLS. rsyslog writes control bytes as `#011`.
"""

import re
from collections.abc import Sequence

from exporter.catalogue import Quality, Reason
from exporter.formats.contract import Documentation
from exporter.formats.tabled import IP, Tabled, login, whole
from exporter.formats.wording import Meaning, Outcome, Rule, Wording, qualities
from exporter.model import Fact, Kind, Record, Verdict

# Builds without LOG_EXTEND leave out the client; with IP resolving, its name stands before the address.
_AT = rb" - (?:[^ ]{1,255} \()?" + IP + rb"\)?"
_CLIENT = rb"(?:" + _AT + rb")?"
_NAME_AT = re.compile(rb"(.*)" + _AT, re.DOTALL)


def _named(text: bytes | None) -> tuple[bytes | None, bytes | None]:
    """Name and address at a line's end; the last ` - ` counts."""
    found = _NAME_AT.fullmatch(text or b"")
    return (text or None, None) if found is None else (found[1] or None, found[2])


def _connect(groups: Sequence[bytes | None], record: Record) -> Outcome:
    return Fact(Kind.CONNECT, record.pid, address=groups[0], by_address=True)


def _failed(groups: Sequence[bytes | None], record: Record) -> Outcome:
    user, address = _named(groups[0])
    return Fact(Kind.END, record.pid, user, address, Reason.LOGIN_FAILURES, failures=1, by_address=True)


def _end(reason: Reason, bad_commands: int = 0) -> Meaning:
    """Ends before the login: no name."""
    return lambda groups, record: Fact(
        Kind.END, record.pid, address=groups[0], reason=reason, bad_commands=bad_commands, by_address=True
    )


def _logged_in(reason: Reason) -> Meaning:
    """Ends after the login."""

    def meaning(groups: Sequence[bytes | None], record: Record) -> Outcome:
        user, address = _named(groups[0])
        return Fact(Kind.END, record.pid, user, address, reason, by_address=True, ok=True)

    return meaning


def _end_of_idle(groups: Sequence[bytes | None], record: Record) -> Outcome:
    """Also before the login, if only the name was given."""
    user, address = _named(groups[0])
    return Fact(Kind.END, record.pid, user, address, Reason.TIMEOUT, by_address=True)


def _broken(reason: Reason) -> Meaning:
    """Lines with neither name nor address, possibly of a child: they are used only if the pid is known."""
    return lambda _, record: Fact(Kind.END, record.pid, reason=reason, tentative=True)


WORDING = Wording(
    Rule("connect", rb"connect from (?:[^ ]{1,255} \()?" + IP + rb"\)?", _connect),
    Rule(
        "login",
        rb"(?:mapped )?user (.*) authenticated(?: through APOP)?(?:,? \(?mapped user [^ ]{1,255})?" + _CLIENT,
        login,
    ),
    Rule("failed", rb"(?:APOP )?authentication failed for (?:mapped )?user (.*)", _failed),
    Rule("no-such-user", rb"authentication failed: (?:no such user|can't map user name): (.*)", _failed),
    Rule("no-secret", rb"can't find APOP secret for user (.*)", _failed),
    Rule("root", rb"root login not allowed" + _CLIENT, _end(Reason.POLICY)),
    Rule("quit", rb"session ended for (?:mapped )?user (.*)", _logged_in(Reason.LOGOUT)),
    Rule("quit-before-login", rb"session ended" + _CLIENT, _end(Reason.LOGOUT)),
    Rule("bad-commands", rb"wrong commands limit exceeded" + _CLIENT, _end(Reason.BAD_COMMANDS, 1)),
    Rule("timeout", rb"autologout time elapsed for user (.*)", _end_of_idle),
    Rule(
        "broken",
        rb"(?:maildrop: )?(?:(?:read|write): [A-Z].*|can't (?:write to|read from) (?:socket|pipe))"
        rb"|send_(?:error|ok)\(\): can't write to socket",
        _broken(Reason.RESET),
    ),
    Rule(
        "maildrop",
        rb"(?:maildrop|mailbox|maildir): (?!(?:read|write): |can't (?:write to|read from) socket$).*"
        rb"|maildrop name too long",
        _broken(Reason.MAILBOX_ERROR),
    ),
    Rule("limit", rb"(?:per source|session) limit exceeded: " + IP, whole(Reason.CONNECTION_LIMIT)),
    Rule("statistics", rb"Stats: .*", Verdict.IGNORED),
    # What it logs about its files and the system, beside the line of the attempt or the end.
    Rule(
        "files",
        rb"(?:can't (?:open|stat|open or create|set modification time of the) file|auth|map|user config|config file"
        rb"|command line|opendir failed|stat failed): ?.*|user bulletin file has wrong mode|file name too long"
        rb"|child process corrupted|weird error|[Uu]nexpected error - .{0,60}|peer address is not an IP address"
        rb"|unallowed non-IP based virtual hosting request rejected|user .{0,40} not found"
        rb"|(?:setgroups|setgid|setuid|chdir|setrlimit|getpeername|pipe|fork|getpwnam|open|stat|opendir|utimes?)"
        rb": [A-Z].*",
        Verdict.IGNORED,
    ),
    Rule("pam", rb"pam_[a-z]+\(solid-pop3d:.*", Verdict.IGNORED),
)


SOLID_POP3D = Tabled(
    name="solid-pop3d",
    by_process=True,
    programs=frozenset((b"solid-pop3d", b"spop3d")),
    # AutoLogoutTime is 10 minutes by default.
    idle_seconds=660,
    shows_login=False,
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
