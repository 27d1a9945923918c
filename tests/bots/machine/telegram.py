"""Telegram as the machine meets it: takes every call, and names what the real one would refuse."""

from typing import Any, get_args, get_origin

from aiogram import Bot
from aiogram.methods import AnswerCallbackQuery, GetMyName, TelegramMethod
from aiogram.types import BotName, InlineKeyboardMarkup, Message

from sandbox.errors import ApiError
from sandbox.text.entities import parse_html, utf16_length
from tests.bots.admin_bot.telegram import NOW, Session
from views.admin_texts import TOAST_MAX

#: Telegram's limits: characters of a text, of a caption; bytes of a button's data
TEXT_MAX, CAPTION_MAX, DATA_MAX = 4096, 1024, 64


def problems_of(method: TelegramMethod[Any]) -> list[str]:
    """Return why Telegram would refuse a call for its size or markup."""
    name = type(method).__name__
    found = []
    for field, most in (("text", TEXT_MAX), ("caption", CAPTION_MAX)):
        text = getattr(method, field, None)
        if isinstance(method, AnswerCallbackQuery):
            if text is not None and len(text) > TOAST_MAX:
                found.append(f"{name}: {len(text)} characters in a toast")
        elif isinstance(text, str):
            found += [f"{name}: {why}" for why in _of_text(text, most)]
    markup = getattr(method, "reply_markup", None)
    if isinstance(markup, InlineKeyboardMarkup):
        found += [f"{name}: {why}" for why in _of_keyboard(markup)]
    return found


def _of_text(text: str, most: int) -> list[str]:
    try:
        plain, _ = parse_html(text)
    except ApiError as error:
        return [f"{error} in {text[:200]!r}"]
    if not plain.strip():
        return [f"an empty text: {text[:200]!r}"]
    return [f"{utf16_length(plain)} characters"] if utf16_length(plain) > most else []


def _of_keyboard(markup: InlineKeyboardMarkup) -> list[str]:
    found = []
    for button in (button for row in markup.inline_keyboard for button in row):
        if not button.text.strip():
            found.append("a button without a text")
        if button.callback_data is not None and not 1 <= len(button.callback_data.encode()) <= DATA_MAX:
            found.append(f"{len(button.callback_data.encode())} bytes of data in {button.text!r}")
        if button.copy_text is not None and not 1 <= len(button.copy_text.text) <= 256:
            found.append(f"{len(button.copy_text.text)} characters to copy in {button.text!r}")
    return found


def install(bot: Bot, problems: list[str]) -> None:
    """Let `bot` meet this Telegram; what it would refuse is added to `problems`."""
    session = bot.session
    assert isinstance(session, Session)
    usual = session._answer

    def answer(method: TelegramMethod[Any], asking: Bot) -> Any:
        problems.extend(problems_of(method))
        try:
            return usual(method, asking)
        except AssertionError as unknown:
            if "the stand-in has no" not in str(unknown):
                raise
            return _any_answer(method, asking)

    setattr(session, "_answer", answer)  # noqa: B010 - of this session alone


def _any_answer(method: TelegramMethod[Any], bot: Bot) -> Any:
    """Return the simplest answer of the method's type."""
    if isinstance(method, GetMyName):
        return BotName(name="Bot")
    kind = method.__returning__
    kinds = get_args(kind) if get_origin(kind) is not None else (kind,)
    if bool in kinds:
        return True
    assert Message in kinds, f"no answer is known for {type(method).__name__}"
    chat = {"id": getattr(method, "chat_id", 1), "type": "private"}
    return Message.model_validate({"message_id": 9_000, "date": NOW, "chat": chat}, context={"bot": bot})
