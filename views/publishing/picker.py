"""Telegram's picker for a channel to publish in; it can make a new channel, too."""

from aiogram.types import KeyboardButton, ReplyKeyboardMarkup

from views.publishing.result_screens import picker_button
from views.publishing_rights import channel_request

#: identifies the picker's answer; 1 to 3 are those of the storage channel and of channels to join
PUBLISH_REQUEST_ID = 4


def pick_channel() -> ReplyKeyboardMarkup:
    """Show the picker: channels where the admin may add administrators; it adds the bot with the rights it needs."""
    request = channel_request(PUBLISH_REQUEST_ID)
    return ReplyKeyboardMarkup(
        keyboard=[[KeyboardButton(text=picker_button(), request_chat=request)]],
        resize_keyboard=True,
        one_time_keyboard=True,
    )
