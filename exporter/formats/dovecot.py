"""Dovecot 1.x to 2.4: which process wrote the line, and what is known of its logging.

Everything is anchored on the process prefix at the begin of the message, because names are the client's.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from exporter.catalogue import Quality
from exporter.formats.contract import Documentation, Qualities
from exporter.formats.dovecot_auth import read_auth
from exporter.formats.dovecot_events import read_event
from exporter.formats.dovecot_login import read_login
from exporter.formats.dovecot_mail import read_mail
from exporter.formats.dovecot_usual import USUAL
from exporter.model import Fact, Kind, Record, Verdict

_EXACT, _AT_LEAST, _ABOUT, _NONE = Quality.EXACT, Quality.LOWER_BOUND, Quality.ESTIMATED, Quality.NONE
_LEVELS = (b"Info", b"Warning", b"Error", b"Fatal", b"Panic", b"Debug")


def _read_master(message: bytes) -> Fact | Verdict:
    if b" starting up" in message and message.startswith((b"master: Info: Dovecot", b"master: Dovecot")):
        return Fact(Kind.RESTART)
    return Verdict.IGNORED


def _read_levelled(message: bytes) -> Fact | Verdict:
    """1.x wrote the level before the process: `Info: pop3-login: Login: ...`."""
    level, _, rest = message.partition(b": ")
    reader = _PROCESSES.get(rest[:5])
    if level not in _LEVELS or reader is None:
        return Verdict.IGNORED
    prefix, _, text = rest.partition(b": ")
    return reader(b"%b: %b: %b" % (prefix, level, text))


# By the first five bytes of the message.
_PROCESSES: Mapping[bytes, Callable[[bytes], Fact | Verdict]] = {
    b"pop3-": read_login,
    b"pop3(": read_mail,
    b"POP3(": read_mail,
    b"auth:": read_auth,
    b"auth(": read_auth,
    b"auth-": read_auth,
    b"stats": read_event,
    b"maste": _read_master,
}
_READERS = {**_PROCESSES, **{(level + b":")[:5]: _read_levelled for level in _LEVELS}}


class Dovecot:
    """The format `dovecot`."""

    name = "dovecot"
    usual = USUAL
    # pop3_idle_timeout is 600 s (2.4; fixed before), but a long download has no line until its end.
    idle_seconds = 4 * 3600
    keys_are_unique = True
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
            "proxy": {"received_bytes": _ABOUT, "sent_bytes": _ABOUT},
            "auth_verbose": {"login_failures": _EXACT, "blocked_connections": _EXACT},
            "events": {"received_bytes": _EXACT, "sent_bytes": _EXACT},
        }
    )
    documentation = Documentation(
        servers="Dovecot 1.x, 2.0 to 2.4 (run: 2.3.13, 2.3.19, 2.4.1)",
        measured=True,
        deciding_lines="`pop3-login: Login:` (2.4: `Logged in:`), a proxy's `Started proxying`, else the end line "
        "`pop3-login: Disconnected ...`, `Aborted login ...`, `Login aborted: ...`",
        bytes_cover="From the login on, POP3 plaintext; a proxy's include the login and what it sent itself.",
        advice=MappingProxyType(
            {
                "bytes": "2.3: protocol pop3 { pop3_logout_format = top=%t/%p, retr=%r/%b, del=%d/%m, size=%s, "
                "in=%i, out=%o }   2.4: protocol pop3 { pop3_logout_format = top=%{top_count}/%{top_bytes}, "
                "retr=%{retr_count}/%{retr_bytes}, del=%{deleted_count}/%{message_count}, size=%{message_bytes}, "
                "in=%{input}, out=%{output} }",
                "auth_verbose": "auth_verbose = yes",
            }
        ),
    )

    def read(self, record: Record) -> Fact | Verdict:
        """What the line says; lines of other programs and services are ignored by their first bytes."""
        message = record.message
        reader = _READERS.get(message[:5])
        if reader is None:
            return self._read_odd(record) if message[:1] == b" " else Verdict.IGNORED
        program = record.program
        if program and program != b"dovecot" and not program.startswith(b"dovecot"):
            return Verdict.IGNORED
        return reader(message)

    def _read_odd(self, record: Record) -> Fact | Verdict:
        """Some RFC 5424 lines begin with a space."""
        message = record.message.lstrip(b" ")
        return self.read(record._replace(message=message)) if message[:5] in _READERS else Verdict.IGNORED

    def recognises(self, record: Record) -> bool:
        """Whether only Dovecot writes such a line: the program's name, or the login process and its wording."""
        message = record.message.lstrip(b" ")
        if record.program:
            return record.program.startswith(b"dovecot") and b": " in message
        return message.startswith((b"pop3-login: ", b"imap-login: ", b"master: Info: Dovecot v", b"master: Dovecot v"))
