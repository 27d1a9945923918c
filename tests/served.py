"""A bot that polls, without the rest of a process."""

import asyncio

from aiogram import Bot, Dispatcher

from runtime.updates.polling import LongPolling
from runtime.updates.source import ServedBot
from sender.updates.places import Places
from sender.updates.polling import UpdateAcknowledger
from sender.updates.right import OnlyProcess


class OneProcess(OnlyProcess):
    """The right of a process that is alone: nothing is stored."""

    number = 1

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def release(self) -> None:
        return None


def long_polling(bot: Bot, dispatcher: Dispatcher) -> LongPolling:
    """Return what polls for `bot`; the dispatcher has no middlewares of ours."""
    return LongPolling(ServedBot("user_bot", bot, dispatcher, UpdateAcknowledger(Places()), ["message"]), OneProcess())
