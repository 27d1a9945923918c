"""Buttons of posts and batches. Back is in the last row."""

from collections.abc import Sequence

from aiogram.types import (
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
)

from core.posts import Post, PostStatus
from views.buttons import Row, button, keyboard
from views.html import bare, cut
from views.links import share_link
from views.posts.callbacks import (
    AS_SETTINGS,
    AskSearch,
    BatchAction,
    BatchButton,
    DeletionTime,
    PostAction,
    PostButton,
    PostList,
)
from views.posts.texts import deletion_words

#: deletion times on buttons, in minutes; 0 is never
DELETION_CHOICES = (5, 15, 30, 60, 360, 1440, 2820, 0)


def _act(act: PostAction, code: str, place: PostList) -> str:
    return PostButton(act=act, code=code, page=place.page, search=place.search, removed=place.removed).pack()


def _link_row(post: Post, link: str) -> Row:
    return [
        InlineKeyboardButton(text="Copy link", copy_text=CopyTextButton(text=link)),
        InlineKeyboardButton(text="Share", url=share_link(link, bare(post.title))),
    ]


def made(post: Post, link: str) -> InlineKeyboardMarkup:
    """Return the buttons below the answer to a new post."""
    place = PostList()
    return keyboard(
        _link_row(post, link),
        [
            button("Preview", _act(PostAction.PREVIEW, post.code, place)),
            button("Card", _act(PostAction.CARD, post.code, place)),
        ],
    )


def card(post: Post, link: str, place: PostList) -> InlineKeyboardMarkup:
    """Return the buttons below a post's card."""

    def act(text: str, action: PostAction) -> InlineKeyboardButton:
        return button(text, _act(action, post.code, place))

    back: Row = [button("Back", place.pack())]
    if post.status is PostStatus.REMOVED:
        return keyboard([act("Restore", PostAction.RESTORE), act("Preview", PostAction.PREVIEW)], back)
    return keyboard(
        _link_row(post, link),
        [act("Rename", PostAction.RENAME), act("Describe", PostAction.DESCRIBE)],
        [act("Replace messages", PostAction.REPLACE), act("Preview", PostAction.PREVIEW)],
        [act("Protect", PostAction.PROTECT), act("Deletion time", PostAction.DELETION)],
        [act("Remove", PostAction.REMOVE)],
        back,
    )


def question(code: str, place: PostList) -> InlineKeyboardMarkup:
    """Return the buttons below a question about a post: leads back to its card."""
    return keyboard([button("Back", _act(PostAction.CARD, code, place))])


def search_question() -> InlineKeyboardMarkup:
    return keyboard([button("Back", PostList().pack())])


def confirm_remove(post: Post, place: PostList) -> InlineKeyboardMarkup:
    return keyboard(
        [button(f"Remove post {post.number}", _act(PostAction.REMOVE_CONFIRMED, post.code, place))],
        [button("Back", _act(PostAction.CARD, post.code, place))],
    )


def _deletion(code: str, minutes: int, text: str, place: PostList) -> InlineKeyboardButton:
    choice = DeletionTime(code=code, minutes=minutes, page=place.page, search=place.search, removed=place.removed)
    return button(text, choice.pack())


def deletion_times(post: Post, place: PostList) -> InlineKeyboardMarkup:
    choices = [
        _deletion(post.code, minutes, deletion_words(minutes).removeprefix("after ").capitalize(), place)
        for minutes in DELETION_CHOICES
    ]
    rows = [choices[start : start + 2] for start in range(0, len(choices), 2)]
    return keyboard(
        [_deletion(post.code, AS_SETTINGS, "As in settings", place)],
        *rows,
        [button("Another time", _act(PostAction.OTHER_TIME, post.code, place))],
        [button("Back", _act(PostAction.CARD, post.code, place))],
    )


def _entry(post: Post) -> str:
    removed = " (removed)" if post.status is PostStatus.REMOVED else ""
    return f"{post.number} · {cut(bare(post.title) or 'untitled', 48)}{removed}"


def post_list(posts: Sequence[Post], place: PostList, *, more: bool) -> InlineKeyboardMarkup:
    """Return one button per post, then the pages, then the search and the choice of removed posts."""
    entries: list[Row] = [[button(_entry(post), _act(PostAction.CARD, post.code, place))] for post in posts]

    def page(number: int, text: str) -> InlineKeyboardButton:
        return button(text, place.model_copy(update={"page": number}).pack())

    turning: Row = [page(place.page - 1, "‹ Prev")] if place.page else []
    turning.append(page(place.page, "Refresh"))
    if more:
        turning.append(page(place.page + 1, "Next ›"))
    if place.search:
        return keyboard(*entries, turning, [button("Back", PostList().pack())])
    toggle = PostList(removed=not place.removed).pack()
    other: Row = [
        button("Search", AskSearch().pack()),
        button("Hide removed" if place.removed else "Show removed", toggle),
    ]
    return keyboard(*entries, turning, other)


def batch(batch_id: str) -> InlineKeyboardMarkup:
    return keyboard(
        [
            button("Finish", BatchButton(act=BatchAction.FINISH, batch=batch_id).pack()),
            button("Cancel", BatchButton(act=BatchAction.CANCEL, batch=batch_id).pack()),
        ]
    )
