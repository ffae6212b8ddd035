"""Turns `HOST:PORT` into a bound socket, or an error that says what to do."""

import errno
import socket
import sys
from typing import Any

from exporter.errors import OperatorError

SEND_BUFFER_BYTES = 256 * 1024
WILDCARDS = ("", "::")


class ListenError(OperatorError):
    """Listening on the address failed; the message is for people."""


def split(listen: str) -> tuple[str, int]:
    """`127.0.0.1:10110`, `[::1]:10110` or `:10110` (all addresses) to host and port."""
    host, colon, port = listen.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not port.isdecimal() or int(port) > 65_535 or (":" in host and not bracketed):  # noqa: PLR2004
        raise ListenError(
            f'web.listen: {listen!r} is not HOST:PORT, such as "127.0.0.1:10110", "[::1]:10110", ":10110"'
        )
    return (host[1:-1] if bracketed else host), int(port)


class Bounded(socket.socket):
    """A listening socket with at most `most` open connections; further ones are closed.

    That includes connections that never finish a TLS handshake.
    """

    most = 400

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection, or BlockingIOError."""
        taken, address = super().accept()
        self._taken = [one for one in getattr(self, "_taken", ()) if one.fileno() >= 0]
        if len(self._taken) >= self.most:
            taken.close()
            raise BlockingIOError
        self._taken.append(taken)
        return taken, address


def refuse_foreign(listen: str) -> None:
    """ListenError if `listen` is no address of this machine; whether its port is free, only `bind` finds out."""
    bind(listen, any_port=True).close()


def bind(listen: str, *, any_port: bool = False) -> Bounded:
    """A bound socket for `listen`; port 0 chooses a free one. Raises ListenError."""
    host, port = split(listen)
    try:
        return _bind(host, 0 if any_port else port)
    except socket.gaierror as error:
        raise ListenError(f"web.listen: cannot find the address of {host!r}: {error.strerror}") from error
    except OSError as error:
        raise ListenError(f"web.listen: cannot listen on {listen}: {_advice(error)}") from error


def _bind(host: str, port: int) -> Bounded:
    if not host and not socket.has_dualstack_ipv6():
        host = "0.0.0.0"  # noqa: S104 - the operator asked for all addresses
    found = socket.getaddrinfo(host or "::", port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    # For a name such as localhost, IPv4 first, as in Go.
    family, kind, protocol, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    bound = Bounded(family, kind, protocol)
    try:
        option = "SO_EXCLUSIVEADDRUSE" if sys.platform == "win32" else "SO_REUSEADDR"
        bound.setsockopt(socket.SOL_SOCKET, getattr(socket, option), 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(host not in WILDCARDS))
        # Unread data in the kernel counts as our memory.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        bound.bind(address)
        # Fails here if the port is in use, not later in the loop.
        bound.listen(128)
    except OSError:
        bound.close()
        raise
    return bound


def _advice(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "the address is in use, perhaps by another pop3-exporter; stop that, or choose another port"
    if error.errno == errno.EADDRNOTAVAIL:
        return "this machine has no such address"
    if error.errno == errno.EACCES:
        return "permission denied; ports below 1024 need CAP_NET_BIND_SERVICE"
    return error.strerror or str(error)
