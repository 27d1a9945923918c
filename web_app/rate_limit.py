"""Limits the requests of one session, or of one address without a session, per minute. In memory, per process."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import islice

from cachetools import LRUCache
from starlette.datastructures import Headers
from starlette.types import Scope

from core.addresses import Networks
from core.clock import Clock

WINDOW_S = 60.0
#: sessions and addresses that are counted, some 300 bytes each; an evicted one starts a new window
KEYS_MAX = 10_000
#: characters of an IPv6 address at its longest
_ADDRESS_MAX = 45
#: proxies in front of one another that are followed, and bytes of a line of X-Forwarded-For that are read
PROXIES_MAX = 5
_FORWARDED_MAX = 512
#: as some proxies write one: 1.2.3.4:443, [2001:db8::1]:443, [2001:db8::1]
_WITH_PORT = re.compile(r"\[([^]]+)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}")

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests in a fixed window of one minute, which starts with the first of them."""

    signed_in: int = 120
    unsigned: int = 60


#: visits of the unlock page from one address: a school or a mobile network may be behind it
VISITS_MAX = 600


class RateLimit:
    """Counts requests by key, for at most `keys_max` keys: the least recently used one is evicted."""

    def __init__(self, clock: Clock, keys_max: int = KEYS_MAX) -> None:
        self._clock = clock
        #: key: when its window started, and the requests counted since
        self._windows: LRUCache[str, tuple[float, int]] = LRUCache(keys_max)

    def __len__(self) -> int:
        return len(self._windows)

    def count(self, key: str, limit: int) -> int:
        """Count a request of `key`: 0 when it is within the limit, else the seconds to wait (1 to 60).

        A refused request is not counted: repeating it does not lengthen the wait.
        """
        now = self._clock.monotonic()
        started_at, count = self._windows.get(key, (now, 0))
        if now - started_at >= WINDOW_S:
            started_at, count = now, 0
        is_within = count < limit
        self._windows[key] = (started_at, count + is_within)
        return 0 if is_within else max(1, math.ceil(started_at + WINDOW_S - now))


def is_peer_in(scope: Scope, networks: Networks) -> bool:
    """Return whether the other end of the connection is in one of `networks`; True for a socket without an address."""
    client = scope.get("client")
    found = _parsed(client[0]) if client else None
    return found is None or _is_in(found, networks)


def address_of(scope: Scope, trusted: Networks) -> str:
    """The address of the client as a key: the peer, or the client that a trusted proxy names; "unknown" without either.

    A proxy appends to X-Forwarded-For, or adds a line of its own below those it received: the entries are read from the
    end, through the proxies that are trusted, up to the first address that is not. What a client wrote itself stands
    before it and is not read. Of an IPv6 address only the first 64 bits count: one household has all the rest.
    """
    client = scope.get("client")
    found = _parsed(client[0]) if client else None
    for entry in _forwarded(scope):
        if found is not None and not _is_in(found, trusted):
            break
        named = _parsed(_without_port(entry))
        if named is None:
            break
        found = named
    return _key(found) if found is not None else "unknown"


def _forwarded(scope: Scope) -> Iterator[str]:
    """The entries of X-Forwarded-For, the last one first; of a long list only the last ones."""
    lines = Headers(scope=scope).getlist("x-forwarded-for")
    entries = (entry for line in reversed(lines) for entry in reversed(line[-_FORWARDED_MAX:].split(",")))
    for entry in islice(entries, PROXIES_MAX):
        yield entry.strip()


def _without_port(text: str) -> str:
    match = _WITH_PORT.fullmatch(text)
    return match[1] or match[2] if match else text


def _parsed(text: str) -> Address | None:
    """The address, an IPv4 address in IPv6 as itself; None when `text` is no address."""
    if len(text) > _ADDRESS_MAX:
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_in(address: Address, networks: Networks) -> bool:
    return any(address in network for network in networks)


def _key(address: Address) -> str:
    return address.exploded[:19] if isinstance(address, IPv6Address) else str(address)
