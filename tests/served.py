"""A bot that polls, without the rest of a process."""

from aiogram import Bot, Dispatcher

from runtime.updates.polling import LongPolling
from runtime.updates.source import ServedBot
from sender.updates.places import Places
from sender.updates.polling import UpdateAcknowledger


def long_polling(bot: Bot, dispatcher: Dispatcher) -> LongPolling:
    """Return what polls for `bot`; the dispatcher has no middlewares of ours."""
    return LongPolling(ServedBot("user_bot", bot, dispatcher, UpdateAcknowledger(Places()), ["message"]))
