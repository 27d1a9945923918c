"""The control API under /control: setting up the world, acting as people, reading state, waiting, faults."""

import pathlib
from collections.abc import Awaitable, Callable
from dataclasses import fields
from typing import Any

from aiohttp import web

from sandbox.arguments import as_flag, as_int, as_number, find_int, get_bot, get_chat, get_dialog, get_user, read_body
from sandbox.chats.actions import act
from sandbox.chats.buttons import offered
from sandbox.chats.commands import visible_commands
from sandbox.chats.links import find_invitation
from sandbox.chats.posting import delete
from sandbox.chats.transcript import chat_messages, transcript, transcripts
from sandbox.control import waiting, world_setup
from sandbox.control.disturbing import DisturbingRoutes
from sandbox.errors import ControlError
from sandbox.shortener.routes import ShortenerRoutes
from sandbox.state.files import placeholder_picture
from sandbox.state.flood import MODELS
from sandbox.state.records import UNKNOWN_MEMBER, Config
from sandbox.state.world import World
from sandbox.t_me_redirect import redirect_to_page
from sandbox.wire import encode

Json = dict[str, Any]
Reply = Json | web.StreamResponse
Endpoint = Callable[[web.Request], Awaitable[Reply]]
#: HTTP method, path, endpoint
Route = tuple[str, str, Endpoint]

PAGE = pathlib.Path(__file__).parents[1] / "page"
MAX_UPLOAD_BYTES = 20 * 1024 * 1024
MAX_UPLOADS_BYTES = 200 * 1024 * 1024
#: The settings that are one of several words.
CHOICES = {"flood_model": MODELS, "unknown_member": UNKNOWN_MEMBER}
#: Latest time of the clock: Bot API dates have 32 bits.
LATEST_UNIX = 4_102_444_800.0


class ControlRoutes:
    """The endpoints that answer at once. Each returns JSON or a response; ControlError becomes {"error": sentence}."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def reset(self, request: web.Request) -> Reply:
        body = await read_body(request)
        self.world.clear(find_int(body, "seed"))
        return {"ok": True}

    async def state(self, request: web.Request) -> Reply:
        world = self.world
        return {
            "now": world.clock.now(),
            "offset_s": world.clock.offset_s,
            "seq": world.seq,
            "bots": [world_setup.shown_bot(bot) for bot in world.bots.values()],
            "users": [world_setup.shown_user(user) for user in world.users.values()],
            "chats": [world_setup.shown_chat(chat) for chat in world.chats.values()],
        }

    async def add_bot(self, request: web.Request) -> Reply:
        return world_setup.shown_bot(world_setup.add_bot(self.world, await read_body(request)))

    async def add_user(self, request: web.Request) -> Reply:
        return world_setup.shown_user(world_setup.add_user(self.world, await read_body(request)))

    async def add_chat(self, request: web.Request) -> Reply:
        return world_setup.shown_chat(world_setup.add_chat(self.world, await read_body(request)))

    async def change_chat(self, request: web.Request) -> Reply:
        chat = get_chat(self.world, request.match_info["chat"])
        return world_setup.shown_chat(world_setup.change_chat(self.world, chat, await read_body(request)))

    async def change_user(self, request: web.Request) -> Reply:
        user = get_user(self.world, request.match_info["user"])
        return world_setup.shown_user(world_setup.change_user(user, await read_body(request)))

    async def put_member(self, request: web.Request) -> Reply:
        chat = get_chat(self.world, request.match_info["chat"])
        member_id = as_int(request.match_info["member"], "member")
        return {"update_ids": world_setup.put_member(self.world, chat, member_id, await read_body(request))}

    async def delete_chat(self, request: web.Request) -> Reply:
        chat = get_chat(self.world, request.match_info["chat"])
        chat.is_gone = True
        self.world.touch(chat, "member")
        return {"ok": True}

    async def delete_message(self, request: web.Request) -> Reply:
        chat = get_chat(self.world, request.match_info["chat"])
        message = self.world.find_message(None, chat, as_int(request.match_info["message"], "message"))
        if message is None:
            raise ControlError("there is no such message", 404)
        delete(self.world, message)
        return {"ok": True}

    async def chat_messages(self, request: web.Request) -> Reply:
        chat = get_chat(self.world, request.match_info["chat"])
        return chat_messages(self.world, chat, as_int(request.query.get("since", 0), "since"))

    async def invitation(self, request: web.Request) -> Reply:
        user = get_user(self.world, request.query.get("user"))
        found = find_invitation(self.world, user, request.query.get("url", ""))
        if found is None:
            raise ControlError("this invitation leads nowhere", 404)
        return found

    async def act(self, request: web.Request) -> Reply:
        return act(self.world, await read_body(request))

    async def transcript(self, request: web.Request) -> Reply:
        query = request.query
        dialog = get_dialog(self.world, query.get("user"), query.get("bot"))
        return transcript(self.world, dialog, as_int(query.get("since", 0), "since"))

    async def transcripts(self, request: web.Request) -> Reply:
        bot = get_bot(self.world, request.query.get("bot"))
        return transcripts(self.world, bot, as_int(request.query.get("since", 0), "since"))

    async def commands(self, request: web.Request) -> Reply:
        query = request.query
        user, bot = get_user(self.world, query.get("user")), get_bot(self.world, query.get("bot"))
        chat = get_chat(self.world, query["chat"]) if "chat" in query else self.world.dialog(bot, user)
        return {"commands": visible_commands(bot, chat, user)}

    async def choices(self, request: web.Request) -> Reply:
        query = request.query
        dialog = get_dialog(self.world, query.get("user"), query.get("bot"))
        return offered(self.world, dialog, query.get("button", ""))

    async def calls(self, request: web.Request) -> Reply:
        query = request.query
        bot = get_bot(self.world, query["bot"]) if "bot" in query else None
        since, limit = as_int(query.get("since", 0), "since"), as_int(query.get("limit", 200), "limit")
        return self.world.calls.listed(since, limit, bot.id if bot else None, query.get("method"))

    async def counters(self, request: web.Request) -> Reply:
        open_queries = [query.id for query in self.world.callbacks.values() if not query.is_answered]
        shown = {"unanswered_callbacks": len(open_queries), "unanswered_callback_ids": open_queries[:100]}
        restarts = self.world.restarts
        shown |= {"restarts": restarts.count, "turned_away": restarts.turned_away}
        return self.world.calls.counters() | self.world.flood.counters() | shown

    async def set_clock(self, request: web.Request) -> Reply:
        body = await read_body(request)
        clock = self.world.clock
        if ("advance_s" in body) == ("set" in body):
            raise ControlError('say either "advance_s" or "set"')
        if "set" in body:
            unix = as_number(body["set"], "set")
        else:
            unix = clock.now() + as_number(body["advance_s"], "advance_s")
        if not 0 <= unix <= LATEST_UNIX:
            raise ControlError("the clock goes from 1970 to 2100")
        clock.set(unix)
        self.world.changed.fire()
        self.world.events.publish({"seq": self.world.seq, "kind": "clock"})
        return waiting.shown_clock(self.world)

    async def configure(self, request: web.Request) -> Reply:
        body = await read_body(request)
        known = {item.name: type(getattr(self.world.config, item.name)) for item in fields(Config)}
        for name, value in body.items():
            if name not in known:
                raise ControlError(f"the settings are {', '.join(known)}")
            setattr(self.world.config, name, _setting(name, value, known[name]))
        return {name: getattr(self.world.config, name) for name in known}

    async def upload(self, request: web.Request) -> Reply:
        form = await request.post()
        part = form.get("file")
        if not isinstance(part, web.FileField):
            raise ControlError('send a multipart form with a file in the field "file"')
        content = part.file.read()
        store = self.world.files
        if len(content) > MAX_UPLOAD_BYTES:
            raise ControlError("a file may have at most 20 MB")
        if sum(len(file.content or b"") for file in store.by_unique_id.values()) + len(content) > MAX_UPLOADS_BYTES:
            raise ControlError("all files together may have at most 200 MB")
        kind = form.get("kind")
        file = store.add(kind if isinstance(kind, str) else _guess_kind(part), part.filename, content)
        shown: Json = {"id": file.unique_id, "file_name": file.name, "file_size": file.size}
        shown |= {"mime_type": file.mime_type, "kind": file.kind}
        is_picture = file.mime_type.startswith("image/")
        return shown | ({"width": file.width, "height": file.height} if is_picture else {})

    async def file(self, request: web.Request) -> Reply:
        wanted = request.match_info["file"]
        files = self.world.files.by_unique_id
        file = files.get(wanted) or files.get(wanted[:-1])
        if file is None:
            raise ControlError(f"there is no file {wanted}", 404)
        headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'"}
        if file.content is None:
            return web.Response(body=placeholder_picture(file), content_type="image/svg+xml", headers=headers)
        return web.Response(body=file.content, content_type=file.mime_type, headers=headers)


def _setting(name: str, value: Any, kind: type) -> Any:
    if kind is bool:
        return as_flag(value, name)
    if kind is str:
        return _choice(name, value)
    return kind(as_number(value, name))


def _choice(name: str, value: Any) -> str:
    allowed = CHOICES[name]
    if value not in allowed:
        raise ControlError(f'"{name}" must be one of {", ".join(allowed)}')
    return str(value)


def _guess_kind(part: web.FileField) -> str:
    major = part.content_type.partition("/")[0]
    return {"image": "photo", "video": "video", "audio": "audio"}.get(major, "document")


def _answered(endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            reply = await endpoint(request)
        except ControlError as error:
            reply = _refusal(error)
        except web.HTTPRequestEntityTooLarge:
            reply = _refusal(ControlError("the request is too large", 413))
        if isinstance(reply, dict):
            return web.Response(body=encode(reply), content_type="application/json")
        return reply

    return answer


def _refusal(error: ControlError) -> web.Response:
    return web.Response(status=error.status, body=encode({"error": error.sentence}), content_type="application/json")


async def _page(request: web.Request) -> Reply:
    """The files of the page folder; 404 for any other path."""
    name = request.match_info.get("name", "index.html")
    path = (PAGE / name).resolve()
    if PAGE.resolve() not in path.parents or not path.is_file():
        raise ControlError(f"the page has no {name}", 404)
    return web.FileResponse(path, headers={"Cache-Control": "no-cache"})


def add_control_routes(app: web.Application, world: World) -> None:
    """Add `/`, `/page/`, `/control/`, the shortener and `/t.me/` to `app`."""
    shortener = ShortenerRoutes(world)
    routes: list[Route] = [
        ("GET", "/", _page),
        ("GET", "/page/{name:.+}", _page),
        *_routes(ControlRoutes(world)),
        *_disturbing_routes(DisturbingRoutes(world)),
        *_waiting_routes(waiting.WaitingRoutes(world)),
        ("GET", "/control/shortener", shortener.listed),
        ("POST", "/control/shortener", shortener.set_mode),
    ]
    for verb, path, endpoint in routes:
        app.router.add_route(verb, path, _answered(endpoint))
    app.router.add_get("/shortener/api", shortener.api)
    app.router.add_get("/s/{link}", shortener.page)
    app.router.add_get("/t.me/{rest:.+}", redirect_to_page)


def _routes(control: ControlRoutes) -> list[Route]:
    return [
        ("POST", "/control/reset", control.reset),
        ("GET", "/control/state", control.state),
        ("POST", "/control/bots", control.add_bot),
        ("POST", "/control/users", control.add_user),
        ("POST", "/control/chats", control.add_chat),
        ("PATCH", "/control/chats/{chat}", control.change_chat),
        ("PATCH", "/control/users/{user}", control.change_user),
        ("PUT", "/control/chats/{chat}/members/{member}", control.put_member),
        ("GET", "/control/chats/{chat}/messages", control.chat_messages),
        ("DELETE", "/control/chats/{chat}/messages/{message}", control.delete_message),
        ("DELETE", "/control/chats/{chat}", control.delete_chat),
        ("GET", "/control/invitation", control.invitation),
        ("POST", "/control/act", control.act),
        ("GET", "/control/transcript", control.transcript),
        ("GET", "/control/transcripts", control.transcripts),
        ("GET", "/control/commands", control.commands),
        ("GET", "/control/choices", control.choices),
        ("GET", "/control/calls", control.calls),
        ("GET", "/control/counters", control.counters),
        ("POST", "/control/clock", control.set_clock),
        ("POST", "/control/config", control.configure),
        ("POST", "/control/uploads", control.upload),
        ("GET", "/control/files/{file}", control.file),
    ]


def _disturbing_routes(disturbing: DisturbingRoutes) -> list[Route]:
    return [
        ("POST", "/control/faults", disturbing.add_fault),
        ("DELETE", "/control/faults", disturbing.remove_faults),
        ("DELETE", "/control/faults/{fault}", disturbing.remove_faults),
        ("POST", "/control/restart", disturbing.restart),
    ]


def _waiting_routes(waits: waiting.WaitingRoutes) -> list[Route]:
    return [
        ("GET", "/control/wait", waits.wait),
        ("GET", "/control/idle", waits.idle),
        ("GET", "/control/clock", waits.clock),
        ("GET", "/control/faults", waits.faults),
        ("GET", "/control/events", waits.events),
    ]
