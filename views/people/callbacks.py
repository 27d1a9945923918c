"""Callback data of a subscriber's screen. Clients can forge it: ids are looked up, never trusted."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

#: ids of people lie between 0 and this (Bot API: at most 52 significant bits)
PERSON_ID_MAX = 2**52 - 1


class PersonAction(StrEnum):
    SHOW = "show"
    BAN = "ban"
    BAN_SURE = "banyes"
    UNBAN = "unban"
    UNBAN_SURE = "unbanyes"


class PersonButton(CallbackData, prefix="au"):
    """Do something with a subscriber."""

    act: PersonAction
    user_id: int = Field(ge=1, le=PERSON_ID_MAX)
