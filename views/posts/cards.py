"""A post's card, its numbers, and the screens that remove it."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from aiogram.types import CopyTextButton, InlineKeyboardButton

from core.posts import Post, PostStatus
from core.settings import BotSettings
from views.buttons import DANGER, PRIMARY, Row, button
from views.html import bare, cut, esc, isolate
from views.navigation import OpenPublish
from views.posts.callbacks import PostAction, PostList
from views.posts.lists import list_parent
from views.posts.words import ACCESS_WORDS, act, card_parent, deletion_of, options_parent, saving_of, titled, when
from views.quantities import counted
from views.screens import Screen

#: characters of a channel's name on a card
_CHANNEL_MAX = 40
#: and on the button that publishes in it
_BUTTON_CHANNEL_MAX = 28
#: places on the screen of numbers; more do not fit
PLACES_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Announced:
    """An announcement as a card shows it: the one published last, or the one that comes next."""

    channel: str
    at: datetime
    #: further ones beside it
    others: int = 0


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a card shows besides the post itself."""

    link: str
    settings: BotSettings
    now: datetime
    zone: ZoneInfo
    published: Announced | None = None
    planned: Announced | None = None


def copy_link(link: str, text: str = "Copy link") -> InlineKeyboardButton:
    return InlineKeyboardButton(text=text, copy_text=CopyTextButton(text=link))


def publish_button(post: Post, channel: str | None = None) -> InlineKeyboardButton:
    """Make the button that leads to publishing; it names a `channel` where there is only this one."""
    where = "" if channel is None else f" in {cut(bare(channel).strip() or 'my channel', _BUTTON_CHANNEL_MAX)}"
    return button(f"Publish{where}", OpenPublish(code=post.code).pack(), style=PRIMARY)


def card(post: Post, facts: CardFacts, place: PostList) -> Screen:
    """Return everything about one post at a glance."""
    is_live = post.status is PostStatus.LIVE
    lines = [
        titled(post),
        f"{counted(post.item_count, 'message')}, {post.status}",
        f"Opened {post.views:,}, delivered {post.delivered:,}",
        *_announced(facts),
        f"{deletion_of(post, facts.settings)} · {saving_of(post, facts.settings)} · access {ACCESS_WORDS[post.access]}",
    ]
    if is_live:
        lines.append(esc(facts.link))
    rows = _rows(post, facts.link, place) if is_live else _rows_of_removed(post, place)
    return Screen("\n".join(lines), rows, list_parent(place))


def _announced(facts: CardFacts) -> list[str]:
    lines = []
    for word, one in (("Announced", facts.published), ("Scheduled", facts.planned)):
        if one is not None:
            more = f", and {one.others} more" if one.others else ""
            lines.append(f"{word}: {isolate(one.channel, _CHANNEL_MAX)}, {when(one.at, facts.now, facts.zone)}{more}")
    return lines or ["Not announced"]


def _rows(post: Post, link: str, place: PostList) -> tuple[Row, ...]:
    def of(text: str, action: PostAction) -> InlineKeyboardButton:
        return act(text, action, post.code, place)

    return (
        [publish_button(post)],
        [copy_link(link), of("Preview", PostAction.PREVIEW)],
        [of("Title", PostAction.TITLE), of("Text", PostAction.TEXT)],
        [of("Cover", PostAction.COVER), of("Content", PostAction.CONTENT)],
        [of("Options", PostAction.OPTIONS), of("Numbers", PostAction.NUMBERS)],
        [of("Remove", PostAction.REMOVE)],
    )


def _rows_of_removed(post: Post, place: PostList) -> tuple[Row, ...]:
    return (
        [act("Restore", PostAction.RESTORE, post.code, place, style=PRIMARY)],
        [
            act("Preview", PostAction.PREVIEW, post.code, place),
            act("Numbers", PostAction.NUMBERS, post.code, place),
        ],
        [act("Remove what stays", PostAction.REMOVE, post.code, place)],
    )


def _stays(announcements: int, copies: int) -> str:
    """Return `1 announcement and 38 copies stay`; "" when nothing does."""
    parts = [
        f"{number:,} {one if number == 1 else many}"
        for number, one, many in (
            (announcements, "announcement", "announcements"),
            (copies, "copy", "copies"),
        )
        if number
    ]
    return f"{' and '.join(parts)} {'stays' if announcements + copies == 1 else 'stay'}" if parts else ""


def confirm_remove(post: Post, place: PostList, *, announcements: int, copies: int, too_old: int) -> Screen:
    """Ask before a post is removed. `copies`: those subscribers have, of them `too_old` nobody can delete for them."""
    is_live = post.status is PostStatus.LIVE
    stays = _stays(announcements, copies)
    if is_live:
        head = f"Remove post {post.number}? Its link stops at once"
        lines = [titled(post), f"{head}; {stays}." if stays else f"{head}."]
    else:
        lines = [titled(post), f"It is removed; {stays or 'nothing of it stays'}."]
    if too_old:
        lines.append(f"{counted_copies(too_old)} older than 48 hours: only the subscribers can delete them.")
    buttons = [act("Remove", PostAction.REMOVE_CONFIRMED, post.code, place, style=DANGER)] if is_live else []
    down = act("Take down everywhere", PostAction.TAKE_DOWN, post.code, place, style=DANGER)
    return Screen("\n".join(lines), (buttons, [down] if stays else []), card_parent(post, place))


def counted_copies(number: int) -> str:
    return "1 copy is" if number == 1 else f"{number:,} copies are"


def removed_note(post: Post) -> str:
    return f"Post {post.number} is removed: its link opens nothing."


def taken_down_note(post: Post, *, announcements: int, copies: int, too_old: int) -> str:
    """Say what is being taken away; it takes up to a minute."""
    away = _stays(announcements, copies)
    gone = (
        f" {away.rpartition(' ')[0].capitalize()} {'goes' if announcements + copies == 1 else 'go'} now."
        if away
        else ""
    )
    old = f" {counted_copies(too_old)} older than 48 hours: only the subscribers can delete them." if too_old else ""
    return f"Post {post.number} is taken down everywhere.{gone}{old}"


def numbers(post: Post, place: PostList) -> Screen:
    """Return how often a post was opened and delivered, and from where."""
    lines = [f"{titled(post)}", f"Opened {post.views:,}, delivered {post.delivered:,}"]
    places = sorted(post.sources, key=lambda one: -one.opened)
    lines += [f"{esc(one.name)}: opened {one.opened:,}" for one in places[:PLACES_SHOWN]]
    if len(places) > PLACES_SHOWN:
        lines.append(f"and {len(places) - PLACES_SHOWN} more places")
    if not places:
        lines.append("Each place with a link of its own is counted here.")
    rows: tuple[Row, ...] = ([act("Link for a place", PostAction.PLACE, post.code, place)],)
    return Screen("\n".join(lines), rows, card_parent(post, place))


def place_link(post: Post, name: str, link: str, place: PostList) -> Screen:
    """Show the link for one place."""
    text = f"The link of post {post.number} for {esc(name)}:\n{esc(link)}\nNumbers counts who opens it."
    return Screen(text, ([copy_link(link, "Copy")],), options_parent(post, place))


def places_full(post: Post, most: int, place: PostList) -> Screen:
    text = f"Post {post.number} has links for {most} places, and that is the most. Use one of them again."
    return Screen(text, (), options_parent(post, place))
