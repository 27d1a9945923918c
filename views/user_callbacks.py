"""Callback data of the user bot. Clients can forge it: whatever arrives is looked up, never trusted."""

from aiogram.filters.callback_data import CallbackData


class GetAgain(CallbackData, prefix="again"):
    """Hand the post over once more."""

    code: str


class Close(CallbackData, prefix="close"):
    """Remove the message the button stands under."""
