"""Callback data of a subscriber's screen. Clients can forge it: ids are looked up, never trusted."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

#: the highest user id (Bot API: at most 52 significant bits)
USER_ID_MAX = 2**52 - 1


class SubscriberAction(StrEnum):
    SHOW = "show"
    BAN = "ban"
    BAN_CONFIRMED = "banyes"
    UNBAN = "unban"
    UNBAN_CONFIRMED = "unbanyes"


class SubscriberButton(CallbackData, prefix="au"):
    """Do something with a subscriber."""

    act: SubscriberAction
    user_id: int = Field(ge=1, le=USER_ID_MAX)
