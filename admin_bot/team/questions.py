"""The first hour's question about the channel subscribers read: asked, answered in Telegram's picker, or put off."""

from aiogram import Router
from aiogram.types import CallbackQuery, ChatShared, Message

from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import toast
from admin_bot.team.first_hour import FirstHourGuide
from core.team.first_hour import Step
from views.navigation import AskFirstChannel
from views.team.callbacks import CheckFirstChannel
from views.team.first_hour import FIRST_CHANNEL_REQUEST_ID, is_later_button


async def is_first_channel(message: Message) -> bool:
    """Return whether it is the answer of this question's picker."""
    shared = message.chat_shared
    return isinstance(shared, ChatShared) and shared.request_id == FIRST_CHANNEL_REQUEST_ID


async def is_later(message: Message, first_hour: FirstHourGuide) -> bool:
    """Return whether it is the button `Later`, and no post of that text."""
    return is_later_button(message.text) and Step.CHANNEL in await first_hour.open_steps()


async def picked(message: Message, first_hour: FirstHourGuide) -> None:
    shared = message.chat_shared
    assert isinstance(shared, ChatShared), "checked by the filter"
    await first_hour.connect(message.chat.id, shared.chat_id, shared.title)


async def later(message: Message, first_hour: FirstHourGuide) -> None:
    await first_hour.later(message.chat.id)


async def ask(query: CallbackQuery, first_hour: FirstHourGuide) -> None:
    await toast(query)
    await first_hour.ask_channel(query.from_user.id)


async def check_again(query: CallbackQuery, callback_data: CheckFirstChannel, first_hour: FirstHourGuide) -> None:
    await toast(query)
    await first_hour.connect(query.from_user.id, callback_data.chat_id, None)


def build() -> Router:
    router = Router(name="admin first hour")
    router.callback_query.middleware(EndQuestion())
    router.message.register(picked, is_first_channel)
    router.message.register(later, is_later)
    router.callback_query.register(ask, AskFirstChannel.filter())
    router.callback_query.register(check_again, CheckFirstChannel.filter())
    return router
