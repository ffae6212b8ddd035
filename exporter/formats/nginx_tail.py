"""The end of a line of nginx' mail module: client, server, login, upstream; in the forms of nginx and Zimbra."""

import re
from collections.abc import Sequence

from exporter.catalogue import Reason
from exporter.formats.wording import Meaning, Outcome
from exporter.model import Fact, Kind, Record, Verdict

# The ports of SMTP and IMAP; proxies in containers put thousands before them.
OTHER_PORTS = frozenset((25, 465, 587, 143, 993))
_THOUSAND = 1000

# Before 1.7.1 a client has no port in `connected to`; Zimbra's nginx writes one everywhere.
CLIENT = rb"(unix:|\[?[0-9A-Fa-f:.]{2,52}\]?(?::\d{1,5})?)"
SERVER = rb"(?:unix:[^ ,\"]{0,255}|[^ ,\"]{1,255}:(\d{1,5}))"
# Zimbra writes `(a->b) <=> (c->d)` after it, the first versions `, [a-b] <=> [c-d]`.
_UPSTREAM = rb", upstream: [^ ,\"]{1,255}(?:,? [(\[][^()\"]{1,200}[)\]] <=> [(\[][^()\"]{1,200}[)\]])?"
# A name with a newline ends the line early: the closing quote is then missing, and the name is not used.
TAIL = (
    rb", client: " + CLIENT + rb"(?: using starttls)?, server: " + SERVER
    + rb"(?:, login: \"(?:(.*)\"(?:" + _UPSTREAM + rb")?|[^\"]*))?"
)  # fmt: skip
_IPV4_PORT = re.compile(rb"(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}")
# Zimbra writes an IPv6 address and the port without brackets; ports of clients usually have five digits.
_IPV6_PORT = re.compile(rb"([0-9A-Fa-f:.]{3,45}):\d{5}")
WHILE = rb" while [A-Za-z0-9 /-]{1,60}"


def address(client: bytes | None) -> bytes | None:
    """The client's address without its port."""
    if client is None or b":" not in client:
        return client
    if client == b"unix:":
        return None
    if client[:1] == b"[":
        return client[1:].partition(b"]")[0]
    port = _IPV4_PORT.fullmatch(client) or _IPV6_PORT.fullmatch(client)
    return port[1] if port is not None else client.rstrip(b"]")


def of_other_service(port: bytes | None) -> bool:
    """Whether the port is one of SMTP or IMAP."""
    return port is not None and int(port) % _THOUSAND in OTHER_PORTS


def connected(groups: Sequence[bytes | None], record: Record) -> Outcome:
    """The connection; the groups are client and port of the server."""
    client, port = groups
    return Verdict.IGNORED if of_other_service(port) else Fact(Kind.CONNECT, record.pid, address=address(client))


def tailed(kind: Kind, reason: Reason | None = None, bad_commands: int = 0, *, ok: bool | None = None) -> Meaning:
    """Lines that end with client, server and login."""

    def meaning(groups: Sequence[bytes | None], record: Record) -> Outcome:
        client, port, user = groups
        if of_other_service(port):
            return Verdict.IGNORED
        return Fact(kind, record.pid, user or None, address(client), reason, bad_commands=bad_commands, ok=ok)

    return meaning
