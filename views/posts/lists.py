"""The list of posts, the choice of which it shows, and its search."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardButton

from core.posts import Post, PostStatus
from views.buttons import Row, button
from views.html import isolate
from views.language import _, pgettext
from views.navigation import MENU, Section, name_of, parent
from views.posts.callbacks import AskSearch, PostAction, PostList, Show, ShowChoice
from views.posts.words import act, label_name
from views.screen_limits import NARROW, WIDE_MAX
from views.screens import BACK, Parent, Screen, in_pairs

#: posts on one page
PAGE = 6
#: entries beside which there is room for a row of pages and one more
_ROOMY = 5
#: characters of a search that are shown
_SEARCH_SHOWN = 40


def _name(show: Show) -> str:
    """Return which posts are shown, as on a button."""
    return {
        Show.LIVE: pgettext("which posts", "live"),
        Show.SCHEDULED: pgettext("which posts", "scheduled"),
        Show.NOT_ANNOUNCED: pgettext("which posts", "not announced"),
        Show.REMOVED: pgettext("which posts", "removed"),
        Show.IMPORTED: pgettext("which posts", "imported"),
        Show.ALL: pgettext("which posts", "all"),
    }[show]


def _empty(show: Show) -> str:
    first = _("No posts yet. Send me anything and it becomes the first.")
    return {
        Show.SCHEDULED: _("No post is scheduled. Open a post, Publish, When."),
        Show.NOT_ANNOUNCED: _("Every live post is announced. Send me anything to make another one."),
        Show.REMOVED: _("No post is removed. “Remove” on a card closes the post's link."),
        Show.IMPORTED: _("No post came from another bot's link."),
    }.get(show, first)


def ask_search() -> str:
    return _("Send words from the title or text, a number, or the post's link.")


def search_expected() -> str:
    return _(
        "That is no text. Send words from the title or text, a number, or the post's link. For example: spring album"
    )


def search_gone() -> str:
    return _("I do not remember that search any more. These are all live posts.")


def list_parent(place: PostList) -> Parent:
    """Return this place in the list as the parent of a screen."""
    if place == PostList():
        return parent(Section.POSTS)
    return Parent(name_of(Section.POSTS), place.pack())


def list_screen(posts: Sequence[Post], place: PostList, *, more: bool, search: str | None) -> Screen:
    """Return one page of the list. `more`: whether posts follow; `search`: as typed, None for none."""
    entries: list[Row] = [[_entry(post, place)] for post in posts]
    text = _text(posts, place, search)
    return Screen(text, (*entries, *_below(len(entries), place, more=more)), MENU)


def _text(posts: Sequence[Post], place: PostList, search: str | None) -> str:
    if search is not None and not posts and not place.page:
        return _("Nothing has “{search}”.").format(search=isolate(search, _SEARCH_SHOWN))
    if not posts:
        return _("This page is empty now.") if place.page else _empty(place.show)
    head = _head(place, search)
    return _("{head} · page {page}").format(head=head, page=place.page + 1) if place.page else head


def _head(place: PostList, search: str | None) -> str:
    is_usual = place.show in {Show.LIVE, Show.ALL}
    if search is not None:
        text = (
            _("<b>Posts</b> with “{search}”, newest first")
            if is_usual
            else _("<b>Posts</b> with “{search}”, {which}, newest first")
        )
        return text.format(search=isolate(search, _SEARCH_SHOWN), which=_name(place.show))
    text = _("<b>Posts</b>, newest first") if is_usual else _("<b>Posts</b>, {which}, newest first")
    return text.format(which=_name(place.show))


def _entry(post: Post, place: PostList) -> InlineKeyboardButton:
    before = f"{post.number} · "
    is_marked = post.status is PostStatus.REMOVED and place.show is not Show.REMOVED
    state = pgettext("a post", "removed") if is_marked else f"{post.delivered:,}"
    behind = f" · {state}"
    title = label_name(post.title, WIDE_MAX - len(before) - len(behind))
    return act(f"{before}{title}{behind}", PostAction.CARD, post.code, place)


def _below(entries: int, place: PostList, *, more: bool) -> list[Row]:
    """The pages, and what else the list offers: one row where eight rows would not do for two."""
    newer = [_page(place, place.page - 1, _("{arrow} Newer").format(arrow=BACK))] if place.page else []
    older = [_page(place, place.page + 1, _("Older ›"))] if more else []
    search = button(_("Search"), AskSearch().pack())
    if not newer and not older:
        return [[_show(place, WIDE_MAX // 2), search]]
    if entries <= _ROOMY:
        return [[*newer, *older], [_show(place, WIDE_MAX // 2), search]]
    if newer and older:
        return [[*newer, search, *older]]
    return [[*newer, _show(place, NARROW[3]), search, *older]]


def _page(place: PostList, page: int, text: str) -> InlineKeyboardButton:
    return button(text, place.model_copy(update={"page": page}).pack())


def _show(place: PostList, limit: int) -> InlineKeyboardButton:
    """`Show: live ›`, as much of it as fits."""
    name = _name(place.show)
    forms = (
        _("Show: {name} ›").format(name=name),
        _("{name} ›").format(name=name.capitalize()),
        _("Show ›"),
    )
    fitting = next((form for form in forms if len(form) <= limit), forms[-1])
    return button(fitting, ShowChoice(show=place.show, search=place.search).pack())


def show_screen(place: PostList) -> Screen:
    """Ask which posts the list shows."""
    shown = [one for one in Show if one is not Show.ALL or place.search]
    choices = [
        button(
            f"{_name(one).capitalize()}{' ✓' if one is place.show else ''}",
            PostList(search=place.search, show=one).pack(),
        )
        for one in shown
    ]
    return Screen(_("Which posts does the list show?"), in_pairs(choices), list_parent(place))


def search_question() -> Screen:
    return Screen(ask_search(), (), parent(Section.POSTS))
