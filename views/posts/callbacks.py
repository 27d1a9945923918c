"""Callback data of posts and batches. Clients can forge it: codes and numbers are looked up, never trusted."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from core.ids import CODE_LENGTH
from views.buttons import PAGE_MAX

#: characters of the name of a stored search
SEARCH_ID_LENGTH = 4
#: the value of `DeletionTime.minutes` for "as in settings"
AS_SETTINGS = -1


class PostAction(StrEnum):
    CARD = "card"
    PREVIEW = "view"
    RENAME = "name"
    DESCRIBE = "desc"
    REPLACE = "items"
    PROTECT = "prot"
    DELETION = "time"
    OTHER_TIME = "other"
    REMOVE = "rm"
    REMOVE_CONFIRMED = "rmyes"
    RESTORE = "undo"


class PostList(CallbackData, prefix="al"):
    """A place in the list of posts: the page, the name of the search ("": none), whether removed posts are shown."""

    page: int = Field(0, ge=0, le=PAGE_MAX)
    search: str = Field("", max_length=SEARCH_ID_LENGTH)
    removed: bool = False


class _OfPost(CallbackData, prefix="a-"):
    """What every button of a card carries: the post, and the place in the list for Back."""

    code: str = Field(max_length=CODE_LENGTH)
    page: int = Field(0, ge=0, le=PAGE_MAX)
    search: str = Field("", max_length=SEARCH_ID_LENGTH)
    removed: bool = False

    @property
    def place(self) -> PostList:
        return PostList(page=self.page, search=self.search, removed=self.removed)


class PostButton(_OfPost, prefix="ap"):
    """Do something with a post."""

    act: PostAction


class DeletionTime(_OfPost, prefix="ad"):
    """Set a post's deletion time: minutes, 0 for never, AS_SETTINGS for that of the settings."""

    minutes: int = Field(ge=AS_SETTINGS)


class AskSearch(CallbackData, prefix="aq"):
    """Ask what to search for."""


class BatchAction(StrEnum):
    FINISH = "finish"
    CANCEL = "cancel"


class BatchButton(CallbackData, prefix="ab"):
    """Finish or cancel a batch. `batch`: its id; a button of another batch is stale."""

    act: BatchAction
    batch: str = Field(max_length=16)
