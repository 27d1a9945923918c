"""Callback data of confirmed broadcasts. Clients can forge it: ids are looked up."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from views.buttons import PAGE_MAX

#: characters of a broadcast's id
ID_LENGTH = 24


class BroadcastAction(StrEnum):
    SHOW = "show"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    CANCEL_CONFIRMED = "cancelyes"
    RECALL = "back"
    RECALL_CONFIRMED = "backyes"


class BroadcastButton(CallbackData, prefix="br"):
    """Do something with a broadcast. The action names the result, so that a second press changes nothing."""

    act: BroadcastAction
    broadcast_id: str = Field(pattern=rf"^[0-9a-f]{{{ID_LENGTH}}}$")


class BroadcastList(CallbackData, prefix="bl"):
    """A page of the list of broadcasts, from 0."""

    page: int = Field(0, ge=0, le=PAGE_MAX)


class NewBroadcast(CallbackData, prefix="bn"):
    """Ask for the message of a new broadcast."""
