"""One unreadable update must not block all others.

A batch of updates that does not fit aiogram's types fails as a whole, the offset never advances, and polling fetches
the same batch again and again (BOTAPI §7.2). The guard parses such a batch update by update. Of an unreadable message
it keeps the private chat it came from, so that its sender can be told (`sender/updates/intake.py`).
"""

from typing import TYPE_CHECKING, Any, cast

import structlog
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import ClientDecodeError
from aiogram.methods import GetUpdates, Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import Update
from cachetools import FIFOCache
from pydantic import ValidationError

from monitoring import metrics

if TYPE_CHECKING:
    from aiogram import Bot

#: unreadable updates remembered, so that one that comes again is logged and counted once
REMEMBERED_MAX = 1000

log = structlog.get_logger("tollgate.sender")

#: fields of an unreadable update named in the log, at most: its shape, and nothing of what somebody wrote
FIELDS_IN_LOG = 30
#: characters of the name of a field
NAME_IN_LOG = 40


class UnreadableUpdate(Update):
    """Stands for a message in a private chat that does not fit aiogram's types."""

    chat_id: int
    #: of the app it was written in
    language_code: str | None = None


class PoisonGuard(BaseRequestMiddleware):
    """Replaces an unreadable update by one without content. As a session middleware: the offset advances."""

    def __init__(self) -> None:
        self._known: FIFOCache[int, None] = FIFOCache(REMEMBERED_MAX)

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: "Bot",
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        try:
            return await make_request(bot, method)
        except ClientDecodeError as error:
            batch = _raw_batch(error.data) if isinstance(method, GetUpdates) else None
            if batch is None:
                raise
            updates = [self.read(raw, bot) for raw in batch]
        # a session middleware's "Response" is the call's result (aiogram `base.py` casts the same way)
        return cast(Response[TelegramType], updates)

    def read(self, raw: dict[str, Any], bot: "Bot") -> Update:
        """Return an update, whose `update_id` is a whole number, or what stands for it when it cannot be read."""
        try:
            return Update.model_validate(raw, context={"bot": bot})
        except ValidationError as error:
            self._report(raw, bot, error)
        chat_id = _private_sender(raw)
        if chat_id is None:
            return Update(update_id=raw["update_id"])
        fields = {"update_id": raw["update_id"], "chat_id": chat_id, "language_code": _language(raw["message"]["from"])}
        return UnreadableUpdate.model_validate(fields, context={"bot": bot})

    def _report(self, raw: dict[str, Any], bot: "Bot", error: ValidationError) -> None:
        """Log and count an unreadable update, once."""
        if raw["update_id"] in self._known:
            return
        self._known[raw["update_id"]] = None
        metrics.UPDATES_POISON.labels(str(bot.id)).inc()
        log.error(
            "update.poison",
            bot_id=bot.id,
            update_id=raw["update_id"],
            reason=str(error.errors(include_input=False, include_url=False)[:3]),
            fields=_fields(raw),
        )


def _fields(raw: dict[str, Any]) -> list[str]:
    """Return the names of an update's fields, and below each those of what it holds."""
    names = [
        f"{name}.{inner}" for name, found in raw.items() for inner in (found if isinstance(found, dict) else ("",))
    ]
    return [name.rstrip(".")[:NAME_IN_LOG] for name in names[:FIELDS_IN_LOG]]


def _raw_batch(answer: Any) -> list[dict[str, Any]] | None:
    """Return the updates of a successful getUpdates as parsed JSON; None when `answer` is anything else."""
    if not isinstance(answer, dict) or answer.get("ok") is not True or not isinstance(answer.get("result"), list):
        return None
    batch: list[Any] = answer["result"]
    numbered = all(isinstance(raw, dict) and isinstance(raw.get("update_id"), int) for raw in batch)
    return batch if numbered else None


def _private_sender(raw: dict[str, Any]) -> int | None:
    """Return the private chat whose person wrote the message of this update; None for anything else."""
    message = raw.get("message")
    if not isinstance(message, dict) or not isinstance(message.get("from"), dict):
        return None
    chat = message.get("chat")
    if not isinstance(chat, dict) or chat.get("type") != "private":
        return None
    chat_id = chat.get("id")
    return chat_id if type(chat_id) is int and chat_id > 0 else None


def _language(sender: dict[str, Any]) -> str | None:
    code = sender.get("language_code")
    return code if isinstance(code, str) else None
