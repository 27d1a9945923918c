"""The stub shortener over HTTP: `/shortener/api` for programs, `/s/<id>` with two advert pages for people."""

import html
import pathlib
from string import Template
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from sandbox.arguments import as_int, read_body
from sandbox.chats.links import names_bot
from sandbox.control.waiting import timeout_of
from sandbox.errors import ControlError
from sandbox.shortener.shortener import Mode, ShortLink, is_web_address
from sandbox.state.world import World
from sandbox.wire import encode

Json = dict[str, Any]

PAGE = pathlib.Path(__file__).with_name("adverts.html")
#: Like real shorteners, the pages send a Referer, so the destination learns where the visitor comes from.
_HEADERS = {
    "Referrer-Policy": "unsafe-url",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
_STEPS = {
    1: ("Almost there", "Your link waits behind one advert.", "Skip the advert", ("cloud", "socks")),
    2: ("Your link is ready", "Thank you for looking at our sponsors.", "Get link", ("fish", "cloud")),
}
_ADVERTS = {
    "cloud": ("Rent a cloud", "A real one. By the hour, rain not included.", "c1"),
    "socks": ("Left socks, half price", "Somebody has your right ones.", "c2"),
    "fish": ("Umbrellas for fish", "Because one never knows.", "c3"),
}


class ShortenerRoutes:
    """The endpoints of the shortener and its control calls."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def api(self, request: web.Request) -> web.StreamResponse:
        """`?api=KEY&url=DEST[&format=text]`, the request of the common family of APIs."""
        query = request.query
        shortener = self._world.shortener
        mode = shortener.count(query.get("api", ""))
        self._world.changed.fire()
        if mode.name == "hang":
            await mode.ended.wait()
            if request.transport is not None:
                request.transport.abort()
        if mode.name != "ok":
            return _failing(mode)
        is_text = query.get("format") == "text"
        if not query.get("api"):
            return _refused("Invalid API token", is_text)
        if not is_web_address(query.get("url", "")):
            return _refused("URL is invalid", is_text)
        link = shortener.shorten(query["url"], query["api"], self._world.rng)
        short = f"{_base(request)}/s/{link.id}"
        return web.Response(text=short) if is_text else _json(_shaped(mode.options["field"], short))

    async def page(self, request: web.Request) -> web.StreamResponse:
        """The two advert pages; the link on the second leads to the destination."""
        link = self._world.shortener.links.get(request.match_info["link"])
        if link is None:
            return web.Response(status=404, text=_not_found(), content_type="text/html", headers=_HEADERS)
        step = 2 if request.query.get("step") == "2" else 1
        if step == 1 and request.method == "GET":
            link.opened += 1
        onward = self._onward(link) if step == 2 else f"/s/{link.id}?step=2"
        return web.Response(text=_drawn(step, onward, _host(link)), content_type="text/html", headers=_HEADERS)

    def _onward(self, link: ShortLink) -> str:
        """The destination; a link to a bot of this world is replaced by this server's `/t.me/…`."""
        url = link.destination
        parts = urlsplit(url)
        if parts.hostname == "t.me" and names_bot(self._world, url):
            return f"/t.me{parts.path}?{parts.query}"
        return url

    async def listed(self, request: web.Request) -> Json:
        """Modes, calls and links. With `calls`, wait for that many calls; 408 after `timeout_s`."""
        shortener = self._world.shortener
        if "calls" in request.query:
            wanted = as_int(request.query["calls"], "calls")
            timeout_s = timeout_of(dict(request.query))
            if not await self._world.changed.until(lambda: shortener.calls_made >= wanted, timeout_s):
                raise ControlError(f"the shortener was not called {wanted} times within {timeout_s:g} s", 408)
        return shortener.shown(_base(request))

    async def set_mode(self, request: web.Request) -> Json:
        self._world.shortener.set_mode(await read_body(request))
        return self._world.shortener.shown(_base(request))


def _base(request: web.Request) -> str:
    """This server's address with its IP number: Telegram refuses buttons to a host without a dot."""
    return f"http://127.0.0.1:{request.url.port}"


def _host(link: ShortLink) -> str:
    return urlsplit(link.destination).hostname or ""


def _shaped(name: str, short: str) -> Json:
    if name == "data.url":
        return {"status": "success", "data": {"url": short}}
    return {"status": "success", name: short}


def _json(body: Json, status: int = 200) -> web.Response:
    return web.Response(body=encode(body), status=status, content_type="application/json")


def _refused(message: str, is_text: bool = False, status: int = 200) -> web.Response:
    """A refusal: these APIs send it with status 200, and with an empty body in text format."""
    if is_text:
        return web.Response(text="", status=status)
    return _json({"status": "error", "message": message, "shortenedUrl": ""}, status)


def _failing(mode: Mode) -> web.Response:
    options = mode.options
    if mode.name == "html":
        page = "<!doctype html><title>Just a moment…</title><h1>Checking your browser</h1>"
        return web.Response(text=page, content_type="text/html", status=options["status"])
    if mode.name == "429":
        response = _refused("Too many requests", status=429)
        response.headers["Retry-After"] = str(options["retry_after"])
        return response
    if mode.name == "redirect":
        return web.Response(status=302, headers={"Location": options["to"]})
    if mode.name == "raw":
        return web.Response(text=options["body"], status=options["status"], content_type=options["content_type"])
    return _refused(options.get("message", "gone"), status=options.get("status", 503))


def _drawn(step: int, onward: str, host: str) -> str:
    title, line, label, shown = _STEPS[step]
    texts = {
        "title": title,
        "line": line,
        "label": label,
        "step": f"Step {step} of 2",
        "host": f"Leads to {host}" if step == 2 else "The link follows on the next page.",
    }
    escaped = {name: html.escape(text) for name, text in texts.items()}
    adverts = "".join(_advert(name) for name in shown)
    page = Template(PAGE.read_text("utf-8"))
    return page.substitute(escaped, onward=html.escape(onward), adverts=adverts)


def _advert(name: str) -> str:
    title, line, colour = _ADVERTS[name]
    picture = f'<svg viewBox="0 0 64 64" aria-hidden="true"><use href="#{name}"/></svg>'
    return (
        f'<aside class="advert {colour}">{picture}<div><small>Advert</small><h2>{title}</h2><p>{line}</p></div></aside>'
    )


def _not_found() -> str:
    return "<!doctype html><meta charset=utf-8><title>No such link</title><h1>There is no such link</h1>"
