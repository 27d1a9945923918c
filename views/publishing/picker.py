"""Telegram's picker for a channel to publish in; it can make a new channel, too."""

from aiogram.types import KeyboardButton, KeyboardButtonRequestChat, ReplyKeyboardMarkup

from views.buttons import rights
from views.publishing.announcement_screens import PUBLISHING_RIGHTS
from views.publishing.result_screens import PICKER_BUTTON

#: identifies the picker's answer; 1 to 3 are those of the storage channel and of channels to join
PUBLISH_REQUEST_ID = 4


def pick_channel() -> ReplyKeyboardMarkup:
    """Show the picker: channels where the admin may add administrators; it adds the bot with the rights it needs.

    `bot_is_member` is not asked for: the bot may be there already, or be added by the picker.
    """
    request = KeyboardButtonRequestChat(
        request_id=PUBLISH_REQUEST_ID,
        chat_is_channel=True,
        user_administrator_rights=rights((*PUBLISHING_RIGHTS, "manage_chat", "promote_members")),
        bot_administrator_rights=rights((*PUBLISHING_RIGHTS, "manage_chat")),
        request_title=True,
        request_username=True,
    )
    return ReplyKeyboardMarkup(
        keyboard=[[KeyboardButton(text=PICKER_BUTTON, request_chat=request)]],
        resize_keyboard=True,
        one_time_keyboard=True,
    )
