"""The list of posts, the choice of which it shows, and its search."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardButton

from core.posts import Post, PostStatus
from views.buttons import Row, button
from views.html import isolate
from views.navigation import MENU, NAMES, Section, parent
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
_SHOW_NAMES = {
    Show.LIVE: "live",
    Show.SCHEDULED: "scheduled",
    Show.NOT_ANNOUNCED: "not announced",
    Show.REMOVED: "removed",
    Show.IMPORTED: "imported",
    Show.ALL: "all",
}
_EMPTY = {
    Show.LIVE: "No posts yet. Send me anything and it becomes the first.",
    Show.SCHEDULED: "No post is scheduled. Open a post, Publish, When.",
    Show.NOT_ANNOUNCED: "Every live post is announced. Send me anything to make another one.",
    Show.REMOVED: "No post is removed. “Remove” on a card closes the post's link.",
    Show.IMPORTED: "No post came from another bot's link.",
    Show.ALL: "No posts yet. Send me anything and it becomes the first.",
}
ASK_SEARCH = "Send words from the title or text, a number, or the post's link."
SEARCH_EXPECTED = f"That is no text. {ASK_SEARCH} For example: spring album"
_NO_PAGE = "This page is empty now."
SEARCH_GONE = "I do not remember that search any more. These are all live posts."


def list_parent(place: PostList) -> Parent:
    """Return this place in the list as the parent of a screen."""
    if place == PostList():
        return parent(Section.POSTS)
    return Parent(NAMES[Section.POSTS], place.pack())


def list_screen(posts: Sequence[Post], place: PostList, *, more: bool, search: str | None) -> Screen:
    """Return one page of the list. `more`: whether posts follow; `search`: as typed, None for none."""
    entries: list[Row] = [[_entry(post, place)] for post in posts]
    text = _text(posts, place, search)
    return Screen(text, (*entries, *_below(len(entries), place, more=more)), MENU)


def _text(posts: Sequence[Post], place: PostList, search: str | None) -> str:
    if search is not None and not posts and not place.page:
        return f"Nothing has “{isolate(search, _SEARCH_SHOWN)}”."
    which = f" with “{isolate(search, _SEARCH_SHOWN)}”" if search is not None else ""
    kind = "" if place.show in {Show.LIVE, Show.ALL} else f", {_SHOW_NAMES[place.show]}"
    head = f"<b>Posts</b>{which}{kind}, newest first"
    if posts:
        return f"{head} · page {place.page + 1}" if place.page else head
    return _NO_PAGE if place.page else _EMPTY[place.show]


def _entry(post: Post, place: PostList) -> InlineKeyboardButton:
    before = f"{post.number} · "
    is_marked = post.status is PostStatus.REMOVED and place.show is not Show.REMOVED
    behind = " · removed" if is_marked else f" · {post.delivered:,}"
    title = label_name(post.title, WIDE_MAX - len(before) - len(behind))
    return act(f"{before}{title}{behind}", PostAction.CARD, post.code, place)


def _below(entries: int, place: PostList, *, more: bool) -> list[Row]:
    """The pages, and what else the list offers: one row where eight rows would not do for two."""
    newer = [_page(place, place.page - 1, f"{BACK} Newer")] if place.page else []
    older = [_page(place, place.page + 1, "Older ›")] if more else []
    search = button("Search", AskSearch().pack())
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
    name = _SHOW_NAMES[place.show]
    forms = (f"Show: {name} ›", f"{name.capitalize()} ›", "Show ›")
    fitting = next(form for form in forms if len(form) <= limit)
    return button(fitting, ShowChoice(show=place.show, search=place.search).pack())


def show_screen(place: PostList) -> Screen:
    """Ask which posts the list shows."""
    shown = [one for one in Show if one is not Show.ALL or place.search]
    choices = [
        button(
            f"{_SHOW_NAMES[one].capitalize()}{' ✓' if one is place.show else ''}",
            PostList(search=place.search, show=one).pack(),
        )
        for one in shown
    ]
    return Screen("Which posts does the list show?", in_pairs(choices), list_parent(place))


def search_question() -> Screen:
    return Screen(ASK_SEARCH, (), parent(Section.POSTS))
