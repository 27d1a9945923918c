"""Buttons of the storage channel's setup."""

from collections.abc import Sequence

from aiogram.types import (
    InlineKeyboardButton,
    KeyboardButton,
    KeyboardButtonRequestChat,
    ReplyKeyboardMarkup,
)

from views.buttons import PRIMARY, Row, button, rights
from views.language import _
from views.links import add_to_channel_link
from views.storage.callbacks import SetupAction, SetupButton
from views.storage.texts import picker_button

#: identifies the answer to the chat picker
STORAGE_REQUEST_ID = 1
#: rights requested for each bot; the user bot only reads, but bots can only be administrators of a channel
USER_BOT_RIGHTS = ("post_messages",)
ADMIN_BOT_RIGHTS = ("post_messages", "edit_messages", "delete_messages")


def pick_storage() -> ReplyKeyboardMarkup:
    """Show Telegram's chat picker, for channels where the admin may add administrators; it adds the bot."""
    request = KeyboardButtonRequestChat(
        request_id=STORAGE_REQUEST_ID,
        chat_is_channel=True,
        # in a channel with a public name everyone could see the posts
        chat_has_username=False,
        user_administrator_rights=rights((*ADMIN_BOT_RIGHTS, "manage_chat", "promote_members")),
        bot_administrator_rights=rights((*ADMIN_BOT_RIGHTS, "manage_chat")),
        bot_is_member=False,
        request_title=True,
    )
    return ReplyKeyboardMarkup(
        keyboard=[[KeyboardButton(text=picker_button(), request_chat=request)]],
        resize_keyboard=True,
        one_time_keyboard=True,
    )


def missing_rights(chat_id: int, to_add: Sequence[tuple[str, tuple[str, ...]]]) -> tuple[Row, ...]:
    """Add bots to the channel, each as (username, rights), then check again."""
    rows: list[Row] = [
        [InlineKeyboardButton(text=_("Add @{bot}").format(bot=username), url=add_to_channel_link(username, wanted))]
        for username, wanted in to_add
    ]
    return (*rows, [_check_again(chat_id)])


def add_user_bot(chat_id: int, username: str) -> tuple[Row, ...]:
    """Add the user bot to the channel; the set-up goes on by itself once it is in."""
    link = add_to_channel_link(username, USER_BOT_RIGHTS)
    add = InlineKeyboardButton(text=_("Add @{bot}").format(bot=username), url=link, style=PRIMARY)
    return [add], [_check_again(chat_id)]


def _check_again(chat_id: int) -> InlineKeyboardButton:
    return button(_("Check again"), SetupButton(act=SetupAction.CHECK, chat_id=chat_id).pack())


def change_button() -> InlineKeyboardButton:
    return button(_("Change the storage channel"), SetupButton(act=SetupAction.CHOOSE).pack())
