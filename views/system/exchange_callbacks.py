"""Callback data of export, import and old links. Clients can forge it: every value is of a closed list."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from core.exchange.exports import Exported, FileFormat
from core.settings.model import CHANNEL_ID_LOWEST


class ExportScreen(CallbackData, prefix="xs"):
    """Show the export with a format."""

    form: FileFormat


class ExportButton(CallbackData, prefix="xp"):
    """Make the file of one subject."""

    what: Exported
    form: FileFormat


class OldLinksAction(StrEnum):
    """What a button about old links does. A closed list."""

    CHOOSE = "ch"
    CHECK = "ck"
    TURN_ON = "on"
    TURN_OFF = "off"


class OldLinks(CallbackData, prefix="ol"):
    """Do something about old links; `chat_id`: the old channel, 0 where there is none."""

    act: OldLinksAction
    chat_id: int = Field(default=0, ge=CHANNEL_ID_LOWEST, le=0)


class ImportAction(StrEnum):
    """What a button about an import does. A closed list."""

    ASK = "ask"
    START = "go"
    #: the subscribers have started this bot, or another one
    OF_THIS_BOT = "this"
    OF_OTHER_BOT = "other"


class ImportButton(CallbackData, prefix="im"):
    """Do something about an import; `key`: which one, "" where none is meant."""

    act: ImportAction
    key: str = Field(default="", max_length=16)
