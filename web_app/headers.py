"""Security headers of every answer: it loads nothing foreign, and is not framed, cached, indexed or sent as Referer."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ALWAYS = {
    # no script at all: the page works by links, a form and a refresh
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # for links on our pages; the Referer of a request to us follows the policy of the page it came from
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
#: the admin page calls our API from our own script; Telegram's web client shows Mini Apps in a frame
ADMIN_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self' https://web.telegram.org https://*.telegram.org"
)
_ADMIN = "/admin"
#: Cache-Control of an answer that sets none itself
_CACHING = "no-store"


class SafeHeaders:
    """Adds the headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in ALWAYS.items():
                    headers[name] = value
                if scope.get("path") == _ADMIN:
                    headers["Content-Security-Policy"] = ADMIN_POLICY
                headers.setdefault("Cache-Control", _CACHING)
            await send(message)

        await self._app(scope, receive, with_headers)
