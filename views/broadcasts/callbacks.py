"""Callback data of the button below a broadcast. Clients can forge it; it carries nothing."""

from aiogram.filters.callback_data import CallbackData


class StopNews(CallbackData, prefix="nonews"):
    """Turn broadcasts off for the subscriber who presses it."""
