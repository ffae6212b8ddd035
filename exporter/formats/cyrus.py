"""Cyrus' POP3 server: the classic wording, and logfmt of 3.13 and newer.

Facts: cyrus-pop3d 3.6.1 (Debian 12), run and compared with what its clients did; the logfmt wording and the rarer lines
from the source of 3.12 to 3.13.

* One process serves many connections one after the other: the pid joins lines, and `counts:` ends a connection
  whether it was logged in or not; the next line of the pid is another connection.
* A process that exits writes one more `counts:` (and, with `auditlog`, a traffic line with the old session id and
  zeros), which is no connection. With `auditlog: yes` (trait `auditlog`) connections are exact; without it, the exit of
  a process after its last use looks like a client that connects and leaves.
* `USAGE` comes at the end of every connection that named a user, logged in or not.
* `login:` is written before the limits are checked: a client refused by `maxlogins_per_user`, `maxlogins_per_host` or
  `popminpoll` is a login, and blocked. A refusal by user_deny_db leaves only `USAGE`.
* Time-outs, unknown commands and abnormal ends are not logged. With `chatty: yes` (trait `chatty`) every command is,
  so QUIT and unknown commands show; commands at the wrong time do not, so bad commands are a lower bound.
* Bytes (auditlog) are those of the whole connection; sent bytes were 1 % low with RETR in 3.6.1.
* In RFC 5424 the program is `cyrus` for every service: a login then waits for `counts: retr=`, which only POP3 has.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from exporter.catalogue import Quality, Reason
from exporter.formats.contract import Documentation, Qualities
from exporter.formats.cyrus_notices import NOTICES
from exporter.formats.tabled import NO_PROCESS, about, advised, without_process
from exporter.formats.wording import Meaning, Outcome, Rule, Wording, number, qualities
from exporter.keys import ANY, Keys
from exporter.model import Fact, Kind, Record, Verdict

PROGRAMS = frozenset((b"pop3", b"pop3s", b"pop3d", b"pop3proxyd"))
# It is followed by the service as cyrus.conf calls it: pop3, pop3s, or another name if there are several.
_SERVICE = b"cyrus/pop3"
# One program for all services of Cyrus: only the pid shows which.
SHARED = frozenset((b"cyrus", b"cyrus-imapd"))
MASTERS = frozenset((b"cyrus/master", b"cyrus-master", b"master"))
COMMANDS = frozenset(b"quit user pass apop auth capa stls stat list retr dele noop rset top uidl".split())

_CLIENT = rb"(?:[^ \[]{1,255})? ?\[([0-9A-Fa-f:.]{2,45})\]"
_REFUSAL = rb"\[[^\]]{0,300}\]|SASL\(-?\d{1,5}\):? .{0,300}|invalid user|access denied"


# sasl_errstring(3), for mechanisms that fail before they name a user.
_SASL_ERRORS = (
    rb"authentication failure|authorization failure|user not found|no mechanism available|generic failure|bad protocol"
    rb"|another step is needed|invalid parameter supplied|mechanism too weak|encryption needed|integrity check failed"
    rb"|passphrase (?:expired|locked)|user (?:exists|account)|remote authentication server"
    rb"|no memory available"
    rb"|client response doesn't match|One time use of|Password (?:verification|expired)|aborted|Parameter Error"
)


def _fact(record: Record, kind: Kind, user: bytes | None = None, address: bytes | None = None) -> Fact:
    return Fact(kind, record.pid, user, address, tentative=record.program in SHARED)


def _login(groups: Sequence[bytes | None], record: Record) -> Outcome:
    address, user, session = groups
    return _fact(record, Kind.LOGIN, user, address)._replace(mark=session or b"")


def _bad_login(groups: Sequence[bytes | None], record: Record) -> Outcome:
    address, mechanism, user = groups
    assert user is not None
    if user[:1] == b"(" and user[-1:] == b")":
        user = user[1:-1]
    # APOP shows the challenge instead of the name, other mechanisms nothing.
    named = user != b"-notset-" and mechanism != b"APOP"
    return _fact(record, Kind.FAILURE, user if named else None, address)


def _nameless(groups: Sequence[bytes | None], record: Record) -> Outcome:
    """A mechanism that failed before it named a user, or without naming one."""
    return _fact(record, Kind.FAILURE, address=groups[0])


def _anonymous(groups: Sequence[bytes | None], record: Record) -> Outcome:
    return _fact(record, Kind.LOGIN, b"anonymous", groups[0])


def _refusal(reason: Reason) -> Meaning:
    """After the line of the login."""
    return lambda _, record: _fact(record, Kind.REFUSAL)._replace(reason=reason, ok=True)


def _end(reason: Reason) -> Meaning:
    return lambda _, record: _fact(record, Kind.END)._replace(reason=reason)


def _end_if_open(reason: Reason) -> Meaning:
    return lambda _, record: Fact(Kind.END, record.pid, reason=reason, tentative=True)


def _usage(groups: Sequence[bytes | None], record: Record) -> Outcome:
    return _fact(record, Kind.END, groups[0])._replace(reason=Reason.UNSPECIFIED)


def _counts(groups: Sequence[bytes | None], record: Record) -> Outcome:
    """The end; with messages that were read, of a connection that had logged in."""
    ok = None if groups[0] == b"retr=<0> top=<0> dele=<0>" else True
    return Fact(Kind.END, record.pid, reason=Reason.UNSPECIFIED, ok=ok, reuses_key=True)


def _traffic(groups: Sequence[bytes | None], record: Record) -> Outcome:
    session, received, sent = groups
    return Fact(
        Kind.TRAFFIC,
        record.pid,
        received=number(received),
        sent=number(sent),
        tentative=True,
        trait="auditlog",
        mark=session or b"",
    )


def _command(groups: Sequence[bytes | None], record: Record) -> Outcome:
    verb = groups[0]
    if verb in COMMANDS:
        return _fact(record, Kind.COMMAND)._replace(verb=verb, trait="chatty")
    return _fact(record, Kind.BAD_COMMAND)._replace(bad_commands=1, trait="chatty")


_PAIR = re.compile(rb'(?<![^ ])([a-z.]+)=(?:"((?:[^"\\]|\\.)*)"|([^ ]*))')
_ADDRESS = re.compile(rb"\[([0-9A-Fa-f:.]{2,45})\]")


def _logfmt(groups: Sequence[bytes | None], record: Record) -> Outcome:
    """`event=login.good sessionid=.. r.clienthost=.. u.username=.. ...`: quotes are escaped against forged fields."""
    assert groups[0] is not None
    pairs = {key: quoted or plain for key, quoted, plain in _PAIR.findall(groups[0])}
    event = pairs.get(b"event", b"")
    if event == b"auditlog.traffic":
        sums = (pairs.get(b"used.bytes.in"), pairs.get(b"used.bytes.out"))
        return _traffic((pairs.get(b"sessionid"), *sums), record)
    found = _ADDRESS.search(pairs.get(b"r.clienthost", b""))
    user = pairs.get(b"u.username")
    if user in (b"~null~", b"-notset-", b""):
        user = None
    if event == b"login.good":
        return _fact(record, Kind.LOGIN, user, found and found[1])._replace(mark=pairs.get(b"sessionid", b""))
    return _fact(record, Kind.FAILURE, None if pairs.get(b"login.mech") == b"APOP" else user, found and found[1])


WORDING = Wording(
    Rule("accepted", rb"accepted connection", lambda _, record: _fact(record, Kind.CONNECT)),
    Rule("login", rb"login: " + _CLIENT + rb" ?(.*) [^ ]{1,64} User logged in(?: SESSIONID=<([^>]{0,200})>)?", _login),
    # Until 2.1.
    Rule("login-old", rb"login: " + _CLIENT + rb" ?(.*) (?:plaintext|APOP|KPOP) ?()", _login),
    Rule("badlogin", rb"badlogin: " + _CLIENT + rb" ?([^ ]{1,64}) (.*) (?:" + _REFUSAL + rb")", _bad_login),
    # `badlogin: HOST MECHANISM`, with or without SASL's message: all versions since 2.0.
    Rule(
        "badlogin-nameless",
        rb"badlogin: "
        + _CLIENT
        + rb" (?!plaintext )[A-Za-z0-9_-]{1,64}(?: \[?(?:SASL\(-?\d{1,5}\):? )?(?:"
        + _SASL_ERRORS
        + rb")[^][]{0,300}\]?)?",
        _nameless,
    ),
    Rule("badlogin-anonymous", rb"badlogin: " + _CLIENT + rb" anonymous login refused", _nameless),
    Rule("login-anonymous", rb"login: " + _CLIENT + rb" anonymous .{0,300}", _anonymous),
    Rule("usage", rb"USAGE (.*) user: [\d.]+ sys: [\d.]+", _usage),
    Rule("counts", rb"counts: (retr=<\d+> top=<\d+> dele=<\d+>)", _counts),
    Rule(
        "traffic",
        rb"auditlog: traffic (?:sessionid=<([^>]{0,200})> )?(?:[a-z.]+=<[^>]{0,200}> )*"
        rb"bytes_in=<(\d+)> bytes_out=<(\d+)>",
        _traffic,
    ),
    Rule("command", rb"command: (.*)", _command),
    Rule("logfmt", rb"(event=(?:login\.good|login\.bad|auditlog\.traffic) .*)", _logfmt),
    Rule("limit", rb"Too many open connections \(.*\)", _refusal(Reason.CONNECTION_LIMIT)),
    Rule("poll", rb".{0,500}: Logins must be at least \d+ minutes? apart", _refusal(Reason.RATE_LIMIT)),
    # The second since 3.12, in this case; also after STLS.
    Rule("handshake", rb"(?:pop3s failed|TLS nego?t?iation failed): .{0,300}", _end(Reason.TLS_FAILED)),
    Rule(
        "tls-setup",
        rb"(?:\[pop3d\] error initializing TLS|sasl_?(?:setprop|props_set_tls)\(\) failed: cmd_.{1,40})",
        _end_if_open(Reason.INTERNAL_ERROR),
    ),
    Rule("backend", rb"couldn't authenticate to backend server(?:: .{0,300})?", _end_if_open(Reason.BACKEND_DOWN)),
    Rule("shutdown", rb"graceful shutdown(?: initiated by .{0,300})?", _end_if_open(Reason.SHUTDOWN)),
    Rule("fatal", rb"Fatal error: .*", _end_if_open(Reason.INTERNAL_ERROR)),
    Rule("locked", rb"Unable to lock maildrop .*", _end_if_open(Reason.MAILBOX_LOCKED)),
    Rule(
        "maildrop",
        rb"Unable to (?:open|locate) maildrop .*|Maildrop .* has been \(re\)moved .*",
        _end_if_open(Reason.MAILBOX_ERROR),
    ),
    *NOTICES,
)
_KILLED = re.compile(rb"process type:SERVICE name:pop3s? .{0,300} pid:(\d{1,10}) signaled to death by signal .{0,60}")
# Not the end of a connection: the process has logged its own.
_EXITED = re.compile(rb"process type:.{1,400} exited(?: normally|, status \d{1,3})")


def _of_master(record: Record) -> Outcome:
    killed = _KILLED.fullmatch(record.message)
    if killed is not None:
        return Fact(Kind.END, killed[1], reason=Reason.KILLED, tentative=True)
    if record.message == b"All children have exited, closing down":
        return Fact(Kind.RESTART)
    of_pop3 = b" name:pop3" in record.message[:200] and _EXITED.fullmatch(record.message) is None
    return Verdict.UNMATCHED if of_pop3 else Verdict.IGNORED


class Cyrus:
    """The pop3d of Cyrus IMAP."""

    name = "cyrus"
    # It waits 600 s for a command.
    idle_seconds = 660
    keys = Keys(are_passed_on=True)
    shows_login = False
    quality = qualities(
        connections=Quality.ESTIMATED,
        blocked=Quality.LOWER_BOUND,
        bad_commands=Quality.NONE,
        terminations=Quality.LOWER_BOUND,
        logins=Quality.EXACT,
        failures=Quality.EXACT,
        bytes_=Quality.NONE,
    )
    traits: Mapping[str, Qualities] = MappingProxyType(
        {
            "auditlog": {
                "connections": Quality.EXACT,
                "received_bytes": Quality.EXACT,
                "sent_bytes": Quality.LOWER_BOUND,
            },
            "chatty": {"bad_commands": Quality.LOWER_BOUND, "bad_command_connections": Quality.LOWER_BOUND},
            NO_PROCESS: about(quality),
        }
    )
    wording = WORDING
    documentation = advised(
        Documentation(
            servers="Cyrus IMAP (cyrus-pop3d 3.6.1; logfmt wording of 3.13 from its source)",
            measured=True,
            deciding_lines="`login:` (`event=login.good`); else `USAGE`, `pop3s failed` or `counts:`, confirmed by "
            "`auditlog: traffic` or after 30 s",
            bytes_cover="the whole connection, login included",
            advice={
                "auditlog": "set `auditlog: yes` in imapd.conf, for exact bytes and connections that never log in",
                "chatty": "set `chatty: yes` in imapd.conf, for unknown commands and QUIT",
            },
        ),
        "pop3",
    )

    def read(self, record: Record) -> Outcome:
        """The line's fact; lines of other programs, and of other services that share the program, are ignored."""
        if not record.pid:
            return without_process(self._read(record._replace(pid=ANY)))
        return self._read(record)

    @staticmethod
    def _read(record: Record) -> Outcome:
        program = record.program
        if program.startswith(_SERVICE) or program in PROGRAMS:
            return WORDING.read(record) or Verdict.UNMATCHED
        if program in SHARED:
            return WORDING.read(record) or _of_master(record)
        return _of_master(record) if program in MASTERS else Verdict.IGNORED

    def recognises(self, record: Record) -> bool:
        """Whether the program, or the wording and the pid, are Cyrus'."""
        program = record.program
        if not program.startswith(_SERVICE) and program not in PROGRAMS | SHARED:
            return False
        return WORDING.rule(record.message) in _TELLING


_TELLING = frozenset(("login", "badlogin", "usage", "counts", "traffic", "logfmt", "limit", "poll", "handshake"))
