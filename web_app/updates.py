"""Takes the updates that Telegram posts, for the bots of this process (BOTAPI §2.3)."""

import re
from collections.abc import Mapping
from typing import Any, Protocol

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from core.exchange.whole_text import loads
from monitoring import metrics
from web_app.bodies import read_body

#: begins the path; the bot's id follows, never its token
UPDATES_PATH = "/telegram"
SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - a name
#: bytes of a post. Telegram keeps no update above 512 KiB (TQueue.cpp, MAX_EVENT_LENGTH)
UPDATE_MAX = 1024 * 1024
#: update ids are 32-bit numbers
_ID_MAX = 2**31


class UpdateReceiver(Protocol):
    """Takes the updates of one bot (`sender.updates.webhook.WebhookReceiver`)."""

    def is_secret(self, given: str) -> bool:
        """Whether `given` is the secret of the bot's webhook, compared in constant time."""
        ...

    async def take(self, raw: Mapping[str, Any]) -> int | None:
        """Return None when the update is acknowledged, else after how many seconds it is to be posted again."""
        ...


#: by bot id; a bot is added when it starts to take updates
Receivers = Mapping[int, UpdateReceiver]


def updates_router(receivers: Receivers) -> APIRouter:
    """The route that Telegram posts to. Answers with 200, or 503 with Retry-After; anything wrong is only counted."""
    router = APIRouter()

    @router.post(UPDATES_PATH + "/{bot}")
    async def update(bot: str, request: Request) -> Response:
        # as it is written by us: leading zeros would count under a name of their own
        receiver = receivers.get(int(bot)) if re.fullmatch("[1-9][0-9]{0,18}", bot) else None
        if receiver is None:
            raise HTTPException(404)
        # before anything of the body is read
        if not receiver.is_secret(request.headers.get(SECRET_HEADER, "")):
            return _answer(bot, "forbidden", 403)
        raw = _update_in(await read_body(request, UPDATE_MAX))
        if raw is None:
            return _answer(bot, "unreadable", 400)
        again_s = await receiver.take(raw)
        if again_s is None:
            return _answer(bot, "taken", 200)
        return _answer(bot, "again", 503, {"Retry-After": str(again_s)})

    return router


def _answer(bot: str, outcome: str, status: int, headers: dict[str, str] | None = None) -> Response:
    """An empty answer: what stands in one may call a method (BOTAPI §2.3)."""
    metrics.WEBHOOK_POSTS.labels(bot, outcome).inc()
    return Response(status_code=status, headers=headers)


def _update_in(body: bytes) -> dict[str, Any] | None:
    """The update in a body; None for anything that is no object with an update_id."""
    try:
        raw = loads(body)
    except (ValueError, RecursionError):
        return None
    number = raw.get("update_id") if isinstance(raw, dict) else None
    return raw if type(number) is int and 0 <= number < _ID_MAX else None
