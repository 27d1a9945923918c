"""The options of a post: each as in the settings, or its own."""

from aiogram.types import InlineKeyboardButton

from core.posts import Post, PostAccess
from views.buttons import Row, button
from views.html import esc, isolate
from views.posts.callbacks import AS_SETTINGS, Choice, PostAction, PostList
from views.posts.questions import choice_data
from views.posts.words import (
    ACCESS_WORDS,
    AS_IN_SETTINGS,
    act,
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
_SAVING_WORDS = {None: AS_IN_SETTINGS, False: "off", True: "on"}


def options(post: Post, place: PostList) -> Screen:
    """Return the options with their values."""
    minutes = post.delete_after_minutes
    password = {None: AS_IN_SETTINGS, "": "none"}.get(post.password, "its own")
    label = AS_IN_SETTINGS if post.label is None else label_name(post.label, WIDE_MAX - len("Button label:  ›"))
    values = (
        ("Auto-delete", AS_IN_SETTINGS if minutes is None else deletion_words(minutes), PostAction.DELETION),
        ("Restrict saving", _SAVING_WORDS[post.protect], PostAction.SAVING),
        ("Access", ACCESS_WORDS[post.access], PostAction.ACCESS),
        ("Button label", label, PostAction.LABEL),
        ("Archive password", password, PostAction.PASSWORD),
    )
    rows = [[act(f"{name}: {value} ›", action, post.code, place)] for name, value, action in values]
    rows.append([act("Link for a place ›", PostAction.PLACE, post.code, place)])
    return Screen(
        f"{titled(post)}\nEach option is as in the settings, or its own.", tuple(rows), card_parent(post, place)
    )


def _ticked(text: str, is_current: bool, data: str) -> InlineKeyboardButton:
    return button(f"{text} ✓" if is_current else text, data)


def deletion_times(post: Post, place: PostList, seen: str) -> Screen:
    def choice(minutes: int, text: str) -> InlineKeyboardButton:
        is_current = (AS_SETTINGS if post.delete_after_minutes is None else post.delete_after_minutes) == minutes
        return _ticked(text, is_current, choice_data(post, place, Choice.DELETE_AFTER, minutes, seen))

    times = [choice(minutes, deletion_words(minutes).capitalize()) for minutes in DELETION_CHOICES]
    rows: tuple[Row, ...] = (
        [choice(AS_SETTINGS, "As in settings")],
        *in_pairs(times),
        [act("Another time", PostAction.OTHER_TIME, post.code, place)],
    )
    text = f"When do copies of post {post.number}, {isolate(post.title)}, delete themselves?"
    return Screen(text, rows, options_parent(post, place))


def saving(post: Post, place: PostList, seen: str) -> Screen:
    """Offer whether a post can be saved and forwarded."""
    words = {AS_SETTINGS: "As in settings", 1: "On", 0: "Off"}
    choices = [
        _ticked(text, SAVING_VALUES[value] is post.protect, choice_data(post, place, Choice.PROTECT, value, seen))
        for value, text in words.items()
    ]
    text = f"Restrict saving of post {post.number}, {isolate(post.title)}? Then it can be neither saved nor forwarded."
    return Screen(text, (choices[:1], choices[1:]), options_parent(post, place))


def access(post: Post, place: PostList, seen: str) -> Screen:
    """Offer what stands before a post."""
    choices = [
        _ticked(
            ACCESS_WORDS[one].capitalize(), one is post.access, choice_data(post, place, Choice.ACCESS, value, seen)
        )
        for value, one in ACCESS_VALUES.items()
    ]
    text = (
        f"What stands before post {post.number}, {isolate(post.title)}?\n"
        "Free: required channels, but no credit. Free without channels: neither. A ban stays a ban."
    )
    return Screen(text, tuple([one] for one in choices), options_parent(post, place))


def option_note(post: Post, choice: Choice) -> str:
    """Say what a field was set to; HTML."""
    match choice:
        case Choice.DELETE_AFTER:
            minutes = post.delete_after_minutes
            return f"Auto-delete: {AS_IN_SETTINGS if minutes is None else deletion_words(minutes)}."
        case Choice.PROTECT:
            return f"Restrict saving: {_SAVING_WORDS[post.protect]}."
        case Choice.ACCESS:
            return f"Access: {ACCESS_WORDS[post.access]}."
        case Choice.LABEL:
            return f"Button label: {AS_IN_SETTINGS if post.label is None else isolate(post.label)}."
        case Choice.PASSWORD:
            return f"Archive password: {password_words(post)}."
        case Choice.COVER:
            return f"Cover: {cover_words(post)}."
        case Choice.DESCRIPTION:
            return "The text is saved." if post.description else "Text: none."
        case Choice.TITLE:
            return f"Title: {isolate(post.title)}."


def password_words(post: Post) -> str:
    """Return the archive password itself, or whether there is one; HTML."""
    if not post.password:
        return AS_IN_SETTINGS if post.password is None else "none"
    return f"<code>{esc(post.password)}</code>"


def cover_words(post: Post) -> str:
    """Return `default`, `none`, `from the post`, `its own`."""
    kind = "default" if post.cover is None else post.cover.kind.value
    return {"own": "its own", "post": "from the post"}.get(kind, kind)


def change_words(post: Post, choice: Choice) -> str:
    """Return the value of a field inside “Bob changed this to …”; HTML."""
    if choice is Choice.DESCRIPTION:
        return "another text" if post.description else "no text"
    return option_note(post, choice).partition(": ")[2].removesuffix(".")
