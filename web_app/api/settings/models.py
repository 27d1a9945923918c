"""Bodies of the settings' requests and answers. What settings are called is among the words of the page."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from web_app.api.models import Answer, RequestBody
from web_app.api.rich_text import Piece

#: characters of a typed value; a text has at most 900 besides its tags
TYPED_MAX = 16_000

#: a value as it is stored
Value = bool | int | str | None
#: the same from a client, for which 5 and 5.0 are one number
Given = bool | Annotated[int, Field(strict=False)] | str | None


class LastChanged(Answer):
    by: int
    name: str
    at: datetime


class Setting(Answer):
    """A setting as it is now."""

    name: str
    group: str
    control: str
    value: Value
    usual: Value
    changed: LastChanged | None = Field(description="null: never, or before that was kept")
    lowest: int | None
    highest: int | None
    longest: int | None = Field(description="characters of a text as it is typed")
    unit_s: int = Field(description="of a duration: seconds that the stored number counts; else 0")
    never: str | None = Field(description="of a duration: which word stands for zero or none")
    offered: list[int]
    choices: list[str]
    placeholders: list[str]
    preview: list[Piece] = Field(description="of a text: as it is read, with the longest values")
    is_confirmed: bool = Field(description="a change is confirmed first")
    is_here: bool = Field(description="false: it is changed in the chat of the admin bot")


class Settings(Answer):
    """The settings a member may see, in the order of the panel."""

    settings: list[Setting]
    has_shorteners: bool
    bot: str = Field(description="@username of the admin bot's user bot, empty: not known")


class SettingChange(RequestBody):
    """A new value: one of `typed` and `usual`."""

    typed: str | None = Field(None, max_length=TYPED_MAX, description="as it is typed in the chat")
    usual: bool = Field(False, description="the usual value")
    seen: Given = Field(description="the value it is changed from")


class SettingChanged(Answer):
    setting: Setting
    before: Value
    is_stored: bool = Field(description="false: the value stood already")


class TypedText(RequestBody):
    typed: str = Field(max_length=TYPED_MAX)


class TextPreview(Answer):
    """A text as its readers get it, with the longest values for its placeholders."""

    preview: list[Piece]
    length: str = Field(description="how long it can get, in a sentence")
