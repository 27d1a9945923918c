"""A bot that sends nothing and records its calls."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.client.session.middlewares.base import BaseRequestMiddleware
from aiogram.methods import GetMe, GetMyDescription, GetMyShortDescription, SendMessage, TelegramMethod
from aiogram.types import BotDescription, BotShortDescription, Chat, Message, User


class RecordingSession(BaseSession):
    """Records every call; answers SendMessage with a minimal message and every other call with True."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[TelegramMethod[Any]] = []

    async def close(self) -> None:
        return None

    async def make_request(self, bot: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:
        self.calls.append(method)
        if isinstance(method, SendMessage):
            chat = Chat(id=int(method.chat_id), type="private")
            return Message.model_validate({"message_id": len(self.calls), "date": 1_700_000_000, "chat": chat})
        if isinstance(method, GetMyDescription):
            return BotDescription(description="")
        if isinstance(method, GetMyShortDescription):
            return BotShortDescription(short_description="")
        return True

    async def stream_content(self, *arguments: Any, **options: Any) -> AsyncGenerator[bytes, None]:
        yield b""


class RecordingMiddleware(BaseRequestMiddleware):
    """A request middleware that changes nothing."""

    async def __call__(self, make_request: Any, bot: Any, method: Any) -> Any:
        return await make_request(bot, method)


class RecordingBot(Bot):
    """A bot that records its calls in `calls`."""

    @property
    def calls(self) -> list[TelegramMethod[Any]]:
        assert isinstance(self.session, RecordingSession)
        return self.session.calls


def recording_bot(token: str = "1002:sandbox-user") -> RecordingBot:  # noqa: S107 - the sandbox's
    """Return a new recording bot; the default token is the user bot's."""
    return RecordingBot(token, session=RecordingSession())


class HangingSession(RecordingSession):
    """A Telegram that answers getMe alone; every other call is received and never answered."""

    def __init__(self, awaited: set[type[TelegramMethod[Any]]]) -> None:
        super().__init__()
        self._awaited = awaited
        self.all_came = asyncio.Event()

    async def make_request(self, bot: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:
        if isinstance(method, GetMe):
            return User(id=bot.id, is_bot=True, first_name="House", username="house_bot")
        self._awaited.discard(type(method))
        if not self._awaited:
            self.all_came.set()
        return await asyncio.Event().wait()
