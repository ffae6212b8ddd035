"""Dovecot's login process, `pop3-login: `: logins, refused attempts, ends before a login, proxied sessions.

A line is `HEAD: ELEMENTS`, or as `login_log_format` says; run with 2.3.13, 2.3.19 and 2.4.1. The head
(`exporter.formats.dovecot_heads`) is the server's own text, so there are few, and the meaning of each is cached; the
elements (`exporter.formats.dovecot_elements`) hold the client's name. Lines of the documented form are parsed in a fast
path with the same results as the general one.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from exporter.catalogue import Reason
from exporter.formats.dovecot_elements import Elements, process_in, read_elements
from exporter.formats.dovecot_heads import Head, read_head
from exporter.formats.dovecot_proxy import PASSED_ON, PROXY, read_proxied
from exporter.model import Fact, Kind, Verdict

PREFIX: Final = b"pop3-login:"
# Heads differ by seconds and numbers of attempts, and never hold a name; longer ones are not cached.
_HEADS_KEPT = 4096
_LONGEST_HEAD = 400

_LEVEL = re.compile(rb" (?:(?:(Info)|(Error)|(Warning|Debug|Fatal|Panic)): )?")
_INFO, _ERROR = 1, 2
# Where the elements begin: the first `KEY=` after a colon, or what the connection's state puts before it.
_ELEMENTS = re.compile(rb": (?=(?:(?:TLS|secured)[^,=<>]{0,120}, ){0,3}[A-Za-z][\w.-]{0,40}=)")
_LOGIN = re.compile(rb"(?:Login|Logged in): ")
# Other settings of `login_log_format`: something else between the two, or the elements first.
_KEY = rb"(?:user|method|rip|session|service)="
_APART = re.compile(rb"([A-Z][^=<>]{1,200}?)[\s:;,|-]+(?=" + _KEY + rb")")
_TURNED = re.compile(
    rb"(" + _KEY + rb".*[^\s:;,|-])[\s:;,|-]+((?:Login|Logged in)(?=$)|(?:Disconnected|Aborted login|Login aborted"
    rb"|Inactivity|Internal login failure|Maximum number|Connection queue|Timeout while|Too many|Shutting down)\b.*)",
    re.DOTALL,
)
_OLDEST = re.compile(
    rb" (?:Login: (?P<user>(?!user=).+)|(?P<head>(?:Aborted login|Disconnected)[^\[\]]{0,100}))"
    rb" \[(?P<ip>[0-9A-Fa-f:.]{2,45})\]",
    re.DOTALL,
)
# Lines that name no user: ends of other listeners and processes.
_NAMELESS = re.compile(
    rb"(?:(?P<access_list>access\([^)]*\): Client refused \(rip=|haproxy: Client not trusted \(rip=)"
    rb"|(?P<timeout>haproxy: Client timed out \(rip=)"
    rb"|(?P<reset>haproxy: .*\(rip=)"
    rb"|(?P<killed>master: service\([^)]*\): child \d{1,10} (?:killed with signal|returned error) \d{1,10}.*"
    rb"\[last ip=))"
    rb"([0-9A-Fa-f.:]+)"
)
# About the process itself, at level Info, which syslog does not write.
_NOTICE = re.compile(
    rb"Time (?:just )?moved|Ignoring unknown passdb|Generating (?:Diffie|SSL)|SSL parameters|Killed with signal"
    rb"|Disconnected from auth|Connected to auth|Maximum number of connections reached|master: "
)
_METHOD, _SECURED, _STATES, _HANDSHAKE = b", method=", b", secured", b", TLS", b", TLS handshak"
# Ends for which 1.0 does not say whether an attempt had failed before.
_SILENT = frozenset((Reason.LOGOUT, Reason.CLOSED, Reason.TIMEOUT, Reason.BAD_COMMANDS))

# Makes a Fact with all its fields, without the named tuple's own constructor, which is Python code.
_new_fact: Callable[[Any, Any], Fact] = tuple.__new__
_kept_head = lru_cache(maxsize=_HEADS_KEPT)(read_head)
_NOTHING_MORE = tuple(Fact(Kind.END))[7:]
_REST = tuple(Fact(Kind.END))[17:]


def read_login(message: bytes) -> Fact | Verdict:
    """The fact of a line that begins with `pop3-login:`."""
    parts = message.split(b"<", 3)
    if len(parts) == 3 and parts[1][-10:] == b", session=" and len(parts[0]) <= _LONGEST_HEAD:  # noqa: PLR2004
        # The documented form: only the name and the key are in brackets, and the name's last `>` is the genuine one.
        head = _documented_head(parts[0])
        middle, key = parts[1], parts[2]
        end = middle.rfind(b">, ")
        at = middle.rfind(b", rip=") + 6
        is_id = key.find(b">") == len(key) - 1 > 0 and b"," not in key
        if head is not None and end >= 0 and at > end + 6 and is_id:
            address_end = middle.find(b",", at)
            return _told(head, key[:-1], middle[:end] or None, middle[at:address_end], middle[end + 1 :])
    return read_any_login(message)


@lru_cache(maxsize=_HEADS_KEPT)
def _documented_head(begin: bytes) -> Head | None:
    """The head of a line that begins with `begin`, up to the name's bracket; None: use the general path."""
    found = _split(begin + b"<>")
    return None if found is None or found[1] != b"user=<>" else found[0]


def _split(message: bytes) -> tuple[Head, bytes] | None:
    """The head and the elements of a line; None: it is a proxy's, has none, or has a level without facts."""
    level = _LEVEL.match(message, len(PREFIX))
    if level is None or level.lastindex not in (None, _INFO) or message.startswith(PROXY, level.end()):
        return None
    elements = _LOGIN.match(message, level.end()) or _ELEMENTS.search(message, level.end())
    if elements is None:
        return _split_otherwise(message[level.end() :])
    begin = elements.end()
    text = message[level.end() : begin - 2]
    head = _kept_head(text) if len(text) <= _LONGEST_HEAD else read_head(text)
    return head, message[begin:]


def _split_otherwise(text: bytes) -> tuple[Head, bytes] | None:
    apart = _APART.match(text)
    if apart is not None:
        return read_head(apart[1]), text[apart.end() :]
    turned = _TURNED.fullmatch(text)
    return None if turned is None else (read_head(turned[2]), turned[1])


def read_any_login(message: bytes) -> Fact | Verdict:
    """The general path, for any `login_log_format_elements`."""
    if not message.startswith(PREFIX):
        return Verdict.IGNORED
    found = _split(message)
    if found is None:
        return _proxied_or_nameless(message)
    head, text = found
    if head.verdict is not None:
        return head.verdict
    elements = read_elements(text)
    return _oldest(message) or Verdict.MALFORMED if elements is None else _told(head, *elements)


def _oldest(message: bytes) -> Fact | None:
    """A line of 0.99, which has no elements: `Login: alice [192.0.2.4]`, `Disconnected [192.0.2.4]`."""
    found = _OLDEST.fullmatch(message, len(PREFIX))
    if found is None:
        return None
    if found["head"] is None:
        return Fact(Kind.LOGIN, None, found["user"], found["ip"], by_user=True)
    head = read_head(found["head"])
    return Fact(Kind.END, None, None, found["ip"], head.reason, bad_commands=head.bad_commands)


def _told(head: Head, key: bytes | None, user: bytes | None, address: bytes | None, tail: bytes) -> Fact | Verdict:
    kind = head.kind
    if kind is Kind.LOGIN:
        fields = (kind, key, user, address, None, 0, 0, None, None, False, b"", None, "", not key, False, False)
        return _new_fact(Fact, (*fields, process_in(tail), *_REST))
    if head.verdict is not None:
        return head.verdict
    if kind is Kind.END:
        return _end(head, key, user, address, tail)
    if key is None:  # a line about one attempt, which nothing joins to its connection
        return Verdict.IGNORED
    return Fact(kind, key, user, address, head.reason, trait="auth_verbose")


def _end(head: Head, key: bytes | None, user: bytes | None, address: bytes | None, tail: bytes) -> Fact:
    reason, failures = head.reason, head.failures
    if head.logged_in:
        return Fact(Kind.END, key, user, address, reason, ok=True, by_user=not key, process=PASSED_ON if key else None)
    if reason in (Reason.CLOSED, Reason.RESET) and _HANDSHAKE in tail:
        reason = Reason.TLS_FAILED
    elif user and head.uncounted and reason in _SILENT and _METHOD in tail:
        failures = 1
    elif failures and user and head.unbegun and not (_METHOD in tail or _STATES in tail or _SECURED in tail):
        # USER without TLS is refused before any mechanism begins (2.3.19).
        reason, failures = Reason.TLS_REQUIRED, 0
    fields = (Kind.END, key, user, address, reason, failures, head.bad_commands)
    return _new_fact(Fact, fields + _NOTHING_MORE)


def _proxied_or_nameless(message: bytes) -> Fact | Verdict:
    level = _LEVEL.match(message, len(PREFIX))
    if level is None:
        return Verdict.UNMATCHED
    text = message[level.end() :]
    failed = level.lastindex == _ERROR
    if level.lastindex in (None, _INFO, _ERROR) and text.startswith(PROXY):
        proxied = read_proxied(text, failed=failed)
        return _passed_on(*proxied) if isinstance(proxied, tuple) and not isinstance(proxied, Fact) else proxied
    match = _NAMELESS.match(text)
    if match is not None:
        reason = next(Reason(name) for name, found in match.groupdict().items() if found)
        return Fact(Kind.END, address=match[match.lastindex or 0], reason=reason)
    if level.lastindex not in (None, _INFO) or _NOTICE.match(text):
        return Verdict.IGNORED
    return _oldest(message) or _bare(text)


def _passed_on(head: Head, elements: Elements) -> Fact | Verdict:
    key, user, address, _ = elements
    if head.verdict is not None:
        return head.verdict
    if head.kind is Kind.LOGIN:
        return Fact(Kind.LOGIN, key, user, address, trait="proxy", by_user=not key, process=PASSED_ON if key else None)
    if head.kind is Kind.END:
        return Fact(
            Kind.END, key, user, address, head.reason, received=head.received, sent=head.sent, ok=True,
            by_user=not key, trait="proxy" if head.sent is None else "proxy_bytes", process=PASSED_ON if key else None,
        )  # fmt: skip
    return Verdict.IGNORED if key is None else Fact(head.kind, key, user, address, head.reason, trait="auth_verbose")


def _bare(text: bytes) -> Fact | Verdict:
    """A line without any element: it was cut off, or the setting has none."""
    if not text.endswith((b": ", b":")):
        return Verdict.MALFORMED if b" user=" in text else Verdict.UNMATCHED
    head = read_head(text.rstrip(b": "))
    return Fact(Kind.END, reason=head.reason) if head.kind is Kind.END and not head.logged_in else Verdict.UNMATCHED
