"""How often one session, or one address without a session, may ask within a minute. In memory, of this process."""

import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from starlette.datastructures import Headers
from starlette.types import Scope

WINDOW_S = 60.0
#: who asked last is remembered, some 300 bytes each; whoever is forgotten begins anew
KEYS_MAX = 10_000
#: characters of an IPv6 address at its longest
_ADDRESS_MAX = 45
#: as some proxies write one: 1.2.3.4:443, [2001:db8::1]:443, [2001:db8::1]
_WITH_PORT = re.compile(r"\[([^]]+)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests in a window of a minute, which begins with the first."""

    signed_in: int = 120
    unsigned: int = 60


class RateLimit:
    """Counts requests by key; takes no more memory than KEYS_MAX of them need."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic, keys_max: int = KEYS_MAX) -> None:
        self._monotonic = monotonic
        self._keys_max = keys_max
        #: key: when its window began, and the requests since; the one that asked longest ago stands first
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._windows)

    def count(self, key: str, limit: int) -> int:
        """Count a request of `key`: 0 when it is within the limit, else the seconds until it may ask again (1 to 60).

        A refused request is not counted: asking on does not lengthen the wait.
        """
        now = self._monotonic()
        began_at, count = self._windows.get(key, (now, 0))
        if now - began_at >= WINDOW_S:
            began_at, count = now, 0
        is_within = count < limit
        self._windows[key] = (began_at, count + is_within)
        self._windows.move_to_end(key)
        if len(self._windows) > self._keys_max:
            self._windows.popitem(last=False)
        return 0 if is_within else max(1, math.ceil(began_at + WINDOW_S - now))


def address_of(scope: Scope) -> str:
    """Who asks, as far as can be told: the other end, or whom a proxy of ours says it asks for.

    A proxy of ours is on this machine or in a private network, and adds to X-Forwarded-For at the end, or as a line of
    its own behind those that came. Of IPv6 the first 64 bits count: a household has them all to itself.
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
    """The address as a key, and whether it is one of ours; None when it is none."""
    if len(text) > _ADDRESS_MAX:
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    is_ours = address.is_private or address.is_loopback
    if not isinstance(address, IPv6Address):
        return str(address), is_ours
    if address.ipv4_mapped is not None:
        return _network(str(address.ipv4_mapped))
    return address.exploded[:19], is_ours
