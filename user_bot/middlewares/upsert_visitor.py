"""Every private message and button: the person is known to the database before a handler runs."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import CallbackQuery, Message, TelegramObject, User

from core.clock import Clock
from core.payloads import PostPayload, parse_payload
from core.users import NAME_MAX, Visitor
from database.operations import user_ops

_START = "/start "


def _source_in(event: TelegramObject) -> str | None:
    """The source tag of the link the person came through, if this is a start with one."""
    text = event.text if isinstance(event, Message) else None
    if not text or not text.startswith(_START):
        return None
    payload = parse_payload(text[len(_START) :].strip())
    return payload.source if isinstance(payload, PostPayload) else None


def visitor_of(person: User) -> Visitor:
    """Who is knocking, as Telegram describes them."""
    return Visitor(
        user_id=person.id,
        username=person.username,
        first_name=person.first_name[:NAME_MAX],
        language=person.language_code,
    )


class UpsertVisitor(BaseMiddleware):
    """Adds `user` to the handler's data; drops what comes from elsewhere than a private chat with a person."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        if not isinstance(event, Message | CallbackQuery):
            return await handler(event, data)
        person = event.from_user
        if person is None or person.is_bot or (isinstance(event, Message) and event.chat.type != "private"):
            return None
        met = await user_ops.upsert_visitor(visitor_of(person), self._clock.now(), source=_source_in(event))
        data["user"], data["is_new"] = met
        return await handler(event, data)
