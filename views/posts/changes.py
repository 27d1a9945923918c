"""What follows a change of a post: its undo, its announcements, and somebody else's change."""

from aiogram.types import InlineKeyboardButton

from core.posts import Post
from views.buttons import Row
from views.conflicts import conflict
from views.language import _, ngettext, pgettext
from views.posts.callbacks import Choice, PostAction, PostList
from views.posts.options import change_words, option_note
from views.posts.words import act, card_parent
from views.screens import Screen

#: fields an announcement shows
ANNOUNCED = frozenset({Choice.TITLE, Choice.DESCRIPTION, Choice.COVER, Choice.LABEL})


def somebody() -> str:
    """Return the name that is shown when Telegram does not say who it was."""
    return _("Somebody")


def ask_to_change(
    post: Post, choice: Choice, announcements: int, place: PostList, undo: InlineKeyboardButton | None
) -> Screen:
    """Ask whether the announcements of a post that was changed are changed, too."""
    rows: tuple[Row, ...] = (
        [
            act(pgettext("announcements", "Change"), PostAction.CHANGE, post.code, place),
            act(pgettext("announcements", "Leave"), PostAction.CARD, post.code, place),
        ],
        [] if undo is None else [undo],
    )
    question = ngettext("Change {count} announcement too?", "Change {count} announcements too?", announcements)
    text = f"{option_note(post, choice)}\n{question.format(count=f'{announcements:,}')}"
    return Screen(text, rows, card_parent(post, place))


def somebody_else(post: Post, choice: Choice, who: str, *, save_mine: str, place: PostList) -> Screen:
    """Return “Bob changed this to 60 min a moment ago. Yours is not saved.”"""
    parent = card_parent(post, place)
    return conflict(who, change_words(post, choice), save_mine=save_mine, keep_theirs=parent.data, parent=parent)


def started(announcements: int) -> str:
    """Say how many announcements are edited; it takes up to a minute for twenty in one channel."""
    if not announcements:
        return _("No announcement is in a channel any more.")
    return ngettext(
        "{count} announcement is being changed.", "{count} announcements are being changed.", announcements
    ).format(count=f"{announcements:,}")
