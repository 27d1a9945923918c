"""What the owner reads and presses in the first hour, after the storage channel is chosen."""

from aiogram.types import (
    KeyboardButton,
    ReplyKeyboardMarkup,
)

from views import publishing_rights
from views.admin_texts import SEND_ANYTHING
from views.buttons import PRIMARY, button
from views.navigation import OpenPreview, Section, open_button
from views.screens import Screen
from views.team.callbacks import CheckFirstChannel

#: identifies the answer to this picker
FIRST_CHANNEL_REQUEST_ID = 11
WHICH_CHANNEL = "Which channel do your subscribers read?"
PICKER_BUTTON = "Choose my channel"
LATER_BUTTON = "Later"
CONNECTED = f"Connected. {SEND_ANYTHING}"
ASK_AN_OWNER = "The storage channel is not chosen yet, so posts cannot be kept. Ask an owner."
IT_IS_OUT = "It is out."


def pick_channel() -> ReplyKeyboardMarkup:
    """Show Telegram's chat picker, which also creates a channel and adds the admin bot with its rights; and `Later`."""
    request = publishing_rights.channel_request(FIRST_CHANNEL_REQUEST_ID)
    return ReplyKeyboardMarkup(
        keyboard=[[KeyboardButton(text=PICKER_BUTTON, request_chat=request)], [KeyboardButton(text=LATER_BUTTON)]],
        resize_keyboard=True,
        one_time_keyboard=True,
    )


def may_not_post(title: str, username: str, chat_id: int) -> Screen:
    """Say that the admin bot misses a right in the channel subscribers read."""
    check = button("Check again", CheckFirstChannel(chat_id=chat_id).pack())
    return publishing_rights.may_not_post(title, username, check)


def after_publishing(code: str) -> Screen:
    """Return what can come next after a post was published."""
    rows = (
        [button("See it as a subscriber", OpenPreview(code=code).pack(), style=PRIMARY)],
        [open_button(Section.CHANNELS, "Require channels")],
        [open_button(Section.SHORTENERS, "Set up unlocking")],
    )
    return Screen(IT_IS_OUT, rows)
