"""Carries the visitor's referring host from the page's GET to its POST, in the form, protected by an HMAC ("seal").

The referring page is only in the Referer of the GET; the Referer of the POST is our own page. So the GET puts the host
into hidden fields of the form, with a seal over token and host, and the POST verifies it.

This proves little, which is why `require_referer` is off by default: a client can forge the Referer of the GET and gets
a valid seal for it, and a browser, an extension or the shortener may omit the header for an honest visitor. A seal is
valid for one token, as long as the token is.
"""

import hmac
from hashlib import sha256
from urllib.parse import urlsplit


def host_of(referer: str | None) -> str | None:
    """Return the host of a Referer, in lower case and without its port; None when it is no http(s) address."""
    if not referer:
        return None
    try:
        parts = urlsplit(referer)
        # reading the port raises ValueError when it is no number
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    return host if parts.scheme in ("http", "https") else None


def seal(key: bytes, token: str, host: str) -> str:
    """HMAC-SHA256 over token and host, as 64 hexadecimal digits. Neither may contain a line break."""
    return hmac.new(key, f"{token}\n{host}".encode(), sha256).hexdigest()


def is_sealed(key: bytes, token: str, host: str, found: str) -> bool:
    """Whether `found` is the seal of token and host, compared in constant time."""
    return hmac.compare_digest(seal(key, token, host).encode(), found.encode("utf-8", "replace"))
