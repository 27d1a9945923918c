"""Store the user of every private message and button before a handler runs."""

from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import CallbackQuery, Message, TelegramObject, User

from core.clock import Clock
from core.payloads import PostPayload, parse_payload
from core.users import NAME_MAX, Visitor
from database.operations import user_ops
from sender.updates.acknowledgement import Handler

_START = "/start "


def _source_in(event: TelegramObject) -> str | None:
    """Return the source tag of the post link that started the bot; None for anything else."""
    text = event.text if isinstance(event, Message) else None
    if not text or not text.startswith(_START):
        return None
    payload = parse_payload(text[len(_START) :].strip())
    return payload.source if isinstance(payload, PostPayload) else None


def visitor_of(telegram_user: User) -> Visitor:
    """Return what Telegram says of a user, as `user_ops.upsert_visitor` takes it."""
    return Visitor(
        user_id=telegram_user.id,
        username=telegram_user.username,
        first_name=telegram_user.first_name[:NAME_MAX],
        last_name=(telegram_user.last_name or "")[:NAME_MAX],
        language=telegram_user.language_code,
    )


class UpsertVisitor(BaseMiddleware):
    """Adds `user` to the handler's data; drops updates of bots and messages outside private chats."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        if not isinstance(event, Message | CallbackQuery):
            return await handler(event, data)
        telegram_user = event.from_user
        if (
            telegram_user is None
            or telegram_user.is_bot
            or (isinstance(event, Message) and event.chat.type != "private")
        ):
            return None
        visitor, source = visitor_of(telegram_user), _source_in(event)
        data["user"], _ = await user_ops.upsert_visitor(visitor, self._clock.now(), source=source)
        return await handler(event, data)
