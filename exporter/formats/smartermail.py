"""SmarterMail's POP log (`YYYY.MM.DD-popLog.log`).

Facts: the layout is certain (SmarterMail 100.x, real SMTP lines that the vendor's readers parse in the same way for
POP): a time, `[client ip][session id]` and a message; `connected at`, `disconnected at`, `cmd:`, `rsp:`. There is no
public sample of its POP3 phrases: the dialogue is read as the protocol, and other texts of the server are looked up in
a table of phrases, which the configuration can extend.

* `connected at` is the connection, also of a blocked one; it ends with `disconnected at`: for QUIT, for
  the reason in a phrase before, else because the client left.
* The log level must be Detailed (trait `detailed`): Exceptions Only, the default, has no dialogue.
* Bytes are estimated from the lines and from `+OK n octets`.
* The session's number is used again every day or restart, but address and number together join lines well enough.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from exporter.catalogue import End, Quality, Reason
from exporter.formats import wire
from exporter.formats.contract import Documentation, Qualities
from exporter.formats.wording import Outcome, Rule, Wording, qualities
from exporter.keys import Keys
from exporter.model import Fact, Kind, Record, Verdict

# What a phrase may mean beside a reason: an unknown or malformed command; credentials refused; nothing.
BAD_COMMAND = "bad_command"
FAILURE = "login_failure"
IGNORE = "ignore"

# Lower-case text in a message or a reply, and its meaning; the first match counts.
PHRASES: Mapping[str, str] = MappingProxyType(
    {
        "ip is blacklisted": Reason.ACCESS_LIST.value,
        "ip blocked by brute force": Reason.RATE_LIMIT.value,
        "brute force": Reason.RATE_LIMIT.value,
        "denial of service": Reason.RATE_LIMIT.value,
        "abuse detection": Reason.RATE_LIMIT.value,
        "too many authentication failures": Reason.LOGIN_FAILURES.value,
        "too many bad commands": Reason.BAD_COMMANDS.value,
        "too many invalid commands": Reason.BAD_COMMANDS.value,
        "server is busy": Reason.QUEUE_FULL.value,
        "too many connections": Reason.CONNECTION_LIMIT.value,
        "maximum connections": Reason.CONNECTION_LIMIT.value,
        "account is disabled": Reason.ACCOUNT_DISABLED.value,
        "user is disabled": Reason.ACCOUNT_DISABLED.value,
        "domain is disabled": Reason.ACCOUNT_DISABLED.value,
        "requires ssl": Reason.TLS_REQUIRED.value,
        "timed out": Reason.TIMEOUT.value,
        "timeout": Reason.TIMEOUT.value,
        "mailbox is locked": Reason.MAILBOX_LOCKED.value,
        "mailbox locked by": Reason.MAILBOX_LOCKED.value,
        "line too long": Reason.LINE_TOO_LONG.value,
        "unrecognized command": BAD_COMMAND,
        "unknown command": BAD_COMMAND,
        "invalid command": BAD_COMMAND,
        "command unrecognized": BAD_COMMAND,
        "syntax error": BAD_COMMAND,
        "login failed": FAILURE,
        "authentication failed": FAILURE,
        "logged in": IGNORE,
        "login successful": IGNORE,
    }
)
MEANINGS = frozenset((*(reason.value for reason in Reason), BAD_COMMAND, FAILURE, IGNORE))

_SESSION = rb"\[([0-9A-Fa-f:.]{2,45})\]\[(\d{1,12})\] ?"
# How much of a line is searched for phrases: the rest of a hostile line does not matter.
_SEARCHED = 512


class SmarterMail:
    """The format with `phrases`, which come before the built-in ones."""

    name = "smartermail"
    # The command time-out is 5 minutes by default.
    idle_seconds = 660
    keys = Keys()
    shows_login = False
    quality = qualities(
        connections=Quality.EXACT,
        blocked=Quality.LOWER_BOUND,
        bad_commands=Quality.NONE,
        terminations=Quality.LOWER_BOUND,
        logins=Quality.NONE,
        failures=Quality.NONE,
        bytes_=Quality.NONE,
    )
    traits: Mapping[str, Qualities] = MappingProxyType(
        {
            "detailed": {
                "logins": Quality.EXACT,
                "login_failures": Quality.EXACT,
                "bad_commands": Quality.EXACT,
                "bad_command_connections": Quality.EXACT,
                "received_bytes": Quality.ESTIMATED,
                "sent_bytes": Quality.ESTIMATED,
            }
        }
    )
    documentation = Documentation(
        servers="SmarterMail (layout of 100.x; POP3 phrases not confirmed by a public sample)",
        measured=False,
        deciding_lines="`rsp: +OK` to `cmd: PASS` (or APOP, AUTH); else `rsp: +OK` to `cmd: QUIT` or `disconnected at`",
        bytes_cover="the whole connection, estimated from the logged lines and `+OK n octets`",
        advice={
            "detailed": "set the POP log to Detailed (Troubleshooting, Options, log levels); now it lacks commands"
        },
    )

    def __init__(self, phrases: Mapping[str, str] | None = None) -> None:
        """`phrases`: text (any case) to a meaning, one of MEANINGS; others raise ValueError."""
        for text, meaning in (phrases or {}).items():
            if meaning not in MEANINGS:
                raise ValueError(f"phrase {text!r}: {meaning!r} is none of {', '.join(sorted(MEANINGS))}")
        own = {text.lower(): meaning for text, meaning in (phrases or {}).items()}
        table = {**own, **{text: meaning for text, meaning in PHRASES.items() if text not in own}}
        self._phrases = tuple((text.encode(), meaning) for text, meaning in table.items())
        self.wording = Wording(
            Rule("reply", _SESSION + rb"rsp:(.*)", self._reply),
            Rule("command", _SESSION + rb"cmd:(.*)", _command),
            Rule("connected", _SESSION + rb"connected at (?:.{0,80})", _connected),
            Rule("disconnected", _SESSION + rb"disconnected at (?:.{0,80})", _disconnected),
            Rule("said", _SESSION + rb"(?! ?(?:cmd:|rsp:|connected at |disconnected at ))(.*)", self._said),
            Rule("started", rb"(?i:pop3?)\S{0,20} (?i:started) at .{0,80}", Fact(Kind.RESTART)),
            Rule("service", rb"(?i:pop3?)\S{0,20} (?i:stopped) at .{0,80}|[ \t].*", Verdict.IGNORED),
        )

    def read(self, record: Record) -> Outcome:
        """The line's fact; the continuation of a stack trace has none."""
        return self.wording.read(record) or Verdict.UNMATCHED

    def recognises(self, record: Record) -> bool:
        """Whether the line has the layout of a session's line."""
        return not record.program and self.wording.rule(record.message) in _TELLING

    def _meaning(self, text: bytes) -> str | None:
        text = text[:_SEARCHED].lower()
        for phrase, meaning in self._phrases:
            if phrase in text:
                return meaning
        return None

    def _reply(self, groups: Sequence[bytes | None], _: Record) -> Outcome:
        address, key, line = _parts(groups)
        ok = wire.succeeded(line)
        fact = Fact(Kind.REPLY, key, None, address, sent=wire.reply_bytes(line), ok=ok, trait="detailed")
        if ok is not False:
            return fact
        meaning = self._meaning(line)
        if meaning is None or meaning in (FAILURE, IGNORE):
            return fact
        if meaning == BAD_COMMAND:
            return fact._replace(bad_commands=1)
        return fact._replace(reason=Reason(meaning))

    def _said(self, groups: Sequence[bytes | None], _: Record) -> Outcome:
        """A message of the server about the session, outside the dialogue."""
        address, key, text = _parts(groups)
        meaning = self._meaning(text)
        if meaning is None:
            return Verdict.UNMATCHED
        if meaning in (FAILURE, IGNORE):  # the dialogue has it
            return Verdict.IGNORED
        if meaning == BAD_COMMAND:
            return Fact(Kind.BAD_COMMAND, key, None, address, bad_commands=1)
        reason = Reason(meaning)
        kind = Kind.REFUSAL if reason.end is End.BLOCKED else Kind.END
        return Fact(kind, key, None, address, reason)


def _parts(groups: Sequence[bytes | None]) -> tuple[bytes, bytes, bytes]:
    """Address, key and the rest of a session's line."""
    address, number = groups[0] or b"", groups[1] or b""
    rest = (groups[2] or b"") if len(groups) > 2 else b""  # noqa: PLR2004 - the rest is the third group
    return address, address + b" " + number, rest.strip()


def _connected(groups: Sequence[bytes | None], _: Record) -> Outcome:
    address, key, _rest = _parts(groups)
    return Fact(Kind.CONNECT, key, address=address)


def _disconnected(groups: Sequence[bytes | None], _: Record) -> Outcome:
    address, key, _rest = _parts(groups)
    return Fact(Kind.END, key, address=address, reason=Reason.CLOSED)


def _command(groups: Sequence[bytes | None], _: Record) -> Outcome:
    address, key, line = _parts(groups)
    return wire.command(line, key, address, trait="detailed")


_TELLING = frozenset(("connected", "disconnected", "command", "reply"))
