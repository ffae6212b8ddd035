"""Dovecot's auth lines (auth_verbose = yes): one per refused attempt, with user, address and session.

    2.2, 2.3    auth: Info: passwd-file(USER,ADDRESS,<SESSION>): Password mismatch
                auth-worker(PID): Info: [conn ...: auth-worker<N>: ]sql(USER,ADDRESS,<SESSION>): unknown user
    2.4         auth(USER,ADDRESS,sasl:plain)<SESSION>: Info: passwd-file: Password mismatch
                auth-worker(USER,ADDRESS)<PID><SESSION>: Info: request [N]: pam: pam_authenticate() failed: ...

They are the same for every service, so their facts are tentative. Names come from the client and may hold anything: a
name that the server refused to print is logged as `?`, and follows in the text. The commonest lines, with names whose
end is clear, are parsed in a fast path with the same results as the general one.
"""

import re

from exporter.catalogue import Reason
from exporter.model import Fact, Kind, Verdict

_OLD = (
    rb"auth(?:-worker)?(?:\([^)]*\))?: (?:Info: )?"
    rb"(?:conn [^()]{1,300}\([^()]{1,100}\): )?(?:auth-worker<\d*>: )?[\w-]+\("
)
_NEW = rb"auth(?:-worker)?\("
_NEW_END = (
    rb"\)(?:<\d{1,10}>)?<([^<>]+)>: (?:Info: )?(?!Debug: |Warning: |Error: )(?:request \[\d{1,10}\]: )?(?:[\w-]+: )?"
)
_DOCUMENTED = re.compile(
    rb"auth(?:-worker(?:\(\d{1,10}\))?)?: (?:Info: )?(?:conn unix:auth-worker \(pid=\d{1,10},uid=\d{1,10}\): )?"
    rb"(?:auth-worker<\d{1,10}>: )?[\w-]+\(([^\s,()<>?]+),([0-9A-Fa-f.:]+),<([^<>]+)>\): "
    rb"(?:Password mismatch|(unknown user))[^<]*"
)
_HIDDEN_OLD = re.compile(_OLD + rb"\?,([^,()<>]*+)[^()<>]*,<([^<>]+)>\): ")
_NAMED_OLD = re.compile(_OLD + rb"(.*),([0-9A-Fa-f.:]+)(?:,master)?,<([^<>]+)>\): ", re.DOTALL)
_HIDDEN_NEW = re.compile(_NEW + rb"\?,([^,()<>]*+)[^()<>]*" + _NEW_END)
_NAMED_NEW = re.compile(
    _NEW + rb"(.*),([0-9A-Fa-f.:]+)(?:,sasl:[\w-]+)?(?:,master)?" + _NEW_END,
    re.DOTALL,
)
_TEXT = re.compile(
    rb"(?P<failure>Password mismatch|unknown user|invalid input|Invalid base64|Username |Empty username"
    rb"|pam_authenticate\(\) failed|[Ii]nvalid (?:credentials|password|user|authentication|token)"
    rb"|[Aa]uthentication fail(?:ed|ure)(?! due to policy)|(?:bind|ldap_bind\(\)) failed)"
    rb"|(?P<access_list>allow_nets check failed|allow_real_nets check failed)"
    rb"|(?P<policy>Authentication failure due to policy|.*not allowed to (?:log ?in|authenticate))"
    rb"|(?P<account_disabled>[Uu]ser (?:is )?disabled"
    rb"|.*(?:[Aa]ccount|[Pp]assword) (?:has |is )?(?:expired|disabled|locked))"
)
# The texts for a name that is not printed; with any other text, `?` was the name itself.
_HIDDEN = re.compile(rb"Username |Empty username|invalid input|Invalid base64|Request timed out")
_TRUE_NAME_BEGIN = b"(username: "
_TRUE_NAME = re.compile(rb"(.*)\)(?: \([^()]*\))?$", re.DOTALL)


def read_auth(message: bytes) -> Fact | Verdict:
    """The fact of a line of the auth process; none if it names no session."""
    documented = _DOCUMENTED.fullmatch(message)
    if documented is None:
        return read_any_auth(message)
    name, address, key, unknown = documented.groups()
    return _refused(key, name, address, known=not unknown)


def read_any_auth(message: bytes) -> Fact | Verdict:
    """The general path, for any name that a client may send."""
    is_new = b")<" in message  # patterns are tried only if the line can match
    hidden = (_HIDDEN_NEW.match(message) or _HIDDEN_OLD.match(message)) if b"(?," in message else None
    if hidden is not None and _HIDDEN.match(message, hidden.end()) is not None:
        name, (address, key), end = None, hidden.groups(), hidden.end()
    else:
        named = (_NAMED_NEW.match(message) if is_new else None) or _NAMED_OLD.match(message)
        if named is None:
            return Verdict.IGNORED
        (name, address, key), end = named.groups(), named.end()
    return _attempt(message, end, key, name, address or None)


def _attempt(message: bytes, start: int, key: bytes, name: bytes | None, address: bytes | None) -> Fact | Verdict:
    text = _TEXT.match(message, start)
    if text is None:
        return Verdict.IGNORED
    if name is None:
        name = _true_name(message, start)
    if text.lastgroup == "failure":
        return _refused(key, name or None, address, known=text[0] != b"unknown user")
    return Fact(
        Kind.REFUSAL, key, name or None, address, Reason(text.lastgroup or ""), tentative=True, trait="auth_verbose"
    )


def _refused(key: bytes, name: bytes | None, address: bytes | None, *, known: bool) -> Fact:
    # Several databases are asked one after the other, and so is the user database (2.3.19).
    ok = None if known else False
    return Fact(Kind.FAILURE, key, name, address, tentative=True, ok=ok, trait="auth_verbose")


def _true_name(message: bytes, start: int) -> bytes | None:
    """Searches from the first possible place only: from each of them, a line full of them would take quadratic time."""
    _, begin, rest = message[start:].partition(_TRUE_NAME_BEGIN)
    told = _TRUE_NAME.match(rest) if begin else None
    return None if told is None else told[1] or None
