"""Headers of every answer: nothing foreign is loaded, framed, kept, indexed or told on."""

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
    # of our answers: what the visitor's browser says of the page before ours is that page's to decide
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
#: the admin page asks our API by a script of ours; Telegram in a browser shows Mini Apps in a frame
ADMIN_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self' https://web.telegram.org https://*.telegram.org"
)
_ADMIN = "/admin"
#: unless the answer says otherwise
_KEPT = "no-store"


class SafeHeaders:
    """Puts the headers on whatever is answered."""

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
                headers.setdefault("Cache-Control", _KEPT)
            await send(message)

        await self._app(scope, receive, with_headers)
