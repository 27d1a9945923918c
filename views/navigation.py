"""The sections of the admin bot and the buttons that lead between them."""

from collections.abc import Callable
from enum import StrEnum

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton
from pydantic import Field

from core.ids import CODE_LENGTH
from core.settings import Group
from views.buttons import button
from views.language import _
from views.screens import MENU_DATA, Parent, menu


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
    TEAM = "team"
    #: names, texts and pictures of both bots
    PROFILES = "bots"
    #: subscribers get nothing until a time
    MAINTENANCE = "maint"
    SYSTEM = "sys"
    JOBS = "jobs"
    BACKUPS = "backup"
    WEB_PAGE = "page"
    EXPORT = "export"
    IMPORT = "import"
    #: links of the bot that had the token before
    OLD_LINKS = "old"
    #: the language of whoever opens it
    LANGUAGE = "lang"


#: names on buttons, looked up at each use
_NAMES: dict[Section, Callable[[], str]] = {
    Section.MENU: menu,
    Section.POSTS: lambda: _("Posts"),
    Section.SCHEDULE: lambda: _("Schedule"),
    Section.SLOTS: lambda: _("Slots"),
    Section.BROADCASTS: lambda: _("Broadcasts"),
    Section.SUBSCRIBERS: lambda: _("Subscribers"),
    Section.CHANNELS: lambda: _("Channels"),
    Section.STATISTICS: lambda: _("Statistics"),
    Section.SETTINGS: lambda: _("Settings"),
    Section.SHORTENERS: lambda: _("Shorteners"),
    Section.DEFAULT_COVER: lambda: _("Default cover"),
    Section.RENEWAL: lambda: _("Renew all buttons"),
    Section.STORAGE: lambda: _("Storage channel"),
    Section.TEAM: lambda: _("Team"),
    Section.PROFILES: lambda: _("Names and pictures"),
    Section.MAINTENANCE: lambda: _("Maintenance"),
    Section.SYSTEM: lambda: _("System"),
    Section.JOBS: lambda: _("Jobs"),
    Section.BACKUPS: lambda: _("Backups"),
    Section.WEB_PAGE: lambda: _("Web page"),
    Section.EXPORT: lambda: _("Export"),
    Section.IMPORT: lambda: _("Import"),
    Section.OLD_LINKS: lambda: _("Old links"),
    Section.LANGUAGE: lambda: _("My language"),
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


def name_of(section: Section) -> str:
    """Return the name of a section, as buttons show it."""
    return _NAMES[section]()


def parent(section: Section) -> Parent:
    """Return a section as the parent of a screen."""
    return Parent(_NAMES[section], data_of(section))


def open_button(section: Section, text: str | None = None, *, style: str | None = None) -> InlineKeyboardButton:
    """Make a button that opens a section; its name without a `text`."""
    return button(text or name_of(section), data_of(section), style=style)


#: the parent of every section
MENU = parent(Section.MENU)
assert MENU.data == MENU_DATA
#: callback data that asks which channel subscribers read
FIRST_CHANNEL = AskFirstChannel().pack()
