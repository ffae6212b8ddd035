"""Logged lines of the protocol itself: what `exporter.sessions.dialogue` needs from servers that log the dialogue."""

import binascii

from exporter.model import Fact, Kind

# Longer names get no series; it also bounds what is decoded.
_MAX_NAME = 1024
_CRLF = 2
# No message has a terabyte: such a size is not believed.
_MAX_DIGITS = 12
# The line with the single dot that ends a message.
_DOT_LINE = 3


def command(line: bytes, key: bytes, address: bytes | None, *, trait: str = "", received: bool = True) -> Fact:
    """What the client sent, with the bytes of the line; `received` False: the line does not show them."""
    verb, user = parsed(line)
    size = len(line) + _CRLF if received else None
    return Fact(Kind.COMMAND, key, user, address, verb=verb, received=size, trait=trait)


def parsed(line: bytes) -> tuple[bytes, bytes | None]:
    """The verb of a command, and the user that it names, if any."""
    verb, _, rest = line.strip().partition(b" ")
    if not rest and verb[:1] not in b"Aa":
        return verb, None
    upper = verb.upper()
    if upper == b"USER":
        return verb, rest.strip()[:_MAX_NAME] or None
    if upper == b"APOP":
        return verb, rest.strip().rpartition(b" ")[0][:_MAX_NAME] or None
    if upper == b"AUTH":
        mechanism, _, response = rest.strip().partition(b" ")
        if not mechanism:
            return b"CAPA", None  # it asks for a list
        if mechanism.upper() == b"PLAIN":
            return verb, plain_name(response)
    return verb, None


def plain_name(response: bytes) -> bytes | None:
    """The name in a response of AUTH PLAIN (RFC 4616), if it has one."""
    try:
        parts = binascii.a2b_base64(response[:_MAX_NAME]).split(b"\0")
    except binascii.Error:
        return None
    return parts[1] or None if len(parts) == 3 else None  # noqa: PLR2004 - authzid, authcid, passwd


def succeeded(line: bytes) -> bool | None:
    """Whether a reply is +OK or -ERR; None: neither (data, or a challenge)."""
    head = line[:4].upper()
    return True if head[:3] == b"+OK" else False if head == b"-ERR" else None


def reply_bytes(line: bytes) -> int:
    """The bytes of the reply, and of the message if the line gives its size (`+OK 777 octets`): an estimate.

    The message's size is that of the file, without the stuffed dots.
    """
    size = 0
    words = line.split(None, 3) if b"octets" in line.lower() else ()
    if len(words) > 2 and words[1].isdigit() and words[2].lower().startswith(b"octets"):  # noqa: PLR2004
        size = int(words[1]) + _DOT_LINE if len(words[1]) <= _MAX_DIGITS else 0
    return len(line) + _CRLF + size
