"""The cookie with the admin page's session, which no script can read, and the check against cross-site requests."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response

NAME = "tollgate_session"
#: methods of requests that change nothing
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """Writes the Set-Cookie header. `base_url` is the public address (PUBLIC_BASE_URL), empty when there is none."""

    base_url: str = ""

    @property
    def name(self) -> str:
        """The cookie's name. Its prefix has browsers refuse one that another site or plain http has set (RFC 6265bis).

        `__Host-` needs the path `/`; below another one it is `__Secure-`, and without https there is no prefix.
        """
        parts = urlsplit(self.base_url)
        if parts.scheme != "https":
            return NAME
        return f"__Secure-{NAME}" if parts.path.strip("/") else f"__Host-{NAME}"

    def issue(self, token: str, expires_at: datetime, now: datetime) -> str:
        """The header value that stores the token in the browser until `expires_at`."""
        return self._header(token, max(0, int((expires_at - now).total_seconds())))

    def expire(self) -> str:
        """The header value that deletes the cookie."""
        return self._header("", 0)

    def _header(self, value: str, max_age_s: int) -> str:
        parts = urlsplit(self.base_url)
        answer = Response()
        answer.set_cookie(
            self.name,
            value,
            max_age=max_age_s,
            path=parts.path or "/",
            secure=parts.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return answer.headers["set-cookie"]

    def is_cross_site(self, method: str, headers: Headers) -> bool:
        """Whether the browser says that another site sent this request; always False for methods that change nothing.

        With the methods and content types we accept, every browser sends at least one of the two headers.
        """
        if method in SAFE:
            return False
        fetched_from = headers.get("sec-fetch-site")
        if fetched_from is not None:
            # sent by a page of ours, or typed by the person
            return fetched_from not in ("same-origin", "none")
        origin = headers.get("origin")
        return origin is not None and not self._is_ours(origin, headers.get("host", ""))

    def _is_ours(self, origin: str, host: str) -> bool:
        try:
            theirs, ours = urlsplit(origin), urlsplit(self.base_url)
        except ValueError:
            return False
        if theirs.scheme not in ("http", "https"):
            return False
        # behind a proxy the Host header may differ from the public host
        if (theirs.scheme, theirs.netloc) == (ours.scheme, ours.netloc):
            return True
        # behind https, plain http is another site whatever its name, but for a tunnel to this machine
        is_safe = ours.scheme != "https" or theirs.scheme == "https" or theirs.hostname in ("127.0.0.1", "localhost")
        return bool(host) and theirs.netloc == host and is_safe
