"""The client's data in a line of Dovecot's login process: `login_log_format_elements`, whatever they are.

The elements are pieces between commas: `KEY=VALUE`, `KEY=<VALUE>`, or what the connection's state adds (`TLS`,
`secured`), in the order of the setting. All but the user's name is the server's own text. The name may hold anything,
including text that looks like more elements. So whatever stands before `user=` is genuine, and what follows the name is
read from the right, up to a piece that can only belong to the name: one that closes a bracket without opening it, or
repeats an element in brackets. A single line does not show which elements the setting has: a name may forge one of a
kind that the setting leaves out, but never another address or session than the one that is logged.
"""

import re
from typing import NamedTuple

# Other names that may stand for an element, beside the documented one.
_USERS = rb"(?:user(?:name)?|login|account|u)"
_SESSIONS = rb"(?:session(?:_?id)?|sess|sid)"
_ADDRESSES = rb"(?:rip|remote_ip|raddr|remote|client(?:_ip)?|ip)"
# Not `pid`, which is the login process's own and serves many connections.
_PROCESSES = rb"(?:mpid|mail_pid)"

_USER = re.compile(_USERS + rb"=")
_BRACKETED = re.compile(rb"([A-Za-z][\w.-]{0,40})=<[^<>]*>")
# What may follow a name without brackets, where every piece counts.
_PLAIN = re.compile(rb"(?:([A-Za-z][\w.-]{0,40})=(?:[^<>]*|<[^<>]*>)|(?:TLS|SSL|secured|\(proxied\)).*)", re.DOTALL)
_KNOWN = re.compile(rb"(?:" + b"|".join((_USERS, _SESSIONS, _ADDRESSES, _PROCESSES, rb"method")) + rb")=")
# The last of each kind: an earlier one could be the name's.
_SESSION = re.compile(rb".*, " + _SESSIONS + rb"=(?:<([^<>]*)>|([^<>,\s]+))(?:, |$)", re.DOTALL)
_RIP = re.compile(rb".*, rip=([^,]*)", re.DOTALL)
_ADDRESS = re.compile(rb".*, " + _ADDRESSES + rb"=[<\[]?([\da-fA-F:.]{2,45})[>\]]?(?:, |$)", re.DOTALL)
_PROCESS = re.compile(rb".*, " + _PROCESSES + rb"=(\d{1,10})(?:, |$)", re.DOTALL)
_LONGEST_PROCESS = 10
# The documented order: only the name and the session are in brackets, and all between them is the server's.
_DOCUMENTED = re.compile(rb"user=<([^<>]*)>((?:, [^<>]*)?)(?:, session=<([^<>,]+)>)?")
_RIP_BEGIN = b", rip="


class Elements(NamedTuple):
    """Whose connection it is; `tail`: all elements but the name, each after a comma and a blank."""

    key: bytes | None
    user: bytes | None
    address: bytes | None
    tail: bytes


def read_elements(text: bytes) -> Elements | None:
    """The elements that `text` consists of; None: they are cut off, or none is known."""
    documented = _DOCUMENTED.fullmatch(text)
    if documented is not None:
        user, tail, key = documented.groups()
        at = tail.rfind(_RIP_BEGIN)
        if at >= 0 and (key is not None or _SESSION.match(tail) is None):
            address = tail[at + len(_RIP_BEGIN) :].partition(b",")[0]
            return Elements(key, user or None, address or None, tail)
    return read_any_elements(text)


def read_any_elements(text: bytes) -> Elements | None:
    """The general path, for any order."""
    pieces = text.split(b", ")
    at = next((index for index, piece in enumerate(pieces) if _USER.match(piece)), None)
    if at is None:
        return _told(None, pieces, []) if any(map(_KNOWN.match, pieces)) else None
    bracketed = pieces[at].partition(b"=")[2].startswith(b"<")
    known = {piece.partition(b"=")[0] for piece in pieces[:at]}
    end = (_end_in_brackets if bracketed else _end_of_plain)(pieces, at, known)
    if end is None:
        return None
    name = b", ".join(pieces[at:end]).partition(b"=")[2]
    return _told((name[1:-1] if bracketed else name) or None, pieces[:at], pieces[end:])


def _end_in_brackets(pieces: list[bytes], at: int, known: set[bytes]) -> int | None:
    """The piece that ends the name that begins with piece `at`."""
    end = None
    for index in range(len(pieces) - 1, at - 1, -1):
        piece = pieces[index]
        if piece[-1:] != b">":
            continue
        element = _BRACKETED.fullmatch(piece) if index > at else None
        if element is None or element[1] in known:
            return index + 1
        known.add(element[1])
        end = index + 1
    return end


def _end_of_plain(pieces: list[bytes], at: int, known: set[bytes]) -> int:
    for index in range(len(pieces) - 1, at, -1):
        element = _PLAIN.fullmatch(pieces[index])
        if element is None or element[1] in known:
            return index + 1
        if element[1] is not None:
            known.add(element[1])
    return at + 1


def _told(user: bytes | None, before: list[bytes], behind: list[bytes]) -> Elements:
    # What stands before the name is genuine, whatever follows.
    tail = b"".join(b", " + piece for piece in (*behind, *before))
    session, address = _SESSION.match(tail), _RIP.match(tail) or _ADDRESS.match(tail)
    key = None if session is None else session[1] or session[2] or None
    return Elements(key, user, None if address is None else address[1] or None, tail)


def process_in(tail: bytes) -> bytes | None:
    """The process that serves the connection after its login, if `Elements.tail` has it."""
    at = tail.rfind(b", mpid=") + 7
    if at > 6:  # noqa: PLR2004
        end = tail.find(b",", at)
        digits = tail[at : end if end > 0 else None]
        return digits if digits.isdigit() and len(digits) <= _LONGEST_PROCESS else None
    found = _PROCESS.match(tail)
    return None if found is None else found[1]
