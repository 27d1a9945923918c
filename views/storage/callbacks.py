"""Callback data of the storage channel's setup. Clients can forge it: rights are checked again."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData


class SetupAction(StrEnum):
    CHECK = "check"
    CHOOSE = "choose"


class SetupButton(CallbackData, prefix="as"):
    """Check a channel again, or choose another one."""

    act: SetupAction
    chat_id: int = 0
