"""Keeps requests out of private networks: an address typed in a chat must not reach what only this machine can."""

import asyncio
import ipaddress
import socket

from aiohttp.abc import ResolveResult
from aiohttp.resolver import ThreadedResolver

#: the NAT64 prefix (RFC 6052); its last four bytes are an IPv4 address
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class PrivateAddress(OSError):
    """A host resolves to an address that is not public. aiohttp expects OSError from a resolver."""


class PublicResolver(ThreadedResolver):
    """Resolves names of which every address is public. The connection goes to what was checked here.

    Raises PrivateAddress. Hosts that are addresses already are not resolved: `is_private_literal` is for them.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await super().resolve(host, port, family)
        if not all(is_public_address(one["host"]) for one in found):
            raise PrivateAddress("the host has an address that is not public")
        return found


def public_resolver() -> PublicResolver:
    """Make a resolver for the running loop."""
    return PublicResolver(asyncio.get_running_loop())


def is_private_literal(host: str) -> bool:
    """Return whether `host` is an IP address that is not public; False for a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return not is_public_address(host)


def is_public_address(text: str) -> bool:
    """Return whether an IP address is public, also the IPv4 address within an IPv6 one.

    Raises ValueError for a text that is no address.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(address.packed[-4:])
        if inner is not None:
            return _is_public(inner)
    return _is_public(address)


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address.is_global and not address.is_multicast
