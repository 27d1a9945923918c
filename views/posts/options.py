"""The options of a post: each as in the settings, or its own."""

from aiogram.types import InlineKeyboardButton

from core.posts import CoverKind, Post, PostAccess
from views.buttons import Row, button
from views.html import esc, isolate
from views.language import _, pgettext
from views.posts.callbacks import AS_SETTINGS, Choice, PostAction, PostList
from views.posts.questions import choice_data
from views.posts.words import (
    access_words,
    act,
    as_in_settings,
    card_parent,
    deletion_words,
    label_name,
    options_parent,
    titled,
)
from views.screen_limits import WIDE_MAX
from views.screens import Screen, in_pairs

#: deletion times on buttons, in minutes; 0 is never
DELETION_CHOICES = (5, 15, 30, 60, 360, 1440, 2820, 0)
#: value of a `PostChoice` -> access
ACCESS_VALUES = {AS_SETTINGS: PostAccess.SETTINGS, 0: PostAccess.FREE, 1: PostAccess.FREE_WITHOUT_CHANNELS}
#: value of a `PostChoice` -> whether saving is restricted
SAVING_VALUES: dict[int, bool | None] = {AS_SETTINGS: None, 0: False, 1: True}


def _saving_words(protect: bool | None) -> str:
    if protect is None:
        return as_in_settings()
    return pgettext("switch", "on") if protect else pgettext("switch", "off")


def _deletion(post: Post) -> str:
    minutes = post.delete_after_minutes
    return as_in_settings() if minutes is None else deletion_words(minutes)


def options(post: Post, place: PostList) -> Screen:
    """Return the options with their values."""
    label_button = _("Button label: {label} ›")
    room = WIDE_MAX - len(label_button.format(label=""))
    label = as_in_settings() if post.label is None else label_name(post.label, room)
    values = (
        (_("Auto-delete: {time} ›").format(time=_deletion(post)), PostAction.DELETION),
        (_("Restrict saving: {value} ›").format(value=_saving_words(post.protect)), PostAction.SAVING),
        (_("Access: {value} ›").format(value=access_words(post.access)), PostAction.ACCESS),
        (label_button.format(label=label), PostAction.LABEL),
        (_("Archive password: {value} ›").format(value=_password_in_short(post)), PostAction.PASSWORD),
        (_("Link for a place ›"), PostAction.PLACE),
    )
    rows = [[act(text, action, post.code, place)] for text, action in values]
    what = _("Each option is as in the settings, or its own.")
    return Screen(f"{titled(post)}\n{what}", tuple(rows), card_parent(post, place))


def _password_in_short(post: Post) -> str:
    if post.password is None:
        return as_in_settings()
    return pgettext("a post's password", "its own") if post.password else pgettext("a post's password", "none")


def _ticked(text: str, is_current: bool, data: str) -> InlineKeyboardButton:
    return button(f"{text} ✓" if is_current else text, data)


def deletion_times(post: Post, place: PostList, seen: str) -> Screen:
    def choice(minutes: int, text: str) -> InlineKeyboardButton:
        is_current = (AS_SETTINGS if post.delete_after_minutes is None else post.delete_after_minutes) == minutes
        return _ticked(text, is_current, choice_data(post, place, Choice.DELETE_AFTER, minutes, seen))

    times = [choice(minutes, deletion_words(minutes).capitalize()) for minutes in DELETION_CHOICES]
    rows: tuple[Row, ...] = (
        [choice(AS_SETTINGS, _("As in settings"))],
        *in_pairs(times),
        [act(_("Another time"), PostAction.OTHER_TIME, post.code, place)],
    )
    text = _("When do copies of post {number}, {title}, delete themselves?")
    return Screen(text.format(number=post.number, title=isolate(post.title)), rows, options_parent(post, place))


def saving(post: Post, place: PostList, seen: str) -> Screen:
    """Offer whether a post can be saved and forwarded."""
    words = {AS_SETTINGS: _("As in settings"), 1: pgettext("switch", "On"), 0: pgettext("switch", "Off")}
    choices = [
        _ticked(text, SAVING_VALUES[value] is post.protect, choice_data(post, place, Choice.PROTECT, value, seen))
        for value, text in words.items()
    ]
    text = _("Restrict saving of post {number}, {title}? Then it can be neither saved nor forwarded.")
    shown = text.format(number=post.number, title=isolate(post.title))
    return Screen(shown, (choices[:1], choices[1:]), options_parent(post, place))


def access(post: Post, place: PostList, seen: str) -> Screen:
    """Offer what stands before a post."""
    choices = [
        _ticked(
            access_words(one).capitalize(), one is post.access, choice_data(post, place, Choice.ACCESS, value, seen)
        )
        for value, one in ACCESS_VALUES.items()
    ]
    text = _(
        "What stands before post {number}, {title}?\n"
        "Free: required channels, but no credit. Free without channels: neither. A ban stays a ban."
    ).format(number=post.number, title=isolate(post.title))
    return Screen(text, tuple([one] for one in choices), options_parent(post, place))


def option_note(post: Post, choice: Choice) -> str:
    """Say what a field was set to; HTML."""
    value = _value(post, choice)
    match choice:
        case Choice.DELETE_AFTER:
            return _("Auto-delete: {time}.").format(time=value)
        case Choice.PROTECT:
            return _("Restrict saving: {value}.").format(value=value)
        case Choice.ACCESS:
            return _("Access: {value}.").format(value=value)
        case Choice.LABEL:
            return _("Button label: {label}.").format(label=value)
        case Choice.PASSWORD:
            return _("Archive password: {value}.").format(value=value)
        case Choice.COVER:
            return _("Cover: {value}.").format(value=value)
        case Choice.DESCRIPTION:
            return _("The text is saved.") if post.description else _("Text: none.")
        case Choice.TITLE:
            return _("Title: {title}.").format(title=value)


def _value(post: Post, choice: Choice) -> str:
    """Return the value of a field; HTML."""
    match choice:
        case Choice.DELETE_AFTER:
            return _deletion(post)
        case Choice.PROTECT:
            return _saving_words(post.protect)
        case Choice.ACCESS:
            return access_words(post.access)
        case Choice.LABEL:
            return as_in_settings() if post.label is None else isolate(post.label)
        case Choice.PASSWORD:
            return password_words(post)
        case Choice.COVER:
            return cover_words(post)
        case Choice.DESCRIPTION:
            return _("another text") if post.description else _("no text")
        case Choice.TITLE:
            return isolate(post.title)


def password_words(post: Post) -> str:
    """Return the archive password itself, or whether there is one; HTML."""
    return f"<code>{esc(post.password)}</code>" if post.password else _password_in_short(post)


def cover_words(post: Post) -> str:
    """Return `default`, `none`, `from the post`, `its own`."""
    return {
        CoverKind.DEFAULT: pgettext("cover", "default"),
        CoverKind.NONE: pgettext("cover", "none"),
        CoverKind.OWN: pgettext("cover", "its own"),
        CoverKind.POST: pgettext("cover", "from the post"),
    }[CoverKind.DEFAULT if post.cover is None else post.cover.kind]


def change_words(post: Post, choice: Choice) -> str:
    """Return the value of a field inside “Bob changed this to …”; HTML."""
    return _value(post, choice)
