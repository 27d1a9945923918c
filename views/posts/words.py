"""Words about a post that several of its screens use."""

import unicodedata
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardButton

from core.durations import in_short
from core.posts import Post, PostAccess, PostItem
from core.settings import BotSettings
from views.buttons import button
from views.html import bare, cut, isolate
from views.language import _, pgettext
from views.posts.callbacks import PostAction, PostButton, PostList
from views.screens import Parent
from views.storage.content_texts import kind_name
from views.times import clock_time, date_and_time

_ISOLATE, _END = "\u2068", "\u2069"
_RIGHT_TO_LEFT = frozenset({"R", "AL"})


def untitled() -> str:
    return pgettext("post", "untitled")


def as_in_settings() -> str:
    """Return the value of an option, inside a sentence."""
    return pgettext("value", "as in settings")


def act(text: str, action: PostAction, code: str, place: PostList, *, style: str | None = None) -> InlineKeyboardButton:
    """Make a button that does something with a post."""
    data = PostButton(act=action, code=code, page=place.page, search=place.search, show=place.show)
    return button(text, data.pack(), style=style)


def card_parent(post: Post, place: PostList) -> Parent:
    """Return a post's card as the parent of a screen."""
    return Parent(_("Post {number}").format(number=post.number), _act_data(PostAction.CARD, post, place))


def options_parent(post: Post, place: PostList) -> Parent:
    return Parent(_("Options"), _act_data(PostAction.OPTIONS, post, place))


def content_parent(post: Post, place: PostList) -> Parent:
    return Parent(_("Content"), _act_data(PostAction.CONTENT, post, place))


def _act_data(action: PostAction, post: Post, place: PostList) -> str:
    return PostButton(act=action, code=post.code, page=place.page, search=place.search, show=place.show).pack()


def label_name(name: str, limit: int) -> str:
    """Return a title for a button: cut, with its direction isolated where it is right-to-left."""
    plain = bare(name) or untitled()
    if not any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in plain):
        return cut(plain, limit)
    return f"{_ISOLATE}{cut(plain, limit - 2)}{_END}"


def titled(post: Post) -> str:
    """Return `<b>Post 12</b> · Spring album`."""
    return _("<b>Post {number}</b> · {title}").format(number=post.number, title=isolate(post.title or untitled()))


def deletion_words(minutes: int) -> str:
    return in_short(timedelta(minutes=minutes)) if minutes else pgettext("time", "never")


def deletion_of(post: Post, settings: BotSettings) -> str:
    """Return `Auto-delete 30 min`, as it is for this post now."""
    own = post.delete_after_minutes
    minutes = settings.delete_after_minutes if own is None else own
    return _("Auto-delete {time}").format(time=deletion_words(minutes)) if minutes else _("Never deleted")


def saving_of(post: Post, settings: BotSettings) -> str:
    protect = settings.protect_content if post.protect is None else post.protect
    return _("saving restricted") if protect else _("saving allowed")


def access_words(access: PostAccess) -> str:
    """Return who gets a post, inside a sentence."""
    return {
        PostAccess.SETTINGS: as_in_settings(),
        PostAccess.FREE: pgettext("access to a post", "free"),
        PostAccess.FREE_WITHOUT_CHANNELS: pgettext("access to a post", "free without channels"),
    }[access]


def item_name(item: PostItem) -> str:
    """Return `Photo · sunset.jpg`; plain text. A message stored before its kind was remembered is a `Message`."""
    kind = kind_name(item.kind) or pgettext("kind of content", "Message")
    return f"{kind} · {bare(item.name)}" if item.name else kind


def when(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Return `today 14:05`, or the date and the time; HTML."""
    if moment.astimezone(zone).date() == now.astimezone(zone).date():
        return pgettext("day with time", "today {time}").format(time=clock_time(moment, zone))
    return date_and_time(moment, zone, now)
