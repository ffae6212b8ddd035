"""Dovecot's login process, `pop3-login: `: logins, refused attempts, ends before a login, proxied sessions.

Wordings of 1.x to 2.4, run with 2.3.13, 2.3.19 and 2.4.1 and read in login-common at 24 tags. A line is
`HEAD: user=<USER>, method=M, rip=ADDRESS, ..., session=<KEY>`. The head is the server's own text, so few of them
exist and what each means is remembered; the name is the client's, and is cut out from the right.
"""

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from exporter.catalogue import End, Reason
from exporter.model import Fact, Kind, Verdict

PREFIX: Final = len(b"pop3-login:")
USER: Final = b": user=<"
# Heads differ by seconds and numbers of attempts, and never hold a name; beyond this many they are forgotten.
_HEADS_KEPT = 4096
_LONGEST_HEAD = 400


class Head(NamedTuple):
    """What a head says; `verdict`: nothing about a connection."""

    kind: Kind = Kind.NOTE
    reason: Reason | None = None
    failures: int = 0
    bad_commands: int = 0
    verdict: Verdict | None = None
    proxied: bool = False
    received: int | None = None
    sent: int | None = None


_IGNORED = Head(verdict=Verdict.IGNORED)
_UNMATCHED = Head(verdict=Verdict.UNMATCHED)
_LOGIN = Head(Kind.LOGIN)
_REFUSED_PLAIN = Head(Kind.REFUSAL, Reason.TLS_REQUIRED)

_LEVEL = re.compile(rb" (?:(Info)|(Error)|(Warning|Debug|Fatal|Panic)): ")
# Lines of one attempt, only with auth_verbose.
_ATTEMPT = re.compile(
    rb"(?:(Authenticate \S* failed: (?:Aborted|Authentication aborted))"  # the end line tells whether it counts
    rb"|((?:Login|Authenticate \S*|APOP) failed: (?:(?:Plain|Clear)text|SSL required|TLS required))"
    rb"|((?:Login|Authenticate \S*|APOP) failed: ))",
)
# Why the connection ended: in all wordings, behind "Disconnected: " (also twice), "Login aborted: " or nothing.
_WHY = re.compile(
    rb"(Login aborted: |Disconnected: )*(?:"
    rb"(?P<logout>Aborted login|Logged out)"
    rb"|(?P<bad_commands>Too many (?:bad|invalid) (?:POP3 )?commands)"
    rb"|(?P<line_too_long>Input buffer full)"
    rb"|(?P<timeout>Inactivity)"
    rb"|(?P<queue_full>Connection queue full)"
    rb"|(?P<connection_limit>Maximum number of connections)"
    rb"|(?P<internal_error>Internal login failure|Auth process broken)"
    rb"|(?P<shutdown>(?:Server s|S)hutting down)"
    rb"|(?P<tls_failed>(?:Connection closed|Disconnected): SSL|TLS)"
    rb"|(?P<reset>(?:Connection closed|Disconnected): )"
    rb"|(?P<closed>Connection closed|Disconnected(?= \(|$)))"
)
# The last bracket of the head, and 2.4's code behind it.
_BRACKET = re.compile(rb" \(([^()]*(?:\([^()]*\)[^()]*)*)\)(?: \(\w+\))?$")
_ATTEMPTS = re.compile(rb"(\d{1,6})(?:/(\d{1,6}))? (?:(attempts)|successful auths)")
# What the bracket says of the last attempt (client_get_extra_disconnect_reason).
_DETAIL = re.compile(
    rb"(?P<failed>auth failed|tried to use unsupported auth|sent invalid base64|auth aborted by client"
    rb"|aborted authentication|proxy dest auth failed|anonymous)"
    rb"|(?P<unfinished>client didn't finish SASL)"
    rb"|(?P<tls_required>tried to use disallowed|cert required|client didn't send a cert|client sent an invalid cert"
    rb"|(?:plain|clear)text auth)"
    rb"|(?P<account_disabled>user disabled|password expired|login disabled|nologin)"
    rb"|(?P<policy>authorization failed)"
    rb"|(?P<backend_down>proxy)"
    rb"|(?P<internal_error>auth process communication|auth service reported temporary|temporary)"
    rb"|(?P<internal>internal failure)"
    rb"|(?P<queue_full>client_limit and process_limit)"
    rb"|(?P<shutdown>.*shutting down)"
    rb"|(?P<tls_failed>disconnected during TLS)"
)
_PROXY = re.compile(
    rb"proxy\((?>.*?\): )(?:"  # the first end of a name, whatever follows
    rb"([Ss]tarted proxying)"
    rb"|(Login failed: )"
    rb"|(?:disconnecting [^()]{1,100}\()?Disconnected by (?:(server)|(client))(: )?"
    rb".*\(\d{1,10}s idle, in=(\d{1,15})(?:\+\d+)?, out=(\d{1,15}))"
)
# Lines that name no user: other listeners' and processes' ends.
_NAMELESS = re.compile(
    rb"(?: (?:Info|Error|Warning|Fatal):)? (?:"
    rb"(?P<access_list>access\([^)]*\): Client refused \(rip=|haproxy: Client not trusted \(rip=)"
    rb"|(?P<timeout>haproxy: Client timed out \(rip=)"
    rb"|(?P<reset>haproxy: .*\(rip=)"
    rb"|(?P<killed>master: service\([^)]*\): child \d{1,10} (?:killed with signal|returned error) \d{1,10}.*"
    rb"\[last ip=))"
    rb"([0-9A-Fa-f.:]+)"
)
# login_log_format_elements may have others in brackets, like `orig=<%{orig_user}>`, between the name and the rest.
_OTHER_ELEMENT = re.compile(rb">, [\w.-]{1,40}=<")
_USELESS = frozenset((Reason.LOGOUT, Reason.CLOSED, Reason.RESET, Reason.TLS_FAILED, Reason.UNSPECIFIED))

# A Fact of all its fields, without the named tuple's own constructor, which is Python code.
_new_fact: Callable[[Any, Any], Fact] = tuple.__new__


_NOTHING_MORE = tuple(Fact(Kind.END))[7:]
_REST = tuple(Fact(Kind.END))[16:]

# What lines begin with, up to `user=`.
_heads: dict[bytes, Head] = {}


def read_login(message: bytes) -> Fact | Verdict:
    """What a line that begins with `pop3-login:` says."""
    parts = message.split(b"<", 3)
    head = _heads.get(parts[0])
    if head is not None and len(parts) == 3 and parts[2][-1:] == b">" and parts[1][-8:] == b"session=":  # noqa: PLR2004
        # The usual line: nothing but the name and the key in brackets, and of the name's `>` the last is genuine.
        middle = parts[1]
        end = middle.rfind(b">, ")
        at = middle.find(b"rip=", end) + 4
        if end >= 0 and at > end + 4:
            return _told(
                head, parts[2][:-1], middle[:end] or None, middle[at : middle.find(b",", at)], middle[end + 1 :]
            )
    return _read(message)


def _read(message: bytes) -> Fact | Verdict:
    if not message.startswith(b"pop3-login:"):
        return Verdict.IGNORED
    at = message.find(USER, PREFIX)
    if at < 0:
        return _nameless(message)
    start = message[: at + len(USER) - 1]
    head = _heads.get(start) or _learn(start)
    if head.verdict is not None:
        return head.verdict
    return _connection(message, at, head)


def _connection(message: bytes, at: int, head: Head) -> Fact | Verdict:
    """What a line says whose head ends at `at`."""
    # The genuine end of the name is the last one: whatever it holds stands to the left.
    end = max(message.rfind(b">, method="), message.rfind(b">, rip="))
    if end < at:
        return Verdict.MALFORMED
    address_at = message.find(b"rip=", end) + 4
    address_end = message.find(b",", address_at)
    address = message[address_at : address_end if address_end > 0 else None] if address_at > 3 else None  # noqa: PLR2004
    key_at = message.find(b"session=<", end)
    key = message[key_at + 9 : message.find(b">", key_at)] if key_at > 0 else None
    user = message[at + 8 : end] or None
    if user is not None and (other := _OTHER_ELEMENT.search(user)) is not None:
        user = user[: other.start()] or None
    return _told(head, key, user, address, message[end + 1 :])


def _told(head: Head, key: bytes | None, user: bytes | None, address: bytes | None, tail: bytes) -> Fact | Verdict:
    kind = head.kind
    if kind is Kind.LOGIN:
        trait = "proxy" if head.proxied else ""
        return _new_fact(
            Fact,
            (kind, key, user, address, None, 0, 0, None, None, False, b"", None, trait, not key, False, False, *_REST),
        )
    if head.verdict is not None:
        return head.verdict
    if kind is Kind.END:
        return _end(head, key, user, address, tail)
    if key is None:  # a line of one attempt, which nothing ties to its connection
        return Verdict.IGNORED
    return Fact(kind, key, user, address, head.reason, trait="auth_verbose")


def _end(head: Head, key: bytes | None, user: bytes | None, address: bytes | None, tail: bytes) -> Fact:
    reason, failures = head.reason, head.failures
    if head.proxied:
        return Fact(
            Kind.END, key, user, address, reason, received=head.received, sent=head.sent, ok=True,
            by_user=not key, trait="proxy",
        )  # fmt: skip
    if reason in (Reason.CLOSED, Reason.RESET) and b", TLS handshaking" in tail:
        reason = Reason.TLS_FAILED
    elif failures and user and tail.find(b" method=") < 0 and b", TLS" not in tail and b", secured" not in tail:
        # USER without TLS is refused before any mechanism has begun (2.3.19).
        reason, failures = Reason.TLS_REQUIRED, 0
    fields = (Kind.END, key, user, address, reason, failures, head.bad_commands)
    return _new_fact(Fact, fields + _NOTHING_MORE)


def _learn(start: bytes) -> Head:
    """The head of a line that begins with `start`, up to `user=`."""
    text = start[PREFIX : 1 - len(USER)]
    head = _classify(text)
    if len(text) <= _LONGEST_HEAD and not head.proxied:
        if len(_heads) >= _HEADS_KEPT:
            _heads.clear()
        _heads[start] = head
    return head


def _classify(text: bytes) -> Head:
    """What a head means; `text` is what stands between `pop3-login:` and `: user=<`."""
    level = _LEVEL.match(text)
    start = 1 if level is None else level.end()
    if text.startswith(b"proxy(", start):
        return _proxied(text, start, failed=level is not None and level.lastindex == 2)  # noqa: PLR2004 - Error
    if level is not None and level.lastindex != 1:
        return _IGNORED
    if text[start:] in (b"Login", b"Logged in"):
        return _LOGIN
    attempt = _ATTEMPT.match(text, start)
    if attempt is not None:
        return (_IGNORED, _REFUSED_PLAIN, Head(Kind.FAILURE))[(attempt.lastindex or 1) - 1]
    return _ended(text, start)


def _proxied(text: bytes, start: int, *, failed: bool) -> Head:
    if failed:
        return Head(Kind.REFUSAL, Reason.BACKEND_DOWN, proxied=True)
    match = _PROXY.match(text, start)
    if match is None:
        return _IGNORED
    started, refused, by_server, _, broken, received, sent = match.groups()
    if started:
        return Head(Kind.LOGIN, proxied=True)
    if refused:
        return Head(Kind.FAILURE, proxied=True)
    if by_server:
        reason = Reason.BACKEND_DOWN if broken else Reason.LOGOUT
    else:
        reason = Reason.RESET if broken else Reason.CLOSED
    return Head(Kind.END, reason, proxied=True, received=int(received), sent=int(sent))


def _ended(text: bytes, start: int) -> Head:
    why = _WHY.match(text, start)
    bracket = _BRACKET.search(text, start)
    detail = None if bracket is None else _DETAIL.match(bracket[1])
    if why is None and detail is None and not text.startswith((b"Disconnected", b"Login aborted"), start):
        return _UNMATCHED
    reason = Reason.UNSPECIFIED if why is None else Reason(why.lastgroup or "")
    counted = None if bracket is None else _ATTEMPTS.search(bracket[1])
    attempts = 0 if counted is None else int(counted[2] or counted[1])
    succeeded = 0 if counted is None or counted[3] else int(counted[1])
    failures = max(attempts - succeeded, 0)
    if detail is not None:
        reason, failures = _explained(reason, detail.lastgroup or "", failures, told=counted is not None)
    bad = {Reason.BAD_COMMANDS: 3, Reason.LINE_TOO_LONG: 1}.get(reason, 0)
    return Head(Kind.END, reason, failures, bad)


def _explained(reason: Reason, detail: str, failures: int, *, told: bool) -> tuple[Reason, int]:
    """The end and the failures among its attempts, with what the bracket says of the last attempt."""
    if detail == "failed":
        return reason, max(failures, 1)
    others = max(failures - 1, 0)
    if detail == "unfinished":
        # 2.3 does not count: who could still QUIT had cancelled it, and was refused.
        return reason, others if told else int(reason is Reason.LOGOUT)
    if detail == "internal":
        # 2.2 and 2.3 say so of a right password that may not log in; 2.4 of a failure only.
        detail = "internal_error" if reason not in _USELESS else "account_disabled"
        return (Reason(detail), failures) if reason in _USELESS else (reason, failures)
    explained = Reason(detail)
    if explained is Reason.TLS_FAILED:
        return (explained if reason in _USELESS else reason), others
    if reason is Reason.LINE_TOO_LONG:  # 2.4.1 calls it a full queue
        return reason, others
    if reason in _USELESS or explained.end is End.BLOCKED:
        reason = explained
    return reason, others


def _nameless(message: bytes) -> Fact | Verdict:
    match = _NAMELESS.match(message, PREFIX)
    if match is not None:
        reason = next(Reason(name) for name, found in match.groupdict().items() if found)
        return Fact(Kind.END, address=match[match.lastindex or 0], reason=reason)
    at = message.find(b": rip=")
    if at > 0:  # 1.x wrote no user where there was none
        return read_login(message[:at] + b": user=<>, " + message[at + 2 :])
    if _LEVEL.match(message, PREFIX) is not None and not message.startswith(b" Info", PREFIX):
        return Verdict.IGNORED
    return Verdict.MALFORMED if b" user=" in message else Verdict.UNMATCHED
