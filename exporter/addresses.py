"""Client addresses as logs have them, and the networks that they are in."""

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
