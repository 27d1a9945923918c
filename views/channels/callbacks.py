"""Callback data of the channels to join. Clients can forge it: ids are looked up, never trusted."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from core.settings.model import CHANNEL_ID_LOWEST
from core.subscriptions import CHANNELS_MAX


class ChannelAction(StrEnum):
    OPEN = "open"
    #: who counts as joined
    MEMBERS_ONLY = "join"
    REQUESTS_COUNT = "request"
    #: what happens while the user bot cannot see who has joined
    LET_IN = "in"
    KEEP_OUT = "out"
    #: no longer required; what is known of its members stays
    PAUSE = "pause"
    RESUME = "resume"
    PUBLISH_OFF = "nopub"
    LABEL = "label"
    UP = "up"
    DOWN = "down"
    CHECK = "check"
    NEW_LINK = "link"
    REMOVE = "rm"
    REMOVE_CONFIRMED = "rmyes"


class ChannelList(CallbackData, prefix="ae"):
    """A page of the channels to join."""

    page: int = Field(0, ge=0, le=CHANNELS_MAX)


class AskChannel(CallbackData, prefix="aw"):
    """Ask which channel, or which group, to connect."""

    is_group: bool = False


class AddChannel(CallbackData, prefix="adc"):
    """Try again to add a channel that was chosen before."""

    chat_id: int = Field(ge=CHANNEL_ID_LOWEST, le=-1)
    is_group: bool = False


class ChannelButton(CallbackData, prefix="ac"):
    """Do something with a channel. The action names the result, so that a second press changes nothing."""

    act: ChannelAction
    chat_id: int = Field(ge=CHANNEL_ID_LOWEST, le=-1)
    #: its place in the order when the button was shown, from 0; for moving
    place: int = Field(0, ge=0, le=CHANNELS_MAX)
