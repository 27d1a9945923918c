"""What the owner reads and presses in the first hour, after the storage channel is chosen."""

from aiogram.types import (
    KeyboardButton,
    ReplyKeyboardMarkup,
)

from views import publishing_rights
from views.buttons import PRIMARY, button
from views.catalogues import in_each_language_of_the_team
from views.language import _, pgettext
from views.navigation import OpenPreview, Section, open_button
from views.screens import Screen
from views.team.callbacks import CheckFirstChannel

#: identifies the answer to this picker
FIRST_CHANNEL_REQUEST_ID = 11


def which_channel() -> str:
    return _("Which channel do your subscribers read?")


def picker_button() -> str:
    return _("Choose my channel")


def later_button() -> str:
    """Return the words of a button of the reply keyboard: a press sends them as a message."""
    return pgettext("button", "Later")


def is_later_button(text: str | None) -> bool:
    """Return whether a message is a press of `Later`, in whichever language the button was sent."""
    return text is not None and text in in_each_language_of_the_team(later_button).values()


def connected() -> str:
    return _("Connected. Send what subscribers should get: photo, video, file, album or text.")


def ask_an_owner() -> str:
    return _("The storage channel is not chosen yet, so posts cannot be kept. Ask an owner.")


def it_is_out() -> str:
    return _("It is out.")


def pick_channel() -> ReplyKeyboardMarkup:
    """Show Telegram's chat picker, which also creates a channel and adds the admin bot with its rights; and `Later`."""
    request = publishing_rights.channel_request(FIRST_CHANNEL_REQUEST_ID)
    return ReplyKeyboardMarkup(
        keyboard=[[KeyboardButton(text=picker_button(), request_chat=request)], [KeyboardButton(text=later_button())]],
        resize_keyboard=True,
        one_time_keyboard=True,
    )


def may_not_post(title: str, username: str, chat_id: int) -> Screen:
    """Say that the admin bot misses a right in the channel subscribers read."""
    check = button(_("Check again"), CheckFirstChannel(chat_id=chat_id).pack())
    return publishing_rights.may_not_post(title, username, check)


def after_publishing(code: str) -> Screen:
    """Return what can come next after a post was published."""
    rows = (
        [button(_("See it as a subscriber"), OpenPreview(code=code).pack(), style=PRIMARY)],
        [open_button(Section.CHANNELS, _("Require channels"))],
        [open_button(Section.SHORTENERS, _("Set up unlocking"))],
    )
    return Screen(it_is_out(), rows)
