"""The messages of a post, and its cover."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardButton

from core.posts import CoverKind, Post, PostItem
from views import amounts
from views.buttons import Row, button
from views.html import cut, isolate
from views.language import _, pgettext
from views.posts.callbacks import AS_SETTINGS, FROM_POST, NONE, Choice, ItemList, PostAction, PostList, TakeOut
from views.posts.options import cover_words
from views.posts.questions import choice_data
from views.posts.words import act, card_parent, content_parent, item_name, titled
from views.screen_limits import WIDE_MAX
from views.screens import BACK, Screen
from views.storage.content_texts import kind_name

#: messages on one page
PAGE = 6
#: kinds of messages that are counted by name
_KINDS_SHOWN = 4


def taken_out() -> str:
    return _("Taken out.")


def brought_back() -> str:
    return _("The messages are as they were.")


def cover_question() -> str:
    return _("Send the cover as a photo, like one you would post in your channel.")


def no_picture() -> str:
    return _("None of the post's messages is a photo or video. “Send one” takes any photo.")


def content(post: Post, place: PostList, *, can_undo: bool) -> Screen:
    """Return the messages of a post in numbers, and what can be done with them."""
    rows: list[Row] = [
        [
            act(pgettext("messages to a post", "Add"), PostAction.ADD, post.code, place),
            act(_("Replace all"), PostAction.REPLACE, post.code, place),
        ]
    ]
    if post.item_count > 1:
        rows.append([button(_("Take one out ›"), item_data(post, place, 0))])
    if can_undo:
        rows.append([act(_("Undo"), PostAction.BRING_BACK, post.code, place)])
    kinds = _kinds(post.known_items)
    messages = amounts.messages(post.item_count)
    what = _("{messages}: {kinds}").format(messages=messages, kinds=kinds) if kinds else messages
    return Screen(f"{titled(post)}\n{what}", tuple(rows), card_parent(post, place))


def _kinds(items: Sequence[PostItem]) -> str:
    """Return `Photo × 7, Text × 1`; "" when the kinds are not known."""
    counts: dict[str, int] = {}
    for item in items:
        kind = kind_name(item.kind)
        if kind is not None:
            counts[kind] = counts.get(kind, 0) + 1
    most = sorted(counts.items(), key=lambda one: -one[1])[:_KINDS_SHOWN]
    return ", ".join(f"{kind} × {count}" for kind, count in most)


def item_data(post: Post, place: PostList, page: int) -> str:
    """Return the callback data that shows a page of a post's messages."""
    return ItemList(code=post.code, page=place.page, search=place.search, show=place.show, items=page).pack()


def take_one_out(post: Post, place: PostList, page: int) -> Screen:
    """Offer each message of a post; the last page where `page` is beyond it."""
    last = (len(post.message_ids) - 1) // PAGE
    page = min(page, last)
    numbered = list(zip(post.message_ids, post.known_items, strict=True))[page * PAGE : (page + 1) * PAGE]
    entries: list[Row] = [
        [_item(post, place, number, message_id, item)]
        for number, (message_id, item) in enumerate(numbered, start=page * PAGE + 1)
    ]
    before = _("{arrow} Before").format(arrow=BACK)
    turning: Row = [button(before, item_data(post, place, page - 1))] if page else []
    if page < last:
        turning.append(button(_("After ›"), item_data(post, place, page + 1)))
    text = _("Which message leaves post {number}, {title}? It can be undone for 10 minutes.")
    shown = text.format(number=post.number, title=isolate(post.title))
    return Screen(shown, (*entries, turning), content_parent(post, place))


def _item(post: Post, place: PostList, number: int, message_id: int, item: PostItem) -> InlineKeyboardButton:
    data = TakeOut(code=post.code, page=place.page, search=place.search, show=place.show, message=message_id)
    return button(cut(f"{number} · {item_name(item)}", WIDE_MAX), data.pack())


def cover(post: Post, place: PostList, seen: str, *, has_default: bool) -> Screen:
    """Offer the covers of a post's announcements."""
    kind = CoverKind.DEFAULT if post.cover is None else post.cover.kind

    def ticked(text: str, of: CoverKind) -> str:
        return f"{text} ✓" if kind is of else text

    def choice(text: str, value: int, of: CoverKind) -> InlineKeyboardButton:
        return button(ticked(text, of), choice_data(post, place, Choice.COVER, value, seen))

    own = act(ticked(_("Send one"), CoverKind.OWN), PostAction.OWN_COVER, post.code, place)
    lines = [titled(post), _("Cover of its announcements: {cover}.").format(cover=cover_words(post))]
    if kind is CoverKind.DEFAULT and not has_default:
        lines.append(_("There is no default cover yet, so announcements are text."))
    rows: tuple[Row, ...] = (
        [choice(_("From the post"), FROM_POST, CoverKind.POST), own],
        [
            choice(pgettext("cover", "Default"), AS_SETTINGS, CoverKind.DEFAULT),
            choice(pgettext("cover", "None"), NONE, CoverKind.NONE),
        ],
    )
    return Screen("\n".join((lines[0], " ".join(lines[1:]))), rows, card_parent(post, place))


def ask_cover(post: Post, place: PostList) -> Screen:
    return Screen(cover_question(), (), card_parent(post, place))
