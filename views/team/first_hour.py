"""What the owner reads and presses in the first hour, after the storage channel is chosen."""

from aiogram.types import (
    InlineKeyboardButton,
    KeyboardButton,
    KeyboardButtonRequestChat,
    ReplyKeyboardMarkup,
)

from views.admin_texts import SEND_ANYTHING
from views.buttons import PRIMARY, button, rights
from views.html import isolate
from views.links import add_to_channel_link
from views.navigation import OpenPreview, Section, open_button
from views.screens import Screen
from views.team.callbacks import CheckFirstChannel

#: identifies the answer to this picker
FIRST_CHANNEL_REQUEST_ID = 11
#: rights requested for the admin bot in a channel to publish in
PUBLISHING_RIGHTS = ("post_messages", "edit_messages", "delete_messages")
WHICH_CHANNEL = "Which channel do your subscribers read?"
PICKER_BUTTON = "Choose my channel"
LATER_BUTTON = "Later"
CONNECTED = f"Connected. {SEND_ANYTHING}"
ASK_AN_OWNER = "The storage channel is not chosen yet, so posts cannot be kept. Ask an owner."
IT_IS_OUT = "It is out."


def pick_channel() -> ReplyKeyboardMarkup:
    """Show Telegram's chat picker, which also creates a channel and adds the admin bot with its rights; and `Later`."""
    request = KeyboardButtonRequestChat(
        request_id=FIRST_CHANNEL_REQUEST_ID,
        chat_is_channel=True,
        user_administrator_rights=rights((*PUBLISHING_RIGHTS, "manage_chat", "promote_members")),
        bot_administrator_rights=rights((*PUBLISHING_RIGHTS, "manage_chat")),
        request_title=True,
    )
    return ReplyKeyboardMarkup(
        keyboard=[[KeyboardButton(text=PICKER_BUTTON, request_chat=request)], [KeyboardButton(text=LATER_BUTTON)]],
        resize_keyboard=True,
        one_time_keyboard=True,
    )


def may_not_post(title: str, username: str, chat_id: int) -> Screen:
    """Return which right the admin bot misses in a channel, with the button that gives it."""
    add = InlineKeyboardButton(text="Give the right", url=add_to_channel_link(username, PUBLISHING_RIGHTS))
    check = button("Check again", CheckFirstChannel(chat_id=chat_id).pack())
    return Screen(f"@{username} may not post in {isolate(title, 60)}.", ([add], [check]))


def after_publishing(code: str) -> Screen:
    """Return what can come next after a post was published."""
    rows = (
        [button("See it as a subscriber", OpenPreview(code=code).pack(), style=PRIMARY)],
        [open_button(Section.CHANNELS, "Require channels")],
        [open_button(Section.SHORTENERS, "Set up unlocking")],
    )
    return Screen(IT_IS_OUT, rows)
