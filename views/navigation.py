"""The sections of the admin bot and the buttons that lead between them."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton
from pydantic import Field

from core.ids import CODE_LENGTH
from core.settings import Group
from views.buttons import button
from views.screens import MENU_DATA, Parent


class Section(StrEnum):
    """What the Menu, a Back button or a `Fix` opens. A closed list; the values are in callback data."""

    MENU = "menu"
    POSTS = "posts"
    SCHEDULE = "plan"
    SLOTS = "slots"
    BROADCASTS = "news"
    SUBSCRIBERS = "people"
    CHANNELS = "chan"
    STATISTICS = "stats"
    SETTINGS = "set"
    SHORTENERS = "short"
    #: the picture of announcements whose post has none
    DEFAULT_COVER = "cover"
    #: the progress of "Renew all buttons"
    RENEWAL = "renew"
    #: the set-up of the storage channel
    STORAGE = "store"
    SYSTEM = "sys"
    JOBS = "jobs"
    BACKUPS = "backup"
    WEB_PAGE = "page"


#: names on buttons
NAMES: dict[Section, str] = {
    Section.MENU: "Menu",
    Section.POSTS: "Posts",
    Section.SCHEDULE: "Schedule",
    Section.SLOTS: "Slots",
    Section.BROADCASTS: "Broadcasts",
    Section.SUBSCRIBERS: "Subscribers",
    Section.CHANNELS: "Channels",
    Section.STATISTICS: "Statistics",
    Section.SETTINGS: "Settings",
    Section.SHORTENERS: "Shorteners",
    Section.DEFAULT_COVER: "Default cover",
    Section.RENEWAL: "Renew all buttons",
    Section.STORAGE: "Storage channel",
    Section.SYSTEM: "System",
    Section.JOBS: "Jobs",
    Section.BACKUPS: "Backups",
    Section.WEB_PAGE: "Web page",
}


class Open(CallbackData, prefix="go"):
    """Open a section in place of the screen whose button was pressed."""

    section: Section


class AskFirstChannel(CallbackData, prefix="fh"):
    """Ask which channel subscribers read."""


class GroupButton(CallbackData, prefix="sg"):
    """Show a group of settings."""

    group: Group


class OpenPost(CallbackData, prefix="gp"):
    """Show a post's card."""

    code: str = Field(max_length=CODE_LENGTH)


class OpenPreview(CallbackData, prefix="gprev"):
    """Show a post as a subscriber gets it; counts nothing."""

    code: str = Field(max_length=CODE_LENGTH)


class OpenPublish(CallbackData, prefix="gpub"):
    """Show what publishing a post would send, and where."""

    code: str = Field(max_length=CODE_LENGTH)


class OpenChannel(CallbackData, prefix="gch"):
    """Show a channel's card."""

    chat_id: int


class ConnectChannel(CallbackData, prefix="gcon"):
    """Have posts announced in a channel, after a look at the admin bot's rights there."""

    chat_id: int


def data_of(section: Section) -> str:
    """Return the callback data that opens a section."""
    return Open(section=section).pack()


def parent(section: Section) -> Parent:
    """Return a section as the parent of a screen."""
    return Parent(NAMES[section], data_of(section))


def open_button(section: Section, text: str | None = None, *, style: str | None = None) -> InlineKeyboardButton:
    """Make a button that opens a section; its name without a `text`."""
    return button(text or NAMES[section], data_of(section), style=style)


#: the parent of every section
MENU = parent(Section.MENU)
assert MENU.data == MENU_DATA
#: callback data that asks which channel subscribers read
FIRST_CHANNEL = AskFirstChannel().pack()
