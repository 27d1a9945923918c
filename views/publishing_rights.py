"""Rights the admin bot needs where posts are published: Telegram's picker, and what is said when one is missing."""

from aiogram.types import InlineKeyboardButton, KeyboardButtonRequestChat

from views.buttons import rights
from views.html import isolate
from views.language import _
from views.links import add_to_channel_link
from views.screens import Parent, Screen

_RIGHTS = ("post_messages", "edit_messages", "delete_messages")
#: characters of a channel's name
_NAME_MAX = 60


def channel_request(request_id: int) -> KeyboardButtonRequestChat:
    """Ask for a channel where the admin may add administrators; Telegram adds the bot with its rights, or makes one.

    `bot_is_member` is not asked for: the bot may be there already, or be added by the picker.
    """
    return KeyboardButtonRequestChat(
        request_id=request_id,
        chat_is_channel=True,
        user_administrator_rights=rights((*_RIGHTS, "manage_chat", "promote_members")),
        bot_administrator_rights=rights((*_RIGHTS, "manage_chat")),
        request_title=True,
    )


def give_right_button(bot_username: str) -> InlineKeyboardButton:
    """Make the button that opens Telegram's dialog for the admin bot's rights in a channel."""
    return InlineKeyboardButton(text=_("Give the right"), url=add_to_channel_link(bot_username, _RIGHTS))


def may_not_post(title: str, bot_username: str, check: InlineKeyboardButton, parent: Parent | None = None) -> Screen:
    """Say that the admin bot misses a right in a channel. `check`: looks again."""
    html = _("@{bot} may not post in {channel}.").format(bot=bot_username, channel=isolate(title, _NAME_MAX))
    return Screen(html, ([give_right_button(bot_username)], [check]), parent)
