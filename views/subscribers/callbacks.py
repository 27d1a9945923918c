"""Callback data of the user bot. Clients can forge it: whatever arrives is looked up, never trusted."""

from aiogram.filters.callback_data import CallbackData


class GetAgain(CallbackData, prefix="again"):
    """Hand the post over once more."""

    code: str


class Close(CallbackData, prefix="close"):
    """Remove the message the button stands under."""


class Joined(CallbackData, prefix="joined"):
    """All channels are joined: look again, and hand the post over."""

    code: str


class NewLink(CallbackData, prefix="newlink"):
    """A new verification link; `code` is empty when no post waits for it."""

    code: str


class StopNews(CallbackData, prefix="nonews"):
    """No more broadcasts for whoever pressed it."""
