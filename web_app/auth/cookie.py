"""The page's session in the browser: one cookie no script can read, and where a request with it came from."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response

NAME = "tollgate_session"
#: methods that change nothing
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Cookies:
    """Writes the cookie. `base_url` is what the world sees in front of our addresses; empty: this machine alone."""

    base_url: str = ""

    def keep(self, token: str, expires_at: datetime, now: datetime) -> str:
        """The header that gives a browser the session until `expires_at`."""
        return self._header(token, max(0, int((expires_at - now).total_seconds())))

    def forget(self) -> str:
        """The header that takes it away."""
        return self._header("", 0)

    def _header(self, value: str, max_age_s: int) -> str:
        parts = urlsplit(self.base_url)
        answer = Response()
        answer.set_cookie(
            NAME,
            value,
            max_age=max_age_s,
            path=parts.path or "/",
            secure=parts.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return answer.headers["set-cookie"]

    def is_from_elsewhere(self, method: str, headers: Headers) -> bool:
        """Whether a browser says that another site sent a request that changes something.

        No browser leaves out both headers when another site asks with the methods and content types we take.
        """
        if method in SAFE:
            return False
        fetched_from = headers.get("sec-fetch-site")
        if fetched_from is not None:
            # a page of ours, or the person themselves
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
        # behind a proxy the request may name another host than the one the world sees
        return (theirs.scheme, theirs.netloc) == (ours.scheme, ours.netloc) or (bool(host) and theirs.netloc == host)
