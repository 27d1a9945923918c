"""A Telegram of one chat that numbers messages as the real one does, and what two processes of a bot do to it."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, cast

from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import CopyMessages, DeleteMessages, EditMessageText, SendMessage, TelegramMethod
from aiogram.types import Chat, Message, MessageId

#: called before and after each step of a process; may raise
Point = Callable[[str, bool], Awaitable[None]]


class Telegram:
    """What stands in the private chats of one bot."""

    def __init__(self) -> None:
        self._last_id = 100
        #: id -> text; copies of the post have none
        self.messages: dict[int, str] = {}
        self.copyings = 0

    def next_id(self) -> int:
        # other chats' messages come between
        self._last_id += 2
        return self._last_id

    @property
    def copies(self) -> set[int]:
        return {number for number, text in self.messages.items() if not text}

    @property
    def sentences(self) -> list[str]:
        return [text for text in self.messages.values() if text]

    def carry_out(self, method: TelegramMethod[Any]) -> Any:
        match method:
            case CopyMessages():
                self.copyings += 1
                made = [self.next_id() for _ in method.message_ids]
                self.messages |= dict.fromkeys(made, "")
                return [MessageId(message_id=number) for number in made]
            case SendMessage():
                replied = method.reply_parameters
                if replied is not None and replied.message_id not in self.messages:
                    raise TelegramBadRequest(method=method, message="Bad Request: message to be replied not found")
                number = self.next_id()
                self.messages[number] = method.text
                return _message(number, method.text, method.chat_id)
            case EditMessageText():
                assert method.message_id is not None
                self.messages[method.message_id] = str(method.text)
                return _message(method.message_id, str(method.text), method.chat_id)
            case DeleteMessages():
                for number in method.message_ids:
                    self.messages.pop(number, None)
                return True
        raise AssertionError(f"not expected: {method.__api_method__}")


def _message(number: int, text: str, chat_id: Any) -> Message:
    chat = Chat(id=int(chat_id), type="private")
    return Message(message_id=number, date=datetime(2026, 3, 1, tzinfo=UTC), chat=chat, text=text)


class Wire(BaseSession):
    """The connection of one process to that Telegram."""

    def __init__(self, telegram: Telegram, point: Point) -> None:
        super().__init__()
        self._telegram = telegram
        self._point = point

    async def make_request(self, bot: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:
        await self._point(f"call {method.__api_method__}", False)
        answer = self._telegram.carry_out(method)
        await self._point(f"call {method.__api_method__}", True)
        return cast(Any, answer)

    async def close(self) -> None:
        return

    async def stream_content(self, *_: Any, **__: Any) -> AsyncGenerator[bytes, None]:
        raise AssertionError("no file is read")
        yield b""
