"""The HTTP server: Bot API under /bot<token>/, file downloads, control API, chat page."""

import asyncio
import inspect
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.botapi import METHODS
from sandbox.control.routes import add_control_routes
from sandbox.errors import ApiError, bad_request, flood, method_not_found, unauthorized
from sandbox.state.calls import PREVIEW_BYTES, Record
from sandbox.state.faults import CUTTING, INNER, Fault
from sandbox.state.files import placeholder_picture
from sandbox.state.signals import pause
from sandbox.state.world import Bot, Chat, World
from sandbox.t_me_redirect import is_cross_site
from sandbox.wire import Call, encode, failure, read_parameters, success

Json = dict[str, Any]

#: Larger requests are answered with 413 and an empty body, as by Telegram's front end.
MAX_REQUEST_BYTES = 60 * 1024 * 1024
DEFAULT_PORT = 8081
#: The only values of the Host header that are accepted.
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
#: Seconds open connections get at the end (0 means no limit to aiohttp).
SHUTDOWN_S = 0.1


@dataclass(slots=True)
class Answer:
    """The answer to a bot."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    error: str | None = None
    retry_after_s: int | None = None
    #: Messages sent by the call, for the rate counters.
    size: int = 1


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

    @asynccontextmanager
    async def running(self, port: int = DEFAULT_PORT, host: str = "127.0.0.1") -> AsyncIterator["Sandbox"]:
        """Serve on `host`:`port` (0: any free port, see `url`) until the block ends; waiting calls are aborted then."""
        runner = web.AppRunner(
            self.application(), access_log=None, handler_cancellation=True, shutdown_timeout=SHUTDOWN_S
        )
        await runner.setup()
        try:
            site = web.TCPSite(runner, host, port, reuse_address=True)
            await site.start()
            self.url = f"http://{host}:{runner.addresses[0][1]}"
            yield self
        finally:
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
            return _response(_failed(unauthorized()))
        if file is None:
            return _response(_failed(ApiError(404, "Not Found")))
        content = file.content if file.content is not None else placeholder_picture(file)
        return web.Response(body=content, content_type="application/octet-stream")

    async def _answer_bot(self, request: web.Request) -> web.StreamResponse:
        if request.method not in ("GET", "POST"):
            return web.Response(status=501)
        try:
            params, files = await read_parameters(request)
        except web.HTTPRequestEntityTooLarge:
            return web.Response(status=413)
        except ValueError:
            return web.Response(status=400)
        token, _, name = request.match_info["rest"].partition("/")
        found = METHODS.get((name or params.get("method", "")).lower())
        try:
            bot = _get_bot(self.world, token)
            if found is None:
                self.world.calls.note_unknown(name)
                raise method_not_found()
        except ApiError as error:
            return _response(_failed(error))
        return await self._run(request, Call(self.world, bot, found[0], params, files))

    async def _run(self, request: web.Request, call: Call) -> web.StreamResponse:
        world, chat_id = self.world, call.text("chat_id")
        calls = world.calls
        started = time.perf_counter()
        calls.start(call.bot.id, call.method, chat_id, world.clock.now())
        number = calls.last
        counts = call.method != "getUpdates"
        calls.in_flight += counts
        answer, fault = Answer(0, b"", error="the connection was cut"), None
        try:
            refused = await _pass_flood_control(call) if world.config.has_flood_control else None
            if refused is None:
                fault = self._take_fault(call, chat_id)
            if counts and world.config.latency_ms:
                await pause(world.config.latency_ms / 1000)
            answer = refused or await self._execute(call, fault)
            if fault is not None and fault.kind == "hang_after":
                await fault.removed.wait()
        finally:
            calls.in_flight -= counts
            self._log(number, call, answer, fault, started)
        if fault is not None and fault.kind in CUTTING and request.transport is not None:
            request.transport.abort()
        return _response(answer)

    def _take_fault(self, call: Call, chat_id: str) -> Fault | None:
        fault = self.world.faults.take(call.method, call.bot.id, chat_id)
        if fault is not None:
            self.world.changed.fire()
        return fault

    async def _execute(self, call: Call, fault: Fault | None) -> Answer:
        """The answer of the method, or of the fault that replaces it."""
        if fault is None:
            return await _invoke(call)
        effect = fault.effect
        if fault.kind in INNER:
            call.effect = effect
        elif fault.kind == "hang":
            await fault.removed.wait()
            return Answer(0, b"", error="the connection was cut")
        elif fault.kind == "delay":
            await pause(float(effect["ms"]) / 1000)
        elif fault.kind not in ("drop_after", "hang_after"):
            return _injected(effect)
        return await _invoke(call)

    def _log(self, number: int, call: Call, answer: Answer, fault: Fault | None, started: float) -> None:
        world, calls = self.world, self.world.calls
        now = world.clock.now()
        chat_id = call.text("chat_id")
        asked = None if answer.retry_after_s is None else (now, now + answer.retry_after_s)
        calls.finish(call.bot.id, call.method, chat_id, answer.error, asked, answer.size)
        world.changed.fire()
        if world.events.has_listeners:
            world.events.publish({"seq": world.seq, "kind": "call", "bot": call.bot.id, "method": call.method})
        if not world.config.log_calls:
            return
        sizes = {name: len(part.content) for name, part in call.files.items()}
        record = Record(
            number,
            now,
            call.bot.id,
            call.method,
            call.params,
            sizes,
            answer.status,
            answer.body[:PREVIEW_BYTES],
            (time.perf_counter() - started) * 1000,
            answer.error,
            fault.kind if fault else None,
        )
        calls.keep(record)


def _get_bot(world: World, token: str) -> Bot:
    bot = world.bots_by_token.get(token)
    if bot is None:
        if ":" not in token or token.startswith("0") or len(token) > 80:
            raise ApiError(401, "Unauthorized: invalid token specified")
        raise unauthorized()
    if bot.is_logged_out:
        raise ApiError(400, "Logged out")
    return bot


async def _invoke(call: Call) -> Answer:
    method = METHODS[call.method.lower()][1]
    try:
        result = method(call)
        if inspect.isawaitable(result):
            result = await result
    except ApiError as error:
        return _failed(error)
    except UnicodeEncodeError:
        return _failed(bad_request("strings must be encoded in UTF-8"))
    size = len(result) if isinstance(result, list) else 1
    return Answer(200, encode(success(result)), size=size)


async def _pass_flood_control(call: Call) -> Answer | None:
    """Wait until flood control admits the call, and return None; return the 429 when it refuses."""
    world, name, number = call.world, call.text("chat_id"), call.integer("chat_id")
    found = world.find_named(name) if name.startswith("@") else world.chats.get(number)
    chat = (number, "private") if name else None
    if isinstance(found, Chat):
        chat = (found.id, found.type)
    try:
        await world.flood.admit(world.config, call.bot.id, call.method, chat, call.params)
    except ApiError as error:
        return _failed(error)
    return None


def _failed(error: ApiError) -> Answer:
    retry_after = (error.parameters or {}).get("retry_after")
    headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
    return Answer(
        error.status,
        encode(failure(error)),
        headers=headers,
        error=error.description,
        retry_after_s=retry_after,
    )


def _injected(effect: Json) -> Answer:
    """The answer a fault gives instead of the method."""
    kind = effect["kind"]
    if kind == "error":
        return _failed(ApiError(int(effect["status"]), str(effect["description"]), effect.get("parameters")))
    if kind == "flood":
        return _failed(flood(int(effect["retry_after"])))
    if kind == "unauthorized":
        return _failed(unauthorized())
    if kind == "html":
        status = int(effect["status"])
        page = f"<html><head><title>{status}</title></head><body><h1>{status} Bad Gateway</h1></body></html>"
        return Answer(status, page.encode(), "text/html", error=f"HTML {status}")
    if kind == "empty":
        return Answer(int(effect["status"]), b"", error=f"empty {effect['status']}")
    if kind == "no_description":
        status = int(effect["status"])
        return Answer(status, encode({"ok": False, "error_code": status}), error="no description")
    if kind == "drop_before":
        return Answer(0, b"", error="the connection was cut")
    return _failed(bad_request(f"unknown fault {kind}"))


def _response(answer: Answer) -> web.Response:
    status = answer.status or 500
    return web.Response(status=status, body=answer.body, content_type=answer.content_type, headers=answer.headers)


async def _not_found(request: web.Request) -> web.Response:
    if request.path.startswith("/control"):
        return web.json_response({"error": f"there is no {request.method} {request.path}"}, status=404)
    return _response(_failed(ApiError(404, "Not Found")))


async def serve(sandbox: Sandbox, port: int, stop: asyncio.Event) -> None:
    """Serve until `stop` is set."""
    async with sandbox.running(port):
        print(f"sandbox: {sandbox.url}", flush=True)
        await stop.wait()
