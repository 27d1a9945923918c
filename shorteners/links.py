"""Is a link one that people may be sent to."""

import ipaddress
import re
from urllib.parse import unquote

from yarl import URL

from shorteners.failures import FailureKind, ShortenerError
from shorteners.providers import Provider

#: characters of a link
LINK_MAX = 2048

#: two labels or more: a name without a dot belongs to somebody's own network
_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+")
#: the last label of what browsers read as an IPv4 address, in whatever notation (WHATWG URL, "ends in a number")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
#: last labels that no public name has (RFC 6761, 6762, 8375, ICANN's reservation of .internal)
_OWN_NETWORK = frozenset({"arpa", "home", "internal", "invalid", "lan", "local", "localdomain", "localhost", "onion"})
#: what IANA gives out of IPv6 (RFC 4291)
_GLOBAL_V6 = ipaddress.ip_network("2000::/3")
#: how often something may have been URL-encoded
_ENCODINGS_MAX = 4


def checked(link: str, provider: Provider, destination: str) -> str:
    """`link` in its canonical form, when people may be sent there.

    Names are not resolved: nobody here follows the link. Raises ShortenerError: unsafe_link, foreign_link or
    not_shortened.
    """
    url = _parsed(link)
    if _holds(link, provider.api_key.get_secret_value()) or len(str(url)) > LINK_MAX:
        raise ShortenerError(FailureKind.UNSAFE_LINK)
    if is_same(link, destination):
        raise ShortenerError(FailureKind.NOT_SHORTENED)
    host = (url.raw_host or "").rstrip(".")
    if host != provider.api_host and not is_public(host):
        raise ShortenerError(FailureKind.UNSAFE_LINK)
    if provider.hosts and host not in provider.known_hosts:
        raise ShortenerError(FailureKind.FOREIGN_LINK)
    return str(url)


def is_same(link: str, destination: str) -> bool:
    """True when both are one address, but for the scheme and how they are written."""
    try:
        return _place(URL(link)) == _place(URL(destination))
    except ValueError:
        return link == destination


def is_public(host: str) -> bool:
    """True for a name with a dot that no own network uses, and for an address of the public Internet. Lower case."""
    try:
        return _is_public_address(ipaddress.ip_address(host))
    except ValueError:
        last = host.rpartition(".")[2]
        return _NAME.fullmatch(host) is not None and last not in _OWN_NETWORK and not _NUMBER.fullmatch(last)


def _place(url: URL) -> tuple[str | None, str, str]:
    return url.raw_host, url.raw_path.rstrip("/"), url.raw_query_string


def _is_public_address(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None:
            return address.is_global and address in _GLOBAL_V6
        address = inner
    return address.is_global and not address.is_multicast


def _parsed(link: str) -> URL:
    """Raises ShortenerError(unsafe_link) for what is no plain http(s) address."""
    url = None
    if len(link) <= LINK_MAX and link.isprintable() and not set(link) & {" ", "\\"}:
        try:
            url = URL(link)
        except ValueError:
            url = None
    if url is None or url.scheme not in {"http", "https"} or not url.raw_host or "@" in url.raw_authority:
        raise ShortenerError(FailureKind.UNSAFE_LINK)
    return url


def _holds(link: str, key: str) -> bool:
    """True when the key stands in the link, URL-encoded or not, in whatever case."""
    seen, wanted = link, key.casefold()
    for _ in range(_ENCODINGS_MAX):
        if wanted in seen.casefold():
            return True
        seen = unquote(seen)
    return False
