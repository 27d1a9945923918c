"""Ask whether an invite link of the bot still works."""

from enum import StrEnum

import structlog
from aiogram import Bot

from core.subscriptions import LINK_NAME, Channel, ChannelMode
from sender.failures import TELEGRAM_ERRORS, classify

log = structlog.get_logger("tollgate.sender")

#: how Telegram's texts about a link begin that nobody can use
_GONE = ("invite_hash_expired", "invite_hash_invalid", "invite_hash_empty", "invite_slug_")
_PREFIX = "bad request: "


class LinkState(StrEnum):
    """What Telegram says about a link. A closed list."""

    WORKS = "works"
    #: revoked, or not this bot's
    GONE = "gone"
    #: no usable answer; also without the right to invite, which is needed to ask
    UNKNOWN = "unknown"


async def ask_link_state(bot: Bot, channel: Channel) -> LinkState:
    """Give the channel's link the settings it has, and return what the answer says about it; one call.

    The Bot API has no method that reads a link, and getChat shows the bot's primary link alone, which this is not.
    Each call may be recorded among the channel's recent actions. A link of another administrator cannot be asked about.
    """
    by_request = channel.mode is ChannelMode.REQUEST
    try:
        link = await bot.edit_chat_invite_link(
            channel.chat_id, channel.invite_link, name=LINK_NAME, creates_join_request=by_request
        )
    except TELEGRAM_ERRORS as error:
        is_gone = str(getattr(error, "message", "")).lower().removeprefix(_PREFIX).startswith(_GONE)
        log.info("invite_link.asked", chat_id=channel.chat_id, is_gone=is_gone, failure=classify(error).value)
        return LinkState.GONE if is_gone else LinkState.UNKNOWN
    return LinkState.GONE if link.is_revoked else LinkState.WORKS
