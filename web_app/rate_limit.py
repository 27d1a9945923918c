"""Limits the requests of one session, or of one address without a session, per minute. In memory, per process."""

import math
import re
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from cachetools import LRUCache
from starlette.datastructures import Headers
from starlette.types import Scope

from core.clock import Clock

WINDOW_S = 60.0
#: sessions and addresses that are counted, some 300 bytes each; an evicted one starts a new window
KEYS_MAX = 10_000
#: characters of an IPv6 address at its longest
_ADDRESS_MAX = 45
#: as some proxies write one: 1.2.3.4:443, [2001:db8::1]:443, [2001:db8::1]
_WITH_PORT = re.compile(r"\[([^]]+)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests in a fixed window of one minute, which starts with the first of them."""

    signed_in: int = 120
    unsigned: int = 60


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


def address_of(scope: Scope) -> str:
    """The address of the client as a key: the peer, or the client a trusted proxy names; "unknown" without either.

    A proxy is trusted when it is on this machine or in a private network. It appends to X-Forwarded-For, or adds a line
    of its own below those it received. Of an IPv6 address only the first 64 bits count: one household has all the rest.
    """
    client = scope.get("client")
    found = _network(client[0]) if client else None
    if found is None or found[1]:
        lines = Headers(scope=scope).getlist("x-forwarded-for")
        found = (_network(_without_port(lines[-1].rpartition(",")[2].strip())) if lines else None) or found
    return found[0] if found else "unknown"


def _without_port(text: str) -> str:
    match = _WITH_PORT.fullmatch(text)
    return match[1] or match[2] if match else text


def _network(text: str) -> tuple[str, bool] | None:
    """The address as a key, and whether it is private or loopback; None when `text` is no address."""
    if len(text) > _ADDRESS_MAX:
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    is_private = address.is_private or address.is_loopback
    if not isinstance(address, IPv6Address):
        return str(address), is_private
    if address.ipv4_mapped is not None:
        return _network(str(address.ipv4_mapped))
    return address.exploded[:19], is_private
