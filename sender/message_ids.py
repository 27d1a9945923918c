"""The ids of messages in private chats that this process has seen.

One counter numbers the messages of all private chats of a bot (BOTAPI §3.3). So the messages of a call whose answer was
lost lie between the newest id known before the call and the first id known after it.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.methods import GetUpdates, Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import Message, MessageId, Update
from cachetools import FIFOCache

if TYPE_CHECKING:
    from aiogram import Bot

#: messages remembered with their chat; at a bot's rate limit those of the last five minutes and more
REMEMBERED_MAX = 10_000

_POLLING: type[Any] = GetUpdates


class MessageIds(BaseRequestMiddleware):
    """Session middleware that notes every id of a private chat in answers and updates. One per bot and process."""

    def __init__(self) -> None:
        #: the highest id seen; None before the first
        self.newest: int | None = None
        self._seen: FIFOCache[tuple[int, int], None] = FIFOCache(REMEMBERED_MAX)

    def note(self, chat_id: int, message_id: int) -> None:
        """Remember a message; ids of groups and channels, and 0, are ignored."""
        if chat_id <= 0 or message_id <= 0:
            return
        self._seen[chat_id, message_id] = None
        if self.newest is None or message_id > self.newest:
            self.newest = message_id

    def seen_between(self, chat_id: int, after: int, before: int) -> tuple[int, ...]:
        """Return the remembered ids of `chat_id` above `after` and below `before`, ascending."""
        return tuple(sorted(number for chat, number in self._seen if chat == chat_id and after < number < before))

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: "Bot",
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        answer = await make_request(bot, method)
        if type(method) is _POLLING:
            self.note_updates(_as_list(answer))
        else:
            self._note_answer(answer, method)
        return answer

    def note_updates(self, updates: Iterable[Any]) -> None:
        """Remember the messages of received updates."""
        for update in updates:
            if not isinstance(update, Update):
                continue
            if update.message is not None:
                self.note(update.message.chat.id, update.message.message_id)
            # a pressed button is below a message of ours that may be old, or the one whose answer was lost: it says
            # neither how far the ids are nor whose it is

    def _note_answer(self, answer: Any, method: TelegramMethod[Any]) -> None:
        # a session middleware's "Response" is the call's result (aiogram `base.py` casts the same way)
        for made in _as_list(answer):
            if isinstance(made, Message):
                self.note(made.chat.id, made.message_id)
            elif isinstance(made, MessageId):
                chat_id = getattr(method, "chat_id", None)
                if isinstance(chat_id, int):
                    self.note(chat_id, made.message_id)


def _as_list(answer: Any) -> list[Any]:
    return answer if isinstance(answer, list) else [answer]


def message_ids_of(bot: "Bot") -> MessageIds:
    """Return the ids seen by `bot`; a bot that was not built by `build_bot` notes them from now on."""
    for middleware in bot.session.middleware:
        if isinstance(middleware, MessageIds):
            return middleware
    ids = MessageIds()
    bot.session.middleware.register(ids)
    return ids
