"""Dovecot 1.x to 2.4: which process wrote the line, and what its log leaves out.

Everything is anchored on the process at the beginning of the message, because names come from the client. The program's
name is no anchor: it is `instance_name`, a container's id, or whatever a relay made of it. A line of the mail process
that begins with something else, because of `mail_log_prefix`, is recognised by the service in its prefix or by its
statistics.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from exporter.catalogue import Quality
from exporter.formats.contract import Documentation, Qualities, Sender
from exporter.formats.dovecot_auth import read_auth
from exporter.formats.dovecot_batch import rows_of
from exporter.formats.dovecot_events import read_event
from exporter.formats.dovecot_login import PREFIX as LOGIN
from exporter.formats.dovecot_login import read_login
from exporter.formats.dovecot_mail import read_any_mail, read_mail
from exporter.formats.dovecot_prefix import SERVICE
from exporter.formats.dovecot_proxy import PASSED_ON
from exporter.keys import Keys
from exporter.model import Fact, Kind, Record, Verdict
from exporter.rows import LineResult

_EXACT, _AT_LEAST, _ABOUT, _NONE = Quality.EXACT, Quality.LOWER_BOUND, Quality.ESTIMATED, Quality.NONE
_LEVELS = (b"Info", b"Warning", b"Error", b"Fatal", b"Panic", b"Debug")
_LOGIN, _MAIL, _MASTER = b"pop3-login: ", (b"pop3", b"POP3"), b"master: "
_STARTED = re.compile(rb"(?:master: )?(?:Info: )?Dovecot (?:v\d\S{0,20} )?(?:\([0-9a-f]{1,40}\) )?starting up")
# Statistics that no other program logs: messages sent, and their bytes.
_SUMS = re.compile(rb"\b(?:retr|RETR)=\d{1,15}/\d{1,15}")
# Where the process may stand in a line with an unknown envelope; no text of a client comes before it.
_NEAR = 96
# A mail process without a name in the documented place.
_PROCESS = re.compile(rb"[Pp][Oo][Pp]3(?:[<\[{,]|: )")
_ENVELOPE = re.compile(rb"(?<![\w.-])(?:pop3-login|dovecot(?:\[\d{1,10}\])?): ")
# What a process of 2.3 and later writes in a session, whatever the text: a log of its own may hold nothing else.
_SESSION = re.compile(rb"(?:pop3|imap|managesieve|submission)\([^()]{1,255}\)<\d{1,10}><[^<>]{1,64}>: ")
# Lines of Dovecot's other processes may hold anything.
_OTHERS = re.compile(
    rb"(?:imap|lmtp|lda|managesieve|submission|doveadm|dsync|anvil|config|dict|director|indexer|ipc|log|old-stats"
    rb"|quota-status|replicator|script|ssl-params|ssl-build-param|dns|dns-client|aggregator|child|deliver)\b[\w-]*[(: ]"
)


def _read_master(message: bytes) -> Fact | Verdict:
    return Fact(Kind.RESTART) if _STARTED.match(message) else Verdict.IGNORED


def _read_levelled(message: bytes) -> Fact | Verdict:
    """1.x wrote the level before the process: `Info: pop3-login: Login: ...`."""
    level, _, rest = message.partition(b": ")
    if level not in _LEVELS:
        return Verdict.IGNORED
    if rest.startswith(_MAIL) and not rest.startswith(_LOGIN):
        return read_any_mail(rest, level)
    reader = _PROCESSES.get(rest[:5])
    if reader is None or level == b"Info":
        return Verdict.IGNORED if reader is None else reader(rest)
    prefix, _, text = rest.partition(b": ")
    return reader(b"%b: %b: %b" % (prefix, level, text))


def _read_login(message: bytes) -> Fact | Verdict:
    """The login process, or a mail process whose prefix joins the service and the name."""
    return read_login(message) if message.startswith(LOGIN) else _read_odd(message)


def _read_event(message: bytes) -> Fact | Verdict:
    return read_event(message) if message.startswith(b"stats: ") else _read_odd(message)


# By the first five bytes of the message.
_PROCESSES: Mapping[bytes, Callable[[bytes], Fact | Verdict]] = {
    b"pop3-": _read_login,
    b"pop3(": read_mail,
    b"POP3(": read_mail,
    b"Pop3(": read_mail,
    b"auth:": read_auth,
    b"auth(": read_auth,
    b"auth-": read_auth,
    b"stats": _read_event,
    b"maste": _read_master,
    b"Dovec": _read_master,
}
_READERS = {**_PROCESSES, **{(level + b":")[:5]: _read_levelled for level in _LEVELS}}


def read_message(message: bytes, *, foreign: bool = False) -> Fact | Verdict:
    """The fact of a message; `foreign`: its program is not called Dovecot, so a process must begin the message."""
    reader = _READERS.get(message[:5])
    if reader is not None:
        return reader(message)
    begin = message[:_NEAR]
    if b"op3" in begin or b"OP3" in begin or (not foreign and b"retr=" in message):
        return _read_odd(message, foreign=foreign)
    return Verdict.IGNORED


def _read_odd(message: bytes, *, foreign: bool = False) -> Fact | Verdict:
    """A line that begins with no process: another prefix, or the rest of an unknown envelope."""
    if _OTHERS.match(message):
        return Verdict.IGNORED
    if _ENVELOPE.search(message, 0, _NEAR):
        return Verdict.UNMATCHED
    return read_any_mail(message) if _PROCESS.match(message) else _read_unplaced(message, foreign=foreign)


def _read_unplaced(message: bytes, *, foreign: bool) -> Fact | Verdict:
    """A line whose process, if it names one, stands somewhere in its prefix."""
    sums = _SUMS.search(message) is not None
    if not foreign and (sums or SERVICE.search(message, 0, _NEAR)):
        told = read_any_mail(message)
        if isinstance(told, Fact) and told.trait:
            return told
    return Verdict.UNMATCHED if sums else Verdict.IGNORED


def _read(message: bytes, program: bytes) -> Fact | Verdict:
    if message[:1] == b" ":  # in some RFC 5424 lines
        message = message.lstrip(b" ")
    if program == _LOGIN[:-2] and not message.startswith(_LOGIN):  # a relay took the process for the program
        message = _LOGIN + message
    return read_message(message, foreign=bool(program) and b"dovecot" not in program)


class Dovecot:
    """The format `dovecot`."""

    name = "dovecot"
    # pop3_idle_timeout is 600 s (2.4; fixed before), but a long download logs no line until its end.
    idle_seconds = 4 * 3600
    keys = Keys(are_unique=True, front=PASSED_ON)
    shows_login = True
    quality: Qualities = MappingProxyType(
        {
            "connections": _EXACT,
            "blocked_connections": _AT_LEAST,
            "bad_command_connections": _AT_LEAST,
            "terminations": _EXACT,
            "received_bytes": _NONE,
            "sent_bytes": _NONE,
            "logins": _EXACT,
            "login_failures": _AT_LEAST,
            "bad_commands": _AT_LEAST,
        }
    )
    traits: Mapping[str, Qualities] = MappingProxyType(
        {
            "bytes": {"received_bytes": _EXACT, "sent_bytes": _EXACT},
            "no_bytes": {"received_bytes": _NONE, "sent_bytes": _AT_LEAST},
            "proxy": {"terminations": _AT_LEAST},
            "proxy_bytes": {"received_bytes": _ABOUT, "sent_bytes": _ABOUT, "terminations": _AT_LEAST},
            "auth_verbose": {"login_failures": _EXACT, "blocked_connections": _EXACT},
            "events": {"received_bytes": _EXACT, "sent_bytes": _EXACT},
        }
    )
    documentation = Documentation(
        servers="Dovecot 0.99 to 2.4, with any log settings (run: 2.3.13, 2.3.19, 2.4.1; others from their source)",
        measured=True,
        deciding_lines="`pop3-login: Login:` (2.4: `Logged in:`), a proxy's `Started proxying`, else the end line "
        "`pop3-login: Disconnected ...`, `Aborted login ...`, `Login aborted: ...`",
        bytes_cover="from the login on, without TLS; a proxy also counts the login, and what it sends itself",
        advice=MappingProxyType(
            {
                "bytes": "on the server that has the mailboxes, set in dovecot.conf `pop3_logout_format = top=%t/%p, "
                "retr=%r/%b, del=%d/%m, size=%s, in=%i, out=%o` (Dovecot 2.2 and 2.3) or `pop3_logout_format = "
                "top=%{top_count}/%{top_bytes}, retr=%{retr_count}/%{retr_bytes}, "
                "del=%{deleted_count}/%{message_count}, size=%{message_bytes}, in=%{input}, out=%{output}` (2.4), "
                "for exact bytes",
                "auth_verbose": "set `auth_verbose = yes` in dovecot.conf, for exact failed logins and "
                "blocked connections",
            }
        ),
    )

    def read_batch(self, messages: Sequence[bytes], senders: Sequence[Sender]) -> Sequence[LineResult]:
        """The fact of each line: the plainest as rows."""
        return [
            row if row[0] or row[6] else _read(messages[at], senders[at].program)
            for at, row in enumerate(rows_of(messages))
        ]

    def read(self, record: Record) -> Fact | Verdict:
        """The line's fact, whatever the program is called."""
        return _read(record.message, record.program)

    def recognises(self, record: Record) -> bool:
        """Whether only Dovecot writes such a line: by its program's name, or by a process and its wording."""
        message = record.message.lstrip(b" ")
        if record.program.startswith(b"dovecot") or record.program == _LOGIN[:-2]:
            return b": " in message
        level, _, rest = message.partition(b": ")
        if level in _LEVELS:
            message = rest
        if message.startswith((_LOGIN, b"imap-login: ", b"master: Info: Dovecot v", b"master: Dovecot v")):
            return True
        if _SESSION.match(message):
            return True
        return _SUMS.search(message) is not None and isinstance(read_message(message), Fact)
