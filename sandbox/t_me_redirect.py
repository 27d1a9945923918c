"""`/t.me/…`: stands for https://t.me in a browser tab. Redirects to the chat page, whose script opens the link."""

import html
from urllib.parse import quote

from aiohttp import web

_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


def is_cross_site(request: web.Request) -> bool:
    """Whether the browser says that a page of another host made the request (other ports are the same site)."""
    return request.headers.get("Sec-Fetch-Site") == "cross-site"


async def redirect_to_page(request: web.Request) -> web.Response:
    """Redirect to `/?open=<link>`; from a page of another site, show a link to press instead. Changes nothing."""
    link = "https://t.me" + request.rel_url.raw_path.removeprefix("/t.me")
    if request.rel_url.raw_query_string:
        link += "?" + request.rel_url.raw_query_string
    target = "/?open=" + quote(link, safe="")
    if not is_cross_site(request):
        return web.Response(status=302, headers=_HEADERS | {"Location": target})
    policy = {"Content-Security-Policy": "default-src 'none'"}
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Open in the sandbox</title>'
        f'<p>{html.escape(link)}</p><p><a href="{html.escape(target)}">Open in the sandbox</a></p></html>'
    )
    return web.Response(text=page, content_type="text/html", headers=_HEADERS | policy)
