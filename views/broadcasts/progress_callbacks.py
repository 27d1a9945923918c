"""Callback data of the screens of a broadcast that was confirmed. Clients can forge it: ids are looked up."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from views.admin_buttons import PAGE_MAX

#: characters of a broadcast's id
ID_LENGTH = 24


class RunAction(StrEnum):
    SHOW = "show"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    CANCEL_SURE = "cancelyes"
    TAKE_BACK = "back"
    TAKE_BACK_SURE = "backyes"


class RunButton(CallbackData, prefix="br"):
    """Do something with a broadcast. It names what shall be: pressed twice it does no more than once."""

    act: RunAction
    broadcast_id: str = Field(pattern=rf"^[0-9a-f]{{{ID_LENGTH}}}$")


class RunList(CallbackData, prefix="bl"):
    """A page of the list of broadcasts, from 0."""

    page: int = Field(0, ge=0, le=PAGE_MAX)
