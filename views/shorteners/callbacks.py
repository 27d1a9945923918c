"""Callback data of shorteners. Clients can forge it: codes are looked up, never trusted."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from core.shorteners.records import CODE_LENGTH, SHARE_MAX, SHORTENERS_MAX


class ShortenerAction(StrEnum):
    OPEN = "open"
    TEST = "test"
    PAUSE = "pause"
    RESUME = "resume"
    REPLACE_KEY = "key"
    REMOVE = "rm"
    REMOVE_CONFIRMED = "rmyes"


class ShortenerButton(CallbackData, prefix="sh"):
    """Do something with a shortener. The action names the result, so that a second press changes nothing."""

    act: ShortenerAction
    code: str = Field(max_length=CODE_LENGTH)


class ShareButton(CallbackData, prefix="shs"):
    """Change a share from the one that was seen. One below the least, and above the most, only says so."""

    code: str = Field(max_length=CODE_LENGTH)
    seen: int = Field(ge=1, le=SHARE_MAX)
    share: int = Field(ge=0, le=SHARE_MAX + 1)


class ShortenerPage(CallbackData, prefix="shp"):
    """A page of the list."""

    page: int = Field(0, ge=0, le=SHORTENERS_MAX)


class AddShortener(CallbackData, prefix="sha"):
    """Ask for the address of a new one."""


class DraftAction(StrEnum):
    SAVE = "save"
    #: although somebody else has set another key meanwhile
    SAVE_MINE = "mine"
    TRY_AGAIN = "again"
    CHANGE = "change"


class DraftButton(CallbackData, prefix="shd"):
    """Do something with what was sent for a shortener and tested."""

    act: DraftAction
    id: str = Field(max_length=CODE_LENGTH)
