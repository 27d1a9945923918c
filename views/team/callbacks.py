"""Buttons of the first hour. Clients can forge them: everything is looked up."""

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from core.settings.model import CHANNEL_ID_LOWEST


class CheckFirstChannel(CallbackData, prefix="fc"):
    """Connect a channel whose rights were missing."""

    chat_id: int = Field(ge=CHANNEL_ID_LOWEST, le=-1)
