"""Parses HTTP requests into calls, and wraps results into envelopes (rows 1 to 3, BOTAPI §1)."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from sandbox.chats.access import find_chat
from sandbox.errors import ApiError, bad_request
from sandbox.state.records import Bot, Chat
from sandbox.state.world import World

Json = dict[str, Any]

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(slots=True)
class Part:
    """An uploaded file."""

    name: str
    content: bytes


@dataclass(slots=True)
class Call:
    """One Bot API call. `params` are texts as sent (objects as JSON), `effect` a fault that the method carries out."""

    world: World
    bot: Bot
    method: str
    params: dict[str, str]
    files: dict[str, Part] = field(default_factory=dict)
    effect: Json | None = None
    #: ids of the messages it sent, also when it fails afterwards
    made: list[int] = field(default_factory=list)

    def text(self, name: str) -> str:
        """The parameter, "" when it is missing."""
        return self.params.get(name, "")

    def required(self, name: str) -> str:
        """The parameter. Raises 400 `parameter "…" is required` when it is missing or empty."""
        found = self.params.get(name, "")
        if not found:
            raise bad_request(f'parameter "{name}" is required')
        return found

    def flag(self, name: str) -> bool:
        """True only for true, yes and 1 in any case (BOTAPI §1.1)."""
        return self.params.get(name, "").lower() in ("true", "yes", "1")

    def integer(self, name: str, default: int = 0) -> int:
        """The number, 0 for a text that is no number: Telegram never refuses one (BOTAPI §1.1)."""
        found = self.params.get(name)
        if not found:
            return default
        try:
            return int(found)
        except ValueError:
            return 0

    def parsed(self, name: str) -> Any:
        """The parameter parsed as JSON, None when it is missing. Raises 400 when it is not JSON."""
        found = self.params.get(name)
        if not found:
            return None
        try:
            return json.loads(found)
        except ValueError as error:
            raise bad_request(f"can't parse {name} JSON object") from error

    def chat(self, name: str = "chat_id") -> Chat:
        """The chat named by the parameter (see `access.find_chat`)."""
        return find_chat(self.world, self.bot, self.params.get(name, ""))


async def read_parameters(request: web.Request) -> tuple[dict[str, str], dict[str, Part]]:
    """Read parameters and files. The query wins over the body, the first value of a name over later ones."""
    params: dict[str, str] = {}
    files: dict[str, Part] = {}
    if request.query_string:
        for name, value in parse_qsl(request.query_string, keep_blank_values=True):
            params.setdefault(name, value)
    if request.method == "POST" and request.can_read_body:
        await _read_body(request, params, files)
    return params, files


async def _read_body(request: web.Request, params: dict[str, str], files: dict[str, Part]) -> None:
    kind = request.content_type
    if kind == "application/x-www-form-urlencoded":
        for name, value in parse_qsl((await request.read()).decode("utf-8", "replace"), keep_blank_values=True):
            params.setdefault(name, value)
    elif kind == "application/json":
        for name, value in _json_parameters(await request.read()).items():
            params.setdefault(name, value)
    elif kind == "multipart/form-data":
        await _read_multipart(request, params, files)
    else:
        await request.read()


def _json_parameters(body: bytes) -> dict[str, str]:
    """Strings unchanged, other values as JSON. A body that is no JSON object has no parameters; that is no error."""
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in found.items()}


async def _read_multipart(request: web.Request, params: dict[str, str], files: dict[str, Part]) -> None:
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files.setdefault(name, Part(value.filename, value.file.read()))
        else:
            params.setdefault(name, value if isinstance(value, str) else bytes(value).decode("utf-8", "replace"))


def encode(body: Json) -> bytes:
    """Compact JSON."""
    return _ENCODER.encode(body).encode("utf-8", "surrogatepass")


def success(result: Any) -> Json:
    """The envelope of a result. A tuple is (value, description), from the webhook methods."""
    if isinstance(result, tuple):
        return {"ok": True, "result": result[0], "description": result[1]}
    return {"ok": True, "result": result}


def failure(error: ApiError) -> Json:
    """The envelope of an error; its error_code is the HTTP status."""
    body: Json = {"ok": False, "error_code": error.status, "description": error.description}
    return body | ({"parameters": error.parameters} if error.parameters else {})
