"""Telegram's channels for the two jobs of announcements: messages, their age, their buttons, and scripted answers."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiogram import Bot
from aiogram.methods import (
    CopyMessage,
    DeleteMessage,
    EditMessageCaption,
    EditMessageMedia,
    EditMessageReplyMarkup,
    EditMessageText,
    ForwardMessage,
    GetMe,
    PinChatMessage,
    SendMessage,
    TelegramMethod,
)
from aiogram.types import Message, MessageId, User

from core.clock import Clock
from tests.recording import RecordingBot, RecordingSession
from tests.unit.sender.telegram import Answer, refusal

STORAGE = -100
_EDITS = EditMessageText | EditMessageCaption | EditMessageMedia | EditMessageReplyMarkup
_GONE = refusal(400, "Bad Request: message to edit not found")
_DELETED = refusal(400, "Bad Request: message to delete not found")
_TOO_OLD = refusal(400, "Bad Request: message can't be deleted")
_NOT_MODIFIED = refusal(400, "Bad Request: message is not modified")


@dataclass
class Posted:
    """A message in a channel."""

    chat_id: int
    message_id: int
    at: datetime
    bot_id: int
    text: str | None
    url: str | None
    #: message of the storage channel; None: a message of text
    cover: int | None = None
    silent: bool = False
    is_pinned: bool = False
    edits: int = 0


class Channels:
    """All channels; several bots and processes may write there."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.posted: list[Posted] = []
        self.calls: list[TelegramMethod[Any]] = []
        #: answers to the next calls about a chat instead of Telegram's own; with True the call is executed first
        self.script: dict[int, list[tuple[Answer, bool]]] = {}
        #: a chat that refuses everything
        self.lost: dict[int, Answer] = {}
        self.username = "shop_bot"
        #: called before each call is executed
        self.before: Callable[[TelegramMethod[Any]], None] = lambda method: None
        self._ids: Counter[int] = Counter()

    def bot(self, token: str = "1001:admin") -> RecordingBot:  # noqa: S107 - nobody's
        """Return a bot of a new process."""
        return RecordingBot(token, session=_Session(self))

    def of(self, chat_id: int) -> list[Posted]:
        return [one for one in self.posted if one.chat_id == chat_id]

    def answer_next(self, chat_id: int, answer: Answer, *, is_done: bool = False) -> None:
        """Give `answer` to the next call about a chat; with `is_done` the call is executed nevertheless."""
        self.script.setdefault(chat_id, []).append((answer, is_done))

    def execute(self, bot: Bot, method: TelegramMethod[Any]) -> Any:
        self.before(method)
        self.calls.append(method)
        chat_id = int(getattr(method, "chat_id", 0) or 0)
        if chat_id in self.lost:
            return self.lost[chat_id](method)
        scripted = self.script.get(chat_id)
        if scripted:
            answer, is_done = scripted.pop(0)
            if is_done:
                self._execute(bot, method)
            return answer(method)
        return self._execute(bot, method)

    def _execute(self, bot: Bot, method: Any) -> Any:
        if isinstance(method, GetMe):
            return User(id=bot.id, is_bot=True, first_name="Bot", username=self.username)
        if isinstance(method, ForwardMessage):
            photo = [{"file_id": f"file{method.message_id}", "file_unique_id": "u", "width": 1, "height": 1}]
            return _message(int(method.chat_id), 900, self._clock.now(), photo=photo)
        if isinstance(method, SendMessage | CopyMessage):
            return self._post(bot, method)
        if int(method.chat_id) == STORAGE:
            return True
        found = next((one for one in self.of(int(method.chat_id)) if one.message_id == method.message_id), None)
        if isinstance(method, DeleteMessage):
            return self._delete(method, found)
        if found is None:
            return _GONE(method)
        if isinstance(method, PinChatMessage):
            found.is_pinned = True
            return True
        return self._edit(method, found)

    def _post(self, bot: Bot, method: SendMessage | CopyMessage) -> Message | MessageId:
        chat_id = int(method.chat_id)
        self._ids[chat_id] += 1
        is_copy = isinstance(method, CopyMessage)
        posted = Posted(
            chat_id,
            self._ids[chat_id],
            self._clock.now(),
            bot.id,
            method.caption if is_copy else method.text,  # type: ignore[union-attr]
            _url_of(method),
            method.message_id if is_copy else None,  # type: ignore[union-attr]
            bool(method.disable_notification),
        )
        self.posted.append(posted)
        if is_copy:
            return MessageId(message_id=posted.message_id)
        return _message(chat_id, posted.message_id, posted.at, text=posted.text)

    def _delete(self, method: DeleteMessage, found: Posted | None) -> bool:
        if found is None:
            return bool(_DELETED(method))
        if self._clock.now() - found.at >= timedelta(hours=48):
            return bool(_TOO_OLD(method))
        self.posted.remove(found)
        return True

    def _edit(self, method: Any, found: Posted) -> Any:
        before = (found.text, found.url, found.cover)
        found.url = _url_of(method)
        if isinstance(method, EditMessageText):
            if found.cover is not None:
                return refusal(400, "Bad Request: there is no text in the message to edit")(method)
            found.text = method.text
        elif isinstance(method, EditMessageCaption):
            if found.cover is None:
                return refusal(400, "Bad Request: there is no caption in the message to edit")(method)
            found.text = method.caption
        elif isinstance(method, EditMessageMedia):
            found.cover, found.text = int(str(method.media.media).removeprefix("file")), method.media.caption
        if before == (found.text, found.url, found.cover):
            return _NOT_MODIFIED(method)
        found.edits += 1
        return True

    @property
    def edit_calls(self) -> list[TelegramMethod[Any]]:
        return [method for method in self.calls if isinstance(method, _EDITS)]


class _Session(RecordingSession):
    def __init__(self, channels: Channels) -> None:
        super().__init__()
        self._channels = channels

    async def make_request(self, bot: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:
        self.calls.append(method)
        return self._channels.execute(bot, method)


def _url_of(method: Any) -> str | None:
    return None if method.reply_markup is None else method.reply_markup.inline_keyboard[0][0].url


def _message(chat_id: int, message_id: int, at: datetime, **content: Any) -> Message:
    chat = {"id": chat_id, "type": "channel", "title": "A channel"}
    return Message.model_validate({"message_id": message_id, "date": at, "chat": chat, **content})
