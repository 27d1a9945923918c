"""Where a visitor came from, carried from the page's GET to its POST.

The browser names the page before ours in the header Referer of the GET; the Referer of the POST is our own page. So the
GET writes the host into its form, with a seal over token and host that only we can make, and the POST reads it there.

What this cannot prove: a Referer is what the client says it is. Whoever writes requests by hand forges it in the GET
and gets a true seal for it; a browser, an extension or the shortener itself may leave it out, and then an honest person
has none. It only stops plain visits from elsewhere, which is why `require_referer` is off by default. A seal holds for
its own token alone, and as long as that.
"""

import hmac
from hashlib import sha256
from urllib.parse import urlsplit


def host_of(referer: str | None) -> str | None:
    """The host a Referer names, in lower case and without its port; None when it names none."""
    if not referer:
        return None
    try:
        parts = urlsplit(referer)
        # a port that is no number is read here alone
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    return host if parts.scheme in ("http", "https") else None


def seal(key: bytes, token: str, host: str) -> str:
    """HMAC-SHA256 over token and host, as 64 hexadecimal digits. Neither may hold a line break."""
    return hmac.new(key, f"{token}\n{host}".encode(), sha256).hexdigest()


def is_sealed(key: bytes, token: str, host: str, found: str) -> bool:
    """True when `found` is the seal of these; takes as long for any wrong one."""
    return hmac.compare_digest(seal(key, token, host).encode(), found.encode("utf-8", "replace"))
