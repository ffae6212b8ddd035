"""Interprets a logged POP3 dialogue: commands and replies become logins, failures, bad commands and ends.

For servers that log the protocol itself (SmarterMail, hMailServer, MailEnable, Exchange). The commands are those of RFC
1939, 2449, 2595, 5034 and 6856.
"""

import binascii
import re

from exporter.catalogue import Reason
from exporter.model import Fact, Kind
from exporter.sessions.session import Session

COMMANDS = frozenset(
    b"USER PASS APOP AUTH STAT LIST RETR DELE NOOP LAST RSET TOP UIDL CAPA STLS QUIT UTF8 LANG XTND".split()
)
_ATTEMPTS = frozenset((b"PASS", b"APOP", b"AUTH"))
# After a login they are refused.
_BEFORE_LOGIN = _ATTEMPTS | {b"USER", b"STLS"}
# Without a login they are refused.
_OF_TRANSACTION = frozenset(b"STAT LIST RETR DELE NOOP LAST RSET TOP UIDL".split())
# These name the user themselves.
_NAMING = frozenset((b"USER", b"APOP", b"AUTH"))
_HANGING_UP = frozenset((Reason.LOGIN_FAILURES, Reason.BAD_COMMANDS, Reason.LINE_TOO_LONG, Reason.TIMEOUT))
# The longest PLAIN response with a user name that we would keep.
_MAX_RESPONSE = 1024
# PLAIN (RFC 4616), SCRAM (RFC 5802), CRAM-MD5 (RFC 2195), else the bare name of LOGIN.
_RESPONSE = re.compile(
    rb"[^\0]*\0([^\0]*)\0[^\0]*|[nyp][^,]*,[^,]*,n=([^,]*),.*|(.*) [0-9a-f]{32}|([^\0]*)",
    re.DOTALL,
)
# Whether the current AUTH has named its user.
_UNNAMED, _NAMED = b"?", b"!"


def is_before_login(fact: Fact) -> bool:
    """Whether the line is a command that only a connection which has not logged in sends with success."""
    return fact.kind is Kind.COMMAND and fact.verb.upper() in _BEFORE_LOGIN


def is_accepted_again(session: Session, fact: Fact) -> bool:
    """Whether the server accepts what it refuses after a login: the number of a lost session was used again."""
    return session.logged_in and session.verb in _BEFORE_LOGIN and fact.kind is Kind.REPLY and fact.ok is True


def hand_over(former: Session | None, session: Session | None, fact: Fact) -> None:
    """If the server accepts again what `former` did, its last command was that of `session`."""
    if former is None or session is None or not is_accepted_again(former, fact):
        return
    session.verb, session.user, session.mechanism, former.verb = former.verb, former.user, former.mechanism, b""


def is_of_transaction(fact: Fact) -> bool:
    """Whether the line is a command that succeeded, as it does after a login only."""
    return fact.kind is Kind.COMMAND and fact.ok is True and fact.verb.upper() in _OF_TRANSACTION


def translate(session: Session, fact: Fact) -> Fact | None:
    """The fact that a COMMAND or REPLY of `session` amounts to, if any; remembers what the next line needs.

    A bare AUTH asks for a list of mechanisms: formats pass it as CAPA. On a reply, `fact.reason` is set if it refuses
    for another reason than the credentials, and `fact.bad_commands` if it calls the command unknown or malformed.
    """
    if fact.kind is Kind.COMMAND:
        _command(session, fact)
        if fact.ok is None:
            return None
    if fact.ok is None or not session.verb:
        return None
    return _answered(session, fact)


def _command(session: Session, fact: Fact) -> None:
    verb = fact.verb.upper()
    if session.verb == b"AUTH" and verb not in COMMANDS:
        _continue_auth(session, fact)
        return
    if verb == b"AUTH":
        session.mechanism = _UNNAMED if fact.user is None else _NAMED
    if fact.user is not None and (verb in _NAMING or _is_fuller(fact.user, session.user)):
        session.user = fact.user
    session.verb = verb[:32] or b"?"
    session.quitting = verb == b"QUIT"


def _is_fuller(name: bytes, known: bytes | None) -> bool:
    """Whether the name logged with a command has more than the one that the client sent, which may be cut off."""
    return known is None or (b"@" in name and b"@" not in known)


def _continue_auth(session: Session, fact: Fact) -> None:
    """A line inside AUTH: the first one names the user, whatever the mechanism; the next may be a password."""
    if session.mechanism != _UNNAMED:
        return
    session.mechanism = _NAMED
    try:
        response = binascii.a2b_base64(fact.verb[:_MAX_RESPONSE])
    except binascii.Error:
        return
    match = _RESPONSE.fullmatch(response)
    if match is not None and match[match.lastindex or 0].strip():
        session.user = match[match.lastindex or 0]


def _answered(session: Session, fact: Fact) -> Fact | None:
    verb, session.verb = session.verb, b""
    if fact.ok:
        return _accepted(session, fact, verb)
    if fact.reason is not None:
        return _refused(session, fact, verb)
    if verb not in COMMANDS or fact.bad_commands:
        return Fact(Kind.BAD_COMMAND, fact.key, None, fact.address, bad_commands=max(fact.bad_commands, 1))
    if verb in _ATTEMPTS or verb == b"USER":
        return Fact(Kind.FAILURE, fact.key, session.user, fact.address)
    return None


def _refused(session: Session, fact: Fact, verb: bytes) -> Fact:
    """The reply gives a reason: the server hangs up for it, or the connection ends with it unless a login follows."""
    reason = fact.reason
    if reason not in _HANGING_UP:
        return Fact(Kind.REFUSAL, fact.key, session.user, fact.address, reason)
    failures = session.attempts + (reason is Reason.LOGIN_FAILURES and verb in _ATTEMPTS)
    bad = session.bad_commands + (reason in (Reason.BAD_COMMANDS, Reason.LINE_TOO_LONG))
    return Fact(Kind.END, fact.key, session.user, fact.address, reason, failures, bad)


def _accepted(session: Session, fact: Fact, verb: bytes) -> Fact | None:
    if verb in _ATTEMPTS:
        return Fact(Kind.LOGIN, fact.key, session.user, fact.address)
    if verb == b"QUIT":
        return Fact(Kind.END, fact.key, None, fact.address, Reason.LOGOUT, received=fact.received, sent=fact.sent)
    return None
