"""Addresses: of clients as logs have them, the networks that they are in, and of hosts as configurations name them."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network


def parsed(address: bytes) -> IPv4Address | IPv6Address | None:
    """The address, an IPv4 one inside IPv6 as IPv4; None: it is no address of the internet protocol."""
    try:
        found = ip_address(address.decode("ascii").strip("[]").partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


@lru_cache(maxsize=4_096)
def is_in(networks: tuple[Network, ...], address: bytes) -> bool:
    """Whether the address lies in one of the networks."""
    found = parsed(address)
    return found is not None and any(found in one for one in networks)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the host, a name or an address, also in brackets and with a zone."""
    try:
        return ip_address(host.strip("[]").partition("%")[0]).is_loopback
    except ValueError:
        return host.lower().rstrip(".") in {"localhost", "localhost.localdomain"}


def is_everywhere(host: str) -> bool:
    """Whether who listens on the host, also in brackets, listens on all addresses of the machine."""
    return host.strip("[]") in {"", "0.0.0.0", "::"}  # noqa: S104 - compared, not listened on
