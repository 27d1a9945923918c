"""Checks the links of providers before people are sent to them."""

import ipaddress
from urllib.parse import unquote

from yarl import URL

from core.addresses import ADDRESS_MAX, is_button_address
from shorteners.failures import FailureKind, ShortenerError
from shorteners.providers import Provider

#: top-level labels of no public name (RFC 6761, 6762, 8375, ICANN's reservation of .internal)
_NOT_PUBLIC = frozenset({"arpa", "home", "internal", "invalid", "lan", "local", "localdomain", "localhost", "onion"})
#: levels of URL-encoding in which the key is searched
_ENCODINGS_MAX = 4


def check_link(link: str, provider: Provider, destination: str) -> str:
    """Return the canonical form of a safe link that Telegram accepts for a button.

    Host names are not resolved, because no process of ours follows the link. Raises ShortenerError: unsafe_link,
    foreign_link or not_shortened.
    """
    url = _parsed(link)
    if _contains_key(link, provider.api_key.get_secret_value()) or not is_button_address(str(url)):
        raise ShortenerError(FailureKind.UNSAFE_LINK)
    if is_same(str(url), destination):
        raise ShortenerError(FailureKind.NOT_SHORTENED)
    host = url.raw_host or ""
    if host != provider.api_host and not is_public(host):
        raise ShortenerError(FailureKind.UNSAFE_LINK)
    if provider.hosts and host not in provider.known_hosts:
        raise ShortenerError(FailureKind.FOREIGN_LINK)
    return str(url)


def is_same(link: str, destination: str) -> bool:
    """Whether both are the same URL, ignoring the scheme, the fragment and differences in encoding."""
    try:
        return _identity(URL(link)) == _identity(URL(destination))
    except ValueError:
        return link == destination


def is_public(host: str) -> bool:
    """Whether `host`, in lower case, is a name outside of private networks or a public IPv4 address.

    Only for hosts of URLs that pass `is_button_address`: other forms of addresses are not recognised.
    """
    try:
        address = ipaddress.IPv4Address(host)
    except ValueError:
        return host.rpartition(".")[2] not in _NOT_PUBLIC
    return address.is_global and not address.is_multicast


def _identity(url: URL) -> tuple[str | None, str, str]:
    return url.raw_host, url.raw_path.rstrip("/"), url.raw_query_string


def _parsed(link: str) -> URL:
    """Parse a plain http(s) URL; a dot at the end of its host is removed. Raises ShortenerError(unsafe_link)."""
    url = None
    if len(link) <= ADDRESS_MAX and link.isprintable() and not set(link) & {" ", "\\"}:
        try:
            url = _without_last_dot(URL(link))
        except ValueError:
            url = None
    if url is None or url.scheme not in {"http", "https"} or not url.raw_host or "@" in url.raw_authority:
        raise ShortenerError(FailureKind.UNSAFE_LINK)
    return url


def _without_last_dot(url: URL) -> URL:
    # a browser treats both as the same host, Telegram may refuse a button with the dot. Raises ValueError for "." alone
    host = url.raw_host or ""
    return url.with_host(host.removesuffix(".")) if host.endswith(".") else url


def _contains_key(link: str, key: str) -> bool:
    """Whether the link contains the key, URL-encoded or not, ignoring case."""
    decoded, wanted = link, key.casefold()
    for _ in range(_ENCODINGS_MAX):
        if wanted in decoded.casefold():
            return True
        decoded = unquote(decoded)
    return False
