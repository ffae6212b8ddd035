"""GNU mailutils' pop3d, with and without `session-id yes`.

Facts: mailutils-pop3d 3.15 (Debian 12), run and compared with what its clients did; older wordings from the source of
0.x to 2.x. One process serves one connection; the parent writes `process N finished`, with the child's pid in the text:
every connection has that line.

* `POP3 login:` is the login; if another session then holds the mailbox's lock, the client is refused, and the
  connection ends as `mailbox_locked`.
* `session ended` is a QUIT. Without it, code 0 is a client that closed before its login, 76 one that closed after it,
  74 a reset or a broken TLS connection, 75 a time-out.
* AUTH, which it does not have, and PASS without USER are not logged. Addresses are not, except those denied by an
  access list (blocked). No bytes, no bad commands.
* Versions until 2.x (tag `gnu-pop3d`) begin sentences with a capital, and write no line of the parent: rules `-old`.
* Its program is `pop3d`, like Courier's: the pid and the wording distinguish them.
"""

from collections.abc import Sequence

from exporter.catalogue import Quality, Reason
from exporter.formats.contract import Documentation
from exporter.formats.tabled import IP, Tabled, whole
from exporter.formats.wording import Meaning, Outcome, Rule, Wording, qualities
from exporter.model import Fact, Kind, Record, Verdict

PROGRAMS = frozenset((b"pop3d", b"mailutils-pop3d", b"gnu-pop3d"))
# `session-id yes` and severities: `2AM7rFCl info: `.
_ID = rb"(?:[0-9A-Za-z]{6,12} )?(?:(?:debug|info|notice|warning|error|crit|alert|emerg): )?"
# Of these, that of a client that left after its login.
_AFTER_LOGIN = b"76"
_CODES = {b"0": Reason.CLOSED, b"74": Reason.RESET, b"75": Reason.TIMEOUT, b"76": Reason.CLOSED}


def _user(kind: Kind) -> Meaning:
    return lambda groups, record: Fact(kind, record.pid, groups[0] or None)


def _login_from(groups: Sequence[bytes | None], record: Record) -> Outcome:
    user, address = groups
    return Fact(Kind.LOGIN, record.pid, (user or b"").strip(b"`'") or None, address)


def _end(reason: Reason) -> Meaning:
    return lambda _, record: Fact(Kind.END, record.pid, reason=reason)


def _named(reason: Reason) -> Meaning:
    """Ends that name the user only after the login."""

    def meaning(groups: Sequence[bytes | None], record: Record) -> Outcome:
        user = groups[0]
        return Fact(Kind.END, record.pid, user, reason=reason, ok=None if user is None else True)

    return meaning


def _if_open(reason: Reason) -> Meaning:
    """Lines that the parent may write too."""
    return lambda _, record: Fact(Kind.END, record.pid, reason=reason, tentative=True)


def _locked(_: Sequence[bytes | None], record: Record) -> Outcome:
    return Fact(Kind.REFUSAL, record.pid, reason=Reason.MAILBOX_LOCKED, ok=True)


def _finished(groups: Sequence[bytes | None], _: Record) -> Outcome:
    child, code = groups
    reason = Reason.KILLED if code is None else _CODES.get(code, Reason.INTERNAL_ERROR)
    return Fact(Kind.END, child, reason=reason, ok=True if code == _AFTER_LOGIN else None)


_NOTHING = Verdict.IGNORED

WORDING = Wording(
    Rule("login", _ID + rb"POP3 login: user `(.*)', source [^ ']{1,64}", _user(Kind.LOGIN)),
    Rule(
        "internal",
        _ID + rb"(?:[Mm]ailbox was updated by other party: .*|Out of memory|not enough memory|Unknown quit)",
        _if_open(Reason.INTERNAL_ERROR),
    ),
    Rule("failed", _ID + rb"user `(.*)': authentication failed", _user(Kind.FAILURE)),
    Rule("nonexistent", _ID + rb"user `(.*)' nonexistent", _user(Kind.FAILURE)),
    Rule("probe", _ID + rb"possible probe of account `(.*)'", _user(Kind.FAILURE)),
    Rule("no-secret", _ID + rb"password for `(.*)' not found in the database", _user(Kind.FAILURE)),
    Rule("locked", _ID + rb"locking mailbox `.*' failed: .*", _locked),
    Rule("quit", _ID + rb"session ended for (?:user: (.*)|no user)", _named(Reason.LOGOUT)),
    Rule("timeout", _ID + rb"session timed out for (?:user: (.*)|no user)", _named(Reason.TIMEOUT)),
    Rule("handshake", _ID + rb"(?:failed to create TLS stream|mu_starttls\(\) failed): .*", _end(Reason.TLS_FAILED)),
    Rule("signal", _ID + rb"got signal `.*'", _end(Reason.SHUTDOWN)),
    Rule(
        "finished",
        _ID + rb"process (\d{1,10}) (?:finished with code (\d{1,3})(?: .*)?|(?:terminated|finished) on signal .*)",
        _finished,
    ),
    Rule(
        "denied",
        _ID + rb"Denying connection from inet6?://\[?([0-9A-Fa-f:.]{2,45}?)\]?:\d{1,5}",
        whole(Reason.ACCESS_LIST),
    ),
    Rule("started", _ID + rb"pop3d \(GNU Mailutils [^)]{1,40}\) started", Fact(Kind.RESTART)),
    Rule("terminated", _ID + rb"(?:pop3d \(GNU Mailutils [^)]{1,40}\) terminated|terminating on request)", _NOTHING),
    # The name is also part of the mailbox's: matched separately, so that each match is linear.
    Rule("mailbox", _ID + rb"user `(?=.*' logged in with mailbox `).*' \(\d{1,10} messages?\)", _NOTHING),
    Rule("input", _ID + rb"(?:I/O error|Read time out|Unexpected eof on input|remote protocol error)", _NOTHING),
    Rule("stream", _ID + rb"(?:Read|Write) failed: .*", _NOTHING),
    Rule(
        "detail",
        _ID + rb"(?:TLS established|too many children|Session terminated|can't get TLS details|cannot open TLS stream"
        rb"|quitting |no (?:input stream|socket to send to)|MASTER: |MU_IOCTL_|cannot create (?:debug"
        rb"|transcript) stream).*",
        _NOTHING,
    ),
    Rule(
        "detail-old",
        rb"(?:Started in debugging mode|Cannot obtain IP address of client|GNU pop3d started).*",
        _NOTHING,
    ),
    Rule("authentication", _ID + rb"(?:APOP file|pam_[a-z]+\(pop).*", _NOTHING),
    Rule("connect", _ID + rb"connect from .*", _NOTHING),
    # Until 2.x, names stand between two apostrophes, sentences begin with a capital, and this is the login.
    Rule("login-old", rb"User [`'](.*)' logged in with mailbox ['`].{1,600}' \(\d{1,10} msgs?\)", _user(Kind.LOGIN)),
    # GNU pop3d, before it was a part of mailutils.
    Rule("login-gnu", rb"User (.*) logged in with mailbox .{1,600} from " + IP, _login_from),
    Rule("failed-old", rb"User [`'](.*)': authentication failed", _user(Kind.FAILURE)),
    Rule("nonexistent-old", rb"User [`'](.*)'(?:: nonexistent| nonexistent)", _user(Kind.FAILURE)),
    Rule("probe-old", rb"Possible probe of account [`'](.*)'", _user(Kind.FAILURE)),
    Rule("apop-old", rb"APOP user (.*) tried to log in with USER", _user(Kind.FAILURE)),
    Rule("quit-old", rb"Session ended for (?:user: (.*)|no user)", _named(Reason.LOGOUT)),
    Rule("timeout-old", rb"Session timed out for (?:user: (.*)|no user)", _named(Reason.TIMEOUT)),
    Rule("incoming-old", rb"Incoming connection opened", lambda _, record: Fact(Kind.CONNECT, record.pid)),
    Rule("gone-old", rb"No socket to send to", _end(Reason.CLOSED)),
    Rule("signal-old", rb"(?:Quitting on signal|got signal \d{1,3})", _if_open(Reason.SHUTDOWN)),
)  # fmt: skip


MAILUTILS = Tabled(
    name="mailutils",
    by_process=True,
    programs=PROGRAMS,
    # `timeout` is 600 s by default.
    idle_seconds=660,
    shows_login=False,
    quality=qualities(
        connections=Quality.EXACT,
        blocked=Quality.LOWER_BOUND,
        bad_commands=Quality.NONE,
        terminations=Quality.EXACT,
        logins=Quality.EXACT,
        failures=Quality.LOWER_BOUND,
        bytes_=Quality.NONE,
    ),
    wording=WORDING,
    # The program has Courier's name.
    telling=frozenset(
        name
        for one in ("login", "failed", "nonexistent", "finished", "started", "quit", "timeout", "mailbox")
        for name in (one, f"{one}-old")
    ),
    documentation=Documentation(
        servers="GNU mailutils pop3d (3.15; older wordings from its source)",
        measured=True,
        deciding_lines="`POP3 login:`; else `session ended`, `session timed out`, a failed TLS, `process N finished` "
        "or `Denying connection`",
        bytes_cover="not logged",
    ),
)
