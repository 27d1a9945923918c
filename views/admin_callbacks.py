"""Callback data of the admin bot. Clients can forge it: codes and numbers are looked up, never trusted."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from core.ids import CODE_LENGTH
from core.settings import CHANNEL_ID_LOWEST
from core.subscriptions import CHANNELS_MAX

#: pages a list button may name; far beyond what anybody turns by hand
PAGE_MAX = 9999
#: characters of the name of a remembered search
SEARCH_ID_LENGTH = 4
#: `DeletionTime.minutes` that are no minutes
AS_SETTINGS = -1
#: ids of people lie between 0 and this (Bot API: at most 52 significant bits)
PERSON_ID_MAX = 2**52 - 1


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
    REMOVE_SURE = "rmyes"
    RESTORE = "undo"


class PostList(CallbackData, prefix="al"):
    """A place in the list of posts: the page, the search (empty: none), and whether removed posts are shown."""

    page: int = Field(0, ge=0, le=PAGE_MAX)
    search: str = Field("", max_length=SEARCH_ID_LENGTH)
    removed: bool = False


class _OfPost(CallbackData, prefix="a-"):
    """What every button of a card carries: the post and the place in the list to go back to."""

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
    """Give a post its own deletion time: minutes, 0 for never, AS_SETTINGS for what the settings say."""

    minutes: int = Field(ge=AS_SETTINGS)


class AskSearch(CallbackData, prefix="aq"):
    """Ask what to search for."""


class BatchAction(StrEnum):
    FINISH = "finish"
    CANCEL = "cancel"


class BatchButton(CallbackData, prefix="ab"):
    """Finish or cancel one batch; a button of another batch is stale."""

    act: BatchAction
    batch: str = Field(max_length=16)


class SetupAction(StrEnum):
    CHECK = "check"
    CHOOSE = "choose"


class SetupButton(CallbackData, prefix="as"):
    """Check a channel again, or choose another one."""

    act: SetupAction
    chat_id: int = 0


class ChannelAction(StrEnum):
    OPEN = "open"
    #: what counts as joined
    MEMBERS_ONLY = "join"
    REQUESTS_COUNT = "request"
    #: what holds when nobody can tell
    LET_IN = "in"
    KEEP_OUT = "out"
    PAUSE = "pause"
    RESUME = "resume"
    LABEL = "label"
    UP = "up"
    DOWN = "down"
    CHECK = "check"
    NEW_LINK = "link"
    REMOVE = "rm"
    REMOVE_SURE = "rmyes"


class ChannelList(CallbackData, prefix="ae"):
    """A page of the channels to join."""

    page: int = Field(0, ge=0, le=CHANNELS_MAX)


class AskChannel(CallbackData, prefix="aw"):
    """Ask which channel to add."""


class AddChannel(CallbackData, prefix="an"):
    """Try again to add a channel that was chosen before."""

    chat_id: int = Field(ge=CHANNEL_ID_LOWEST, le=-1)
    is_group: bool = False


class ChannelButton(CallbackData, prefix="ac"):
    """Do something with a channel. It names what shall be, not "the other": pressed twice it does no more than once."""

    act: ChannelAction
    chat_id: int = Field(ge=CHANNEL_ID_LOWEST, le=-1)
    #: its place in the order when the button was shown, from 0; for moving
    place: int = Field(0, ge=0, le=CHANNELS_MAX)


class PersonAction(StrEnum):
    SHOW = "show"
    BAN = "ban"
    BAN_SURE = "banyes"
    UNBAN = "unban"
    UNBAN_SURE = "unbanyes"


class PersonButton(CallbackData, prefix="au"):
    """Do something with a subscriber."""

    act: PersonAction
    user_id: int = Field(ge=1, le=PERSON_ID_MAX)
