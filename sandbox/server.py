"""The HTTP server: Bot API under /bot<token>/, file downloads, control API, chat page."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.answers import Answer, cut_off, failed, while_down
from sandbox.botapi import METHODS
from sandbox.control.routes import add_control_routes
from sandbox.errors import ApiError, method_not_found, unauthorized
from sandbox.execution import run
from sandbox.port import Port
from sandbox.state.files import placeholder_picture
from sandbox.state.records import Bot
from sandbox.state.world import World
from sandbox.t_me_redirect import is_cross_site
from sandbox.webhooks.pushing import Webhooks
from sandbox.wire import Call, read_parameters

Json = dict[str, Any]

#: Larger requests are answered with 413 and an empty body, as by Telegram's front end.
MAX_REQUEST_BYTES = 60 * 1024 * 1024
DEFAULT_PORT = 8081
#: The only values of the Host header that are accepted.
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
#: Seconds open connections get at the end (0 means no limit to aiohttp).
SHUTDOWN_S = 0.1


@web.middleware
async def _refuse_other_sites(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse requests of other sites' pages in the same browser, also under another host name (DNS rebinding)."""
    host = urlsplit(f"//{request.host}").hostname
    origin = request.headers.get("Origin")
    is_foreign = origin is not None and origin.partition("://")[2] != request.host
    drives_page = "open" in request.query and is_cross_site(request)
    if host not in LOOPBACK_NAMES or is_foreign or drives_page:
        return web.json_response({"error": "this comes from a page of another site"}, status=403)
    return await handler(request)


class Sandbox:
    """A local Telegram. Use `async with Sandbox(seed=1).running(port=0) as sandbox: sandbox.url`."""

    def __init__(self, seed: int | None = None) -> None:
        self.world = World(seed)
        self.url = ""
        self.port: Port | None = None

    @asynccontextmanager
    async def running(self, port: int = DEFAULT_PORT, host: str = "127.0.0.1") -> AsyncIterator["Sandbox"]:
        """Serve on `host`:`port` (0: any free port, see `url`) until the block ends; waiting calls are aborted then."""
        runner = web.AppRunner(
            self.application(), access_log=None, handler_cancellation=True, shutdown_timeout=SHUTDOWN_S
        )
        await runner.setup()
        self.port = opened = Port(runner, host, port)
        webhooks = Webhooks(self.world)
        try:
            self.url = await opened.open()
            self.world.restarts.close_port = opened.close_for
            webhooks.open()
            yield self
        finally:
            await webhooks.close()
            self.world.restarts.close_port = None
            await opened.end()
            await runner.cleanup()

    def application(self) -> web.Application:
        """The aiohttp application with all routes."""
        app = web.Application(client_max_size=MAX_REQUEST_BYTES, middlewares=[_refuse_other_sites])
        app.router.add_route("*", "/bot{rest:.+}", self._answer_bot)
        app.router.add_get("/file/bot{token}/{path:.+}", self._send_file)
        add_control_routes(app, self.world)
        app.router.add_route("*", "/{rest:.*}", _not_found)
        return app

    async def _send_file(self, request: web.Request) -> web.Response:
        file = self.world.files.by_path.get(request.match_info["path"])
        if request.match_info["token"] not in self.world.bots_by_token:
            return failed(unauthorized()).response()
        if file is None:
            return failed(ApiError(404, "Not Found")).response()
        content = file.content if file.content is not None else placeholder_picture(file)
        return web.Response(body=content, content_type="application/octet-stream")

    async def _answer_bot(self, request: web.Request) -> web.StreamResponse:
        if self.port is None:
            return await self._answer_call(request)
        with self.port.serving(request.transport):
            return await self._answer_call(request)

    async def _answer_call(self, request: web.Request) -> web.StreamResponse:
        if request.method not in ("GET", "POST"):
            return web.Response(status=501)
        try:
            params, files = await read_parameters(request)
        except web.HTTPRequestEntityTooLarge:
            return web.Response(status=413)
        except ValueError:
            return web.Response(status=400)
        restarts = self.world.restarts
        if restarts.turns_away():
            return _sent(request, while_down(restarts.answer), closes=True)
        token, _, name = request.match_info["rest"].partition("/")
        found = METHODS.get((name or params.get("method", "")).lower())
        try:
            bot = _get_bot(self.world, token)
            if found is None:
                self.world.calls.note_unknown(name)
                raise method_not_found()
        except ApiError as error:
            return failed(error).response()
        done = await run(Call(self.world, bot, found[0], params, files))
        return _sent(request, cut_off() if done.is_cut else done.answer, closes=restarts.is_down)


def _sent(request: web.Request, answer: Answer, *, closes: bool) -> web.Response:
    """The response; without a status the connection is reset. `closes`: it is the last one on its connection."""
    if answer.status == 0 and request.transport is not None:
        request.transport.abort()
    response = answer.response()
    if closes:
        response.force_close()
    return response


def _get_bot(world: World, token: str) -> Bot:
    bot = world.bots_by_token.get(token)
    if bot is None:
        if ":" not in token or token.startswith("0") or len(token) > 80:
            raise ApiError(401, "Unauthorized: invalid token specified")
        raise unauthorized()
    if bot.is_logged_out:
        raise ApiError(400, "Logged out")
    return bot


async def _not_found(request: web.Request) -> web.Response:
    if request.path.startswith("/control"):
        return web.json_response({"error": f"there is no {request.method} {request.path}"}, status=404)
    return failed(ApiError(404, "Not Found")).response()


async def serve(sandbox: Sandbox, port: int, stop: asyncio.Event) -> None:
    """Serve until `stop` is set."""
    async with sandbox.running(port):
        print(f"sandbox: {sandbox.url}", flush=True)
        await stop.wait()
