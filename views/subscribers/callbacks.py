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


class AskLanguage(CallbackData, prefix="asklang"):
    """Ask which language the bot speaks."""


class ChooseLanguage(CallbackData, prefix="language"):
    """Speak another language from now on. `code`: one of those there are catalogues for."""

    code: str


class NewLink(CallbackData, prefix="newlink"):
    """Make a new unlock link. `code`: the post that waits for it, "" for none."""

    code: str


class GetAgainFree(CallbackData, prefix="againfree"):
    """Deliver the post again, if that costs nothing."""

    code: str


class SendAgain(CallbackData, prefix="sendagain"):
    """Deliver the post anew and delete the copy that is there."""

    code: str


class UnlockMore(CallbackData, prefix="unlock"):
    """Make an unlock for no post, in a message of its own."""


class ShowMe(CallbackData, prefix="me"):
    """Show what the subscriber has."""


class SetNews(CallbackData, prefix="news"):
    """Turn broadcasts on or off."""

    on: bool
