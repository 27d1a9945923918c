"""Callback data of the user bot. Clients can forge it: codes are looked up, never trusted."""

from aiogram.filters.callback_data import CallbackData


class GetAgain(CallbackData, prefix="again"):
    """Deliver the post again."""

    code: str


class Close(CallbackData, prefix="close"):
    """Delete the message with the button."""


class Joined(CallbackData, prefix="joined"):
    """The subscriber has joined all channels: check that, and deliver the post."""

    code: str


class NewLink(CallbackData, prefix="newlink"):
    """Make a new unlock link. `code`: the post that waits for it, "" for none."""

    code: str
