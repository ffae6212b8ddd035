"""Courier's POP3 server, plain and TLS.

Facts: courier-pop 1.0.16 (Debian 12), run and compared with what its clients did; older versions (no port, tags
`courierpop3login`, `popd-ssl`) from public logs.

* No pid: address and port tie the lines of a connection together; where the version logs no port, the address.
* `Connection` and `Disconnected` are logged at mail.debug. A syslog that drops debug leaves connections that
  never tried a password uncounted: trait `debug` says that they are kept.
* `LOGOUT` with a user ends a session by QUIT, `DISCONNECTED` without; before the login `LOGOUT` (QUIT) is followed
  by `Disconnected`, which then adds nothing, and alone says that the client left or was timed out.
* Nothing at all is logged when the client vanishes in the middle of a RETR, when the 60 s of the login are over, when
  the process is killed or the server stopped: such sessions expire, and their bytes are in no log (lower bound).
* TLS errors carry no port: they end the connection open from that address, else they are the whole connection.
* `Maximum connection limit reached` is a connection that was refused: blocked. What the access file denies is not
  logged at all.
* Names are printed unquoted, so the last `, ip=[..], port=[..]` counts. courierlogger cuts lines at 512 bytes and
  goes on without a mark: the first piece is malformed, and so is the second where it looks like the rest of one. A name
  of just the right length can make it look like any line, as a newline can in nginx' own file.
* `rcvd` and `sent` are POP3 bytes after the login. Mailbox errors name no connection.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from exporter.catalogue import Quality, Reason
from exporter.formats.contract import Documentation, Qualities
from exporter.formats.wording import Meaning, Outcome, Rule, Wording, number, qualities
from exporter.model import Fact, Kind, Record, Verdict

PROGRAMS = frozenset((b"pop3d", b"pop3d-ssl", b"courierpop3d", b"courierpop3login", b"popd-ssl", b"pop3login"))

_IP = rb"([0-9A-Fa-f:.]{2,45})"
_PEER = rb", ip=\[" + _IP + rb"\](?:, port=\[(\d{1,5})\])?"
_SUMS = rb", top=\d+, retr=\d+(?:, rcvd=(\d+), sent=(\d+))?, time=\d+(?:, stls=1)?"
_USER_ENDS = {b"LOGOUT": Reason.LOGOUT, b"DISCONNECTED": Reason.CLOSED, b"TIMEOUT": Reason.TIMEOUT}


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


def _whole(reason: Reason) -> Meaning:
    """Lines with an address only, that are all there is of a connection."""
    return lambda groups, _: Fact(Kind.END, address=_address(groups[0]), reason=reason)


def _end(groups: Sequence[bytes | None], _: Record) -> Outcome:
    word, user, ip, port, received, sent = groups
    reason = Reason.RESET if word is None else _USER_ENDS[word]
    return Fact(Kind.END, _key(ip, port), user, _address(ip), reason, received=number(received), sent=number(sent))


def _tls_error(groups: Sequence[bytes | None], _: Record) -> Outcome:
    ip, text = groups
    reason = Reason.RESET if text == b"Error in the pull function." else Reason.TLS_FAILED
    return Fact(Kind.END, address=_address(ip), reason=reason, by_address=True)


WORDING = Wording(
    Rule("connection", rb"(?:INFO: )?Connection" + _PEER, _known(Kind.CONNECT, trait="debug")),
    Rule("login", rb"(?:INFO: )?LOGIN, user=(.*)" + _PEER + rb"(?:, protocol=POP3)?", _known(Kind.LOGIN)),
    Rule("failed", rb"(?:INFO: )?LOGIN FAILED, user=(.*)" + _PEER, _known(Kind.FAILURE)),
    Rule("failed-without-user", rb"(?:INFO: )?LOGIN FAILED(?:, method=[^,]{0,64})?" + _PEER, _known(Kind.FAILURE)),
    Rule("end", rb"(?:INFO: )?(?:(LOGOUT|DISCONNECTED|TIMEOUT)|I/O error disconnect), user=(.*)" + _PEER + _SUMS, _end),
    Rule("locked", rb"LOCKED, user=(.*)" + _PEER, _known(Kind.END, Reason.MAILBOX_LOCKED)),
    Rule("quit-before-login", rb"(?:INFO: )?LOGOUT" + _PEER, _known(Kind.END, Reason.LOGOUT)),
    Rule("left-before-login", rb"(?:INFO: )?Disconnected" + _PEER, _known(Kind.END, Reason.CLOSED, "debug")),
    Rule("limit", rb"Maximum connection limit reached for " + _IP, _whole(Reason.CONNECTION_LIMIT)),
    Rule("blocklist", rb"dropped blocked connection from \[?" + _IP + rb"\]?", _whole(Reason.ACCESS_LIST)),
    Rule("tls", rb"ip=\[" + _IP + rb"\], ([^,]{0,100}(?:TLS|SSL|Decryption|pull|push)[^,]{0,200}\.)", _tls_error),
    Rule("deleted", rb"DELETED, user=.*, filename=.*", Verdict.IGNORED),
    Rule("daemons", rb"\d+ (?:maximum )?active connections\.", Verdict.IGNORED),
    Rule("mailbox", rb"chdir /.*|[^ ]{1,300}: chdir\([^)]{1,400}\) failed!!|error: .*", Verdict.IGNORED),
    Rule("authentication", rb"authentication error: .*|authdaemon: .*|\[Hint: .*", Verdict.IGNORED),
    Rule("start", rb"/etc/.*: No such file or directory|malloc: .*|WARN: .*", Verdict.IGNORED),
    Rule("cut", rb"LOGIN(?: FAILED)?, user=(?!.*" + _PEER + rb"(?:, protocol=POP3)?$).*", Verdict.MALFORMED),
    Rule("rest-of-cut", rb"[^,]{0,50}\], port=\[\d{1,5}\](?:, protocol=POP3)?", Verdict.MALFORMED),
)


class Courier:
    """The courier-pop package and its predecessors."""

    name = "courier"
    # It waits 300 s for a command and 60 s for the login.
    idle_seconds = 360
    keys_are_unique = False
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
        servers="Courier (courier-pop 1.0.16; older wordings from public logs)",
        measured=True,
        deciding_lines="`LOGIN`; else `LOGOUT` or `Disconnected` without a user, `Maximum connection limit reached`, "
        "a TLS error; else the expiry",
        bytes_cover="after the login; none of a session without an end line (client lost while the server writes)",
        advice={
            "debug": "let syslog keep mail.debug for pop3d and pop3d-ssl: the lines `Connection` and `Disconnected`"
        },
    )

    def read(self, record: Record) -> Outcome:
        """What the line says; lines of other programs are ignored."""
        if record.program not in PROGRAMS:
            return Verdict.IGNORED
        return WORDING.read(record) or Verdict.UNMATCHED

    def recognises(self, record: Record) -> bool:
        """Whether the program and the peer's form are Courier's."""
        return record.program in PROGRAMS and WORDING.rule(record.message) in _TELLING


_TELLING = frozenset(
    ("connection", "login", "failed", "failed-without-user", "end", "quit-before-login", "left-before-login", "limit")
)
