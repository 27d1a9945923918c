"""Is a link one that people may be sent to."""

import ipaddress
from urllib.parse import unquote

from yarl import URL

from core.addresses import ADDRESS_MAX, is_button_address
from shorteners.failures import FailureKind, ShortenerError
from shorteners.providers import Provider

#: last labels that no public name has (RFC 6761, 6762, 8375, ICANN's reservation of .internal)
_OWN_NETWORK = frozenset({"arpa", "home", "internal", "invalid", "lan", "local", "localdomain", "localhost", "onion"})
#: how often something may have been URL-encoded
_ENCODINGS_MAX = 4


def checked(link: str, provider: Provider, destination: str) -> str:
    """`link` in its canonical form, when people may be sent there and Telegram takes it for a button.

    Names are not resolved: nobody here follows the link. Raises ShortenerError: unsafe_link, foreign_link or
    not_shortened.
    """
    url = _parsed(link)
    if _holds(link, provider.api_key.get_secret_value()) or not is_button_address(str(url)):
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
    """True when both are one address, but for the scheme and how they are written."""
    try:
        return _place(URL(link)) == _place(URL(destination))
    except ValueError:
        return link == destination


def is_public(host: str) -> bool:
    """True for a name that no own network uses, and for a public IPv4 address.

    `host` in lower case, of an address `is_button_address` takes: others are not told apart here.
    """
    try:
        address = ipaddress.IPv4Address(host)
    except ValueError:
        return host.rpartition(".")[2] not in _OWN_NETWORK
    return address.is_global and not address.is_multicast


def _place(url: URL) -> tuple[str | None, str, str]:
    return url.raw_host, url.raw_path.rstrip("/"), url.raw_query_string


def _parsed(link: str) -> URL:
    """`link` without the dot its host may end with. Raises ShortenerError(unsafe_link) for no plain http(s) address."""
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
    # the same host to a browser; to Telegram's buttons perhaps none. Raises ValueError when nothing else is left
    host = url.raw_host or ""
    return url.with_host(host.removesuffix(".")) if host.endswith(".") else url


def _holds(link: str, key: str) -> bool:
    """True when the key stands in the link, URL-encoded or not, in whatever case."""
    seen, wanted = link, key.casefold()
    for _ in range(_ENCODINGS_MAX):
        if wanted in seen.casefold():
            return True
        seen = unquote(seen)
    return False
