"""Client addresses: whose request it is, behind proxies or not.

Rule: what a client writes about itself is not believed. `X-Forwarded-For` counts only as far as trusted proxies wrote it:
from its end, past every address that is a trusted proxy's own.
"""

import ipaddress
from collections.abc import Mapping, Sequence

from multidict import MultiMapping

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Who has one address of IPv6 has this much of it.
_OF_ONE_CLIENT = 64
# A longer list was not written by proxies.
_MAX_HOPS = 20


def parse_networks(text: str) -> tuple[Network, ...]:
    """Return the networks and addresses of a list separated by commas. Raises ValueError."""
    return tuple(ipaddress.ip_network(one.strip()) for one in text.split(","))


def client_address(peer: object, headers: Mapping[str, str], trusted: Sequence[Network]) -> str:
    """Return the address that a request is limited by; IPv6 by its network, empty where there is none, as on a socket file."""
    address = _parsed(str(peer[0])) if isinstance(peer, tuple) and peer else None
    if address is None:
        return ""
    forwarded = _lines(headers, "X-Forwarded-For") if _is_trusted(address, trusted) else ""
    for hop in reversed(forwarded.split(",")[-_MAX_HOPS:] if forwarded else ()):
        before = _parsed(hop.strip())
        if before is None:
            break
        address = before
        if not _is_trusted(address, trusted):
            break
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, _OF_ONE_CLIENT), strict=False).network_address)
    return str(address)


def _lines(headers: Mapping[str, str], name: str) -> str:
    """Return all lines of a header, which are one list: some proxies write a line of their own behind the client's."""
    return ",".join(headers.getall(name, ())) if isinstance(headers, MultiMapping) else headers.get(name, "")


def _is_trusted(address: _Address, trusted: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in trusted)


def _parsed(text: str) -> _Address | None:
    """Return an address, as proxies write it, with a port or without; one of IPv4 also where IPv6 wraps it."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
