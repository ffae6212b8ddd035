"""Courier's POP3 server, plain and TLS.

Facts: courier-pop 1.0.16 (Debian 12), run and compared with what its clients did; older versions (no port, tags
`courierpop3login`, `popd-ssl`) from public logs; newer ones (1.3.5 to 2.0) from its source (pop3login.C, pop3dserver.C,
starttls.c).

* There is no pid: address and port join the lines of a connection; if the version logs no port, the address alone, and
  after the login the address and the user. From 2005 to September 2019, `LOGIN` has the port but the lines before it do
  not. Where the login's line tells more, it continues what its address began.
* `Connection` and `Disconnected` are logged at mail.debug. If syslog drops debug, connections that never tried a
  password are not counted: trait `debug` shows that they are kept.
* `LOGOUT` with a user ends a session by QUIT, `DISCONNECTED` without; before the login, `LOGOUT` (QUIT) is followed
  by `Disconnected`, which then adds nothing; alone, it means that the client left or timed out.
* Nothing at all is logged when the client vanishes during a RETR, when the 60 s for the login are over, when
  the process is killed or the server stopped: such sessions expire, and no log has their bytes (lower bound).
* 2.0 writes `disc` instead of each of these words: it does not log why the session ended.
* TLS errors have no port. On POP3S, a failed handshake is the whole connection, because `Connection` comes after it; on
  POP3, it belongs to the open connection from that address. Errors that may also precede the end of a good session (the
  client left without close_notify) end nothing: they are why the connection ended unless a line of its own says so.
  Without an address, only a failed handshake on POP3S is a connection.
* `Maximum connection limit reached` is a refused connection: blocked. What the access file denies is not logged at all.
* Names are printed unquoted, so the last `, ip=[..], port=[..]` counts. courierlogger cuts lines at 512 bytes and
  continues without a mark: the first piece is malformed, and so is the second if it looks like the rest of one. A name
  of exactly the right length can make it look like any line, as a newline can in nginx' own file.
* `rcvd` and `sent` are POP3 bytes after the login, in any place behind `retr`. Mailbox errors name no connection.
* Plesk's build writes `IMAP connect from @ [ip]`, and why it refuses a short name, without a newline before the first
  line of a connection, and a UNIX time before the end (public logs, 2008 to 2014).
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from exporter.catalogue import Quality, Reason
from exporter.formats.contract import Documentation, Qualities
from exporter.formats.wording import Meaning, Outcome, Rule, Wording, number, qualities
from exporter.keys import Keys
from exporter.model import Fact, Kind, Record, Verdict

_TLS_ONLY = frozenset(
    (b"pop3d-ssl", b"popd-ssl", b"courierpop3d-ssl", b"courier-pop-ssl", b"courier-pop3-ssl", b"courier-pop3d-ssl")
)
PROGRAMS = _TLS_ONLY | {
    *(b"pop3d", b"courierpop3d", b"courierpop3login", b"pop3login"),
    *(b"courier-pop", b"courier-pop3", b"courier-pop3d"),  # units, and packages that renamed the programs
}

_IP = rb"([0-9A-Fa-f:.]{2,45})"
# courierlogger removes the level, other loggers keep it.
_LEVEL = rb"(?:(?:DEBUG|INFO|WARN|ERR|ALERT|CRIT): ?)?"
_FROM = rb"[^\s\[]{0,255} ?\[[0-9A-Fa-f:.]{2,45}\]"
# Plesk's: what comes before the first line of a connection, and before its end.
_BEGUN = rb"(?:(?:IMAP|POP3) connect from " + _FROM + rb")?" + _LEVEL
_ENDING = _BEGUN + rb"(?:\d{9,11}\.\d{1,9} )?"
# Why it refuses a name, without a newline before the refusal.
_CHECKED = rb"(?:(?:IMAP|POP3) connect from " + _FROM + rb")?checkmailpasswd: FAILED: (.*) - [\w ]{1,80} from " + _FROM
_PORT = rb"(?:, port=\[(?:(\d{1,5})|N/A)\])?"
_PEER = rb", ip=\[" + _IP + rb"\]" + _PORT
# What later versions add: `protocol=POP3`, `stls=1`; Plesk's: `maildir=/var/...`.
_MORE = rb"(?:, [a-z_]{1,20}=[^][=, ]{0,255}){0,8}"
_SUMS = rb", top=\d+, retr=\d+(" + _MORE + rb")"
_SUM = re.compile(rb", (rcvd|sent)=(\d+)")
_USER_ENDS = {
    b"LOGOUT": Reason.LOGOUT,
    b"DISCONNECTED": Reason.CLOSED,
    b"TIMEOUT": Reason.TIMEOUT,
    b"I/O error disconnect": Reason.RESET,
}
# TLS errors that may precede the end of a good session; all others are failed handshakes.
_IN_SESSION = re.compile(
    rb"Unexpected SSL connection shutdown\.|The TLS connection was non-properly terminated\."
    rb"|Error in the (?:pull|push) function\.|couriertls: (?:read|write): .*",
    re.DOTALL,
)
_RESET = re.compile(rb"Error in the (?:pull|push) function\.|.*: (?:Connection reset by peer|Broken pipe)", re.DOTALL)
_TLS_ERROR = rb"(?:[A-Z][^=]{1,200}\.|couriertls: .{1,400})"


def _address(ip: bytes | None) -> bytes:
    assert ip is not None
    return ip[7:] if ip[:7].lower() == b"::ffff:" else ip


def _key(ip: bytes | None, port: bytes | None) -> bytes:
    return _address(ip) + b" " + (port or b"")


def _known(kind: Kind, reason: Reason | None = None, trait: str = "") -> Meaning:
    """Lines that end in address and port, with or without a user before them."""

    def meaning(groups: Sequence[bytes | None], _: Record) -> Outcome:
        *user, ip, port = groups
        user_name = user[0] if user else None
        return Fact(kind, _key(ip, port), user_name, _address(ip), reason, trait=trait, by_address=kind is Kind.CONNECT)

    return meaning


def _key_of_user(ip: bytes | None, port: bytes | None, user: bytes | None) -> bytes:
    """Without a port, the sessions of several users behind one address differ by the user."""
    return _key(ip, port) if port else _key(ip, None) + (user or b"")


def _login(groups: Sequence[bytes | None], _: Record) -> Outcome:
    """The first line with a port, in the versions from 2005 to 2019, and with a user in those without a port."""
    user, ip, port = groups
    return Fact(Kind.LOGIN, _key_of_user(ip, port, user), user, _address(ip), former=_key(ip, None))


def _checked(groups: Sequence[bytes | None], _: Record) -> Outcome:
    user, ip, port = groups
    return Fact(Kind.FAILURE, _key(ip, port), user, _address(ip))


def _whole(reason: Reason) -> Meaning:
    """Lines with only an address, each a whole connection."""
    return lambda groups, _: Fact(Kind.END, address=_address(groups[0]), reason=reason)


def _end(groups: Sequence[bytes | None], _: Record) -> Outcome:
    word, user, ip, port, sums = groups
    reason = _USER_ENDS.get(word or b"", Reason.UNSPECIFIED)
    told = {name: number(digits) for name, digits in _SUM.findall(sums or b"")}
    return Fact(
        Kind.END, _key_of_user(ip, port, user), user, _address(ip), reason,
        received=told.get(b"rcvd"), sent=told.get(b"sent"), ok=True,
    )  # fmt: skip


def _tls_error(groups: Sequence[bytes | None], record: Record) -> Outcome:
    ip, text = groups
    assert text is not None
    reason = Reason.RESET if _RESET.fullmatch(text) else Reason.TLS_FAILED
    if _IN_SESSION.fullmatch(text):
        return Fact(Kind.END, address=_address(ip), reason=reason, by_address=True, likely=True)
    if record.program in _TLS_ONLY:  # its `Connection` comes after the handshake
        return Fact(Kind.END, address=_address(ip), reason=reason)
    return Fact(Kind.END, address=_address(ip), reason=reason, by_address=True, likely=True, ok=False)


def _nameless_tls_error(_: Sequence[bytes | None], record: Record) -> Outcome:
    return Fact(Kind.END, reason=Reason.TLS_FAILED) if record.program in _TLS_ONLY else Verdict.IGNORED


_DISCONNECTS = rb"(LOGOUT|DISCONNECTED|TIMEOUT|I/O error disconnect|disc), user=(.*)"

WORDING = Wording(
    Rule("connection", _LEVEL + rb"Connection" + _PEER, _known(Kind.CONNECT, trait="debug")),
    Rule("login", _BEGUN + rb"LOGIN, user=(.*)" + _PEER + _MORE, _login),
    Rule("failed", _BEGUN + rb"LOGIN FAILED, user=(.*)" + _PEER + _MORE, _known(Kind.FAILURE)),
    Rule("failed-check", _CHECKED + _LEVEL + rb"LOGIN FAILED" + _PEER, _checked),
    Rule("failed-without-user", _BEGUN + rb"LOGIN FAILED(?:, method=[^,]{0,64})?" + _PEER, _known(Kind.FAILURE)),
    Rule("end", _ENDING + _DISCONNECTS + _PEER + _SUMS, _end),
    Rule("locked", _LEVEL + rb"LOCKED, user=(.*)" + _PEER, _known(Kind.END, Reason.MAILBOX_LOCKED)),
    Rule("quit-before-login", _ENDING + rb"LOGOUT" + _PEER, _known(Kind.END, Reason.LOGOUT)),
    Rule("left-before-login", _ENDING + rb"Disconnected" + _PEER + _MORE, _known(Kind.END, Reason.CLOSED, "debug")),
    Rule("limit", _LEVEL + rb"Maximum connection limit reached for " + _IP, _whole(Reason.CONNECTION_LIMIT)),
    Rule("blocklist", _LEVEL + rb"dropped blocked connection from \[?" + _IP + rb"\]?", _whole(Reason.ACCESS_LIST)),
    Rule("tls", _LEVEL + rb"ip=\[" + _IP + rb"\], (" + _TLS_ERROR + rb")", _tls_error),
    Rule("nameless-tls", rb"couriertls: (?:connect|accept): .{1,400}", _nameless_tls_error),
    Rule(
        "nameless-read",
        _LEVEL + rb"(?:Unexpected SSL connection shutdown\.|couriertls: (?:read|write): .{1,400})",
        Verdict.IGNORED,
    ),
    Rule("deleted", _LEVEL + rb"DELETED, user=.*, filename=.*", Verdict.IGNORED),
    Rule("daemons", _LEVEL + rb"\d+ (?:maximum )?active connections\.", Verdict.IGNORED),
    Rule(
        "mailbox",
        rb"chdir [^:]{1,300}: [A-Z].*|chdir /.*|[^ ]{1,300}: chdir\([^)]{1,400}\) failed!!"
        rb"|(?:ERR: )?(?:Error while saving courierpop3dsizelist|I/O error while reading message file ).*",
        Verdict.IGNORED,
    ),
    Rule("certificates", rb"couriertls: /[^:]{1,300}: [A-Z][\w ]{1,60}", Verdict.IGNORED),
    # Until 2006, with DEBUG_LOGIN: the dialogue, with passwords.
    Rule("debugging", rb"LOGIN: DEBUG: ip=\[" + _IP + rb"\], [a-z]{2,20}=.*", Verdict.IGNORED),
    Rule("authentication", _LEVEL + rb"(?:authentication error: |authdaemon: |\[Hint: ).*", Verdict.IGNORED),
    Rule(
        "start",
        rb"/etc/.*: No such file or directory|couriertcpd: ready\."
        rb"|(?:error|malloc|fork|pipe|dup|read|write|select|socket|bind|listen|setsockopt|fcntl): [A-Z][^:]{1,100}",
        Verdict.IGNORED,
    ),
    Rule(
        "proxy",
        _LEVEL
        + rb"(?:proxy enabled, but no (?:proxy host defined|password) for"
        + rb"|(?:Did not receive greeting from|UTF8 rejected by|Login (?:userid|password) rejected by)) .*",
        Verdict.IGNORED,
    ),
    Rule("haproxy", rb"haproxy: [a-z].{0,100}", Verdict.IGNORED),
    Rule("cut", _LEVEL + rb"LOGIN(?: FAILED)?, user=(?!.*" + _PEER + _MORE + rb"$).*", Verdict.MALFORMED),
    Rule("rest-of-cut", rb"[^,]{0,50}\], port=\[\d{1,5}\]" + _MORE, Verdict.MALFORMED),
)


class Courier:
    """The courier-pop package and its predecessors."""

    name = "courier"
    # It waits 300 s for a command and 60 s for the login.
    idle_seconds = 360
    keys = Keys()
    shows_login = True
    quality = qualities(
        connections=Quality.LOWER_BOUND,
        blocked=Quality.LOWER_BOUND,
        bad_commands=Quality.NONE,
        terminations=Quality.LOWER_BOUND,
        logins=Quality.EXACT,
        failures=Quality.EXACT,
        bytes_=Quality.LOWER_BOUND,
    )
    traits: Mapping[str, Qualities] = MappingProxyType({"debug": {"connections": Quality.EXACT}})
    wording = WORDING
    documentation = Documentation(
        servers="Courier (courier-pop 1.0.16; older wordings from public logs, newer ones to 2.0 from its source)",
        measured=True,
        deciding_lines="`LOGIN`; else `LOGOUT` or `Disconnected` without a user, `Maximum connection limit reached`, "
        "a TLS error; else the expiry",
        bytes_cover="after the login; missing for sessions without an end line (the client vanished "
        "while the server was sending)",
        advice={
            "debug": "make syslog keep mail.debug of pop3d and pop3d-ssl, for the lines `Connection` and `Disconnected`"
        },
    )

    def read(self, record: Record) -> Outcome:
        """The line's fact; lines of other programs are ignored, and of no program unless a rule matches."""
        if not record.program:  # a container's id, or a log of its own
            return WORDING.read(record) or Verdict.IGNORED
        if record.program not in PROGRAMS:
            return Verdict.IGNORED
        return WORDING.read(record) or Verdict.UNMATCHED

    def recognises(self, record: Record) -> bool:
        """Whether the program and the form of the peer are Courier's."""
        return record.program in PROGRAMS and WORDING.rule(record.message) in _TELLING


_TELLING = frozenset(
    (
        *("connection", "login", "failed", "failed-check", "failed-without-user"),
        *("end", "quit-before-login", "left-before-login", "limit"),
    )
)
