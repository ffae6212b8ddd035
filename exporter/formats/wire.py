"""Logged lines of the protocol itself: what `exporter.sessions.dialogue` needs of servers that log the dialogue."""

import binascii

from exporter.model import Fact, Kind

# Names beyond this are never born; it also bounds what is decoded.
_MAX_NAME = 1024
_CRLF = 2
# The line with the single dot that ends a message.
_DOT_LINE = 3


def command(line: bytes, key: bytes, address: bytes | None, received: int | None = None) -> Fact:
    """What the client sent; `received`: its bytes, else as many as the line has."""
    verb, _, rest = line.strip().partition(b" ")
    upper = verb.upper()
    user = None
    if upper == b"USER":
        user = rest.strip()[:_MAX_NAME] or None
    elif upper == b"APOP":
        user = rest.strip().rpartition(b" ")[0][:_MAX_NAME] or None
    elif upper == b"AUTH":
        mechanism, _, response = rest.strip().partition(b" ")
        if not mechanism:
            verb = b"CAPA"  # it asks for a list
        elif mechanism.upper() == b"PLAIN":
            user = plain_name(response)
    return Fact(
        Kind.COMMAND, key, user, address, verb=verb, received=len(line) + _CRLF if received is None else received
    )


def plain_name(response: bytes) -> bytes | None:
    """The name in AUTH PLAIN's response (RFC 4616), if it holds one."""
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
    """Bytes of the reply, and of the message where the line gives its size (`+OK 777 octets`): an estimate.

    The message's size is that of the file, without the dots that were stuffed.
    """
    size = 0
    words = line.split(None, 3)
    if len(words) > 2 and words[1].isdigit() and len(words[1]) < 16 and words[2].lower().startswith(b"octets"):  # noqa: PLR2004
        size = int(words[1]) + _DOT_LINE
    return len(line) + _CRLF + size
