"""Addresses of clients in logs, their networks, and addresses of hosts in configurations."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network


def parsed(address: bytes) -> IPv4Address | IPv6Address | None:
    """The address, with IPv4 inside IPv6 as IPv4; None if it is not an IP address."""
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
    """Whether only this machine can reach the host (a name or an address, also in brackets or with a zone)."""
    try:
        return ip_address(host.strip("[]").partition("%")[0]).is_loopback
    except ValueError:
        return host.lower().rstrip(".") in {"localhost", "localhost.localdomain"}


def is_everywhere(host: str) -> bool:
    """Whether the host, also in brackets, means all addresses of the machine."""
    return host.strip("[]") in {"", "0.0.0.0", "::"}  # noqa: S104 - compared, not listened on
