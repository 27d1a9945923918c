"""Callback data of posts and batches. Clients can forge it: codes and numbers are looked up, never trusted."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from core.ids import CODE_LENGTH
from core.posts import PostFilter
from views.buttons import PAGE_MAX

#: characters of the name of a stored search, and of a value's fingerprint
SEARCH_ID_LENGTH = FINGERPRINT_LENGTH = 4
#: the value of a `PostChoice` for "as in settings", and of a cover for the default one
AS_SETTINGS = -1
#: the value of a `PostChoice` for none: no text, no cover, no password
NONE = 0
#: the value of a `PostChoice` for a cover taken from the post's own messages
FROM_POST = 1


class PostAction(StrEnum):
    CARD = "card"
    PREVIEW = "view"
    TITLE = "name"
    TEXT = "text"
    COVER = "cover"
    OWN_COVER = "ownc"
    CONTENT = "cont"
    ADD = "add"
    REPLACE = "items"
    #: bring back the messages before the last change
    BRING_BACK = "undoc"
    OPTIONS = "opts"
    DELETION = "time"
    OTHER_TIME = "other"
    SAVING = "save"
    ACCESS = "acc"
    LABEL = "label"
    PASSWORD = "pass"  # noqa: S105 - a button, not a password
    PLACE = "place"
    NUMBERS = "nums"
    REMOVE = "rm"
    REMOVE_CONFIRMED = "rmyes"
    TAKE_DOWN = "down"
    RESTORE = "back"
    #: undo a post that was made by accident
    DISCARD = "disc"
    #: change its announcements, too
    CHANGE = "chann"


class Show(StrEnum):
    """Which posts the list shows: short names for buttons."""

    LIVE = "l"
    SCHEDULED = "s"
    NOT_ANNOUNCED = "n"
    REMOVED = "r"
    IMPORTED = "i"
    ALL = "a"

    @property
    def filter(self) -> PostFilter:
        return PostFilter[self.name]


class PostList(CallbackData, prefix="al"):
    """A place in the list of posts: the page, the name of the search ("": none), which posts are shown."""

    page: int = Field(0, ge=0, le=PAGE_MAX)
    search: str = Field("", max_length=SEARCH_ID_LENGTH)
    show: Show = Show.LIVE


class ShowChoice(CallbackData, prefix="af"):
    """Choose which posts the list shows, now `show`."""

    show: Show
    search: str = Field("", max_length=SEARCH_ID_LENGTH)


class AskSearch(CallbackData, prefix="aq"):
    """Ask what to search for."""


class _OfPost(CallbackData, prefix="a-"):
    """What every button of a card carries: the post, and the place in the list for Back."""

    code: str = Field(max_length=CODE_LENGTH)
    page: int = Field(0, ge=0, le=PAGE_MAX)
    search: str = Field("", max_length=SEARCH_ID_LENGTH)
    show: Show = Show.LIVE

    @property
    def place(self) -> PostList:
        return PostList(page=self.page, search=self.search, show=self.show)


class PostButton(_OfPost, prefix="ap"):
    """Do something with a post."""

    act: PostAction


class Choice(StrEnum):
    """A field of a post that a button sets: short names."""

    DELETE_AFTER = "d"
    PROTECT = "s"
    ACCESS = "a"
    LABEL = "l"
    PASSWORD = "p"  # noqa: S105 - a field, not a password
    COVER = "c"
    DESCRIPTION = "t"
    TITLE = "n"


class PostChoice(_OfPost, prefix="ao"):
    """Set a field to a value. `seen`: fingerprint of the value the screen showed."""

    choice: Choice
    value: int = Field(ge=AS_SETTINGS, le=99999)
    seen: str = Field(max_length=FINGERPRINT_LENGTH)


class SaveMine(_OfPost, prefix="am"):
    """Set a field to what was typed, which is stored with the conversation, though somebody else was faster."""

    choice: Choice
    seen: str = Field(max_length=FINGERPRINT_LENGTH)


class ItemList(_OfPost, prefix="ai"):
    """A page of a post's messages, to take one out."""

    items: int = Field(0, ge=0, le=PAGE_MAX)


class TakeOut(_OfPost, prefix="ax"):
    """Take one message out of a post."""

    message: int = Field(ge=1, le=2**31 - 1)


class BatchAction(StrEnum):
    DONE = "finish"
    CANCEL = "cancel"


class BatchButton(CallbackData, prefix="ab"):
    """End or cancel a batch. `batch`: its id."""

    act: BatchAction
    batch: str = Field(max_length=16)
