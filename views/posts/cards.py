"""A post's card, its numbers, and the screens that remove it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from aiogram.types import CopyTextButton, InlineKeyboardButton

from core.posts import Post, PostStatus, Source
from core.settings import BotSettings
from core.statistics import Count
from core.statistics.periods import Figures
from views import amounts
from views.buttons import DANGER, PRIMARY, Row, button
from views.html import bare, cut, esc, isolate
from views.language import _, ngettext, pgettext
from views.navigation import OpenPublish
from views.posts.callbacks import PostAction, PostList
from views.posts.lists import list_parent
from views.posts.words import access_words, act, card_parent, deletion_of, options_parent, saving_of, titled, when
from views.screen_limits import WIDE_MAX
from views.screens import Screen
from views.times import date_in_words
from views.tries import tries

#: characters of a channel's name on a card
_CHANNEL_MAX = 40
#: and on the button that publishes in it
_BUTTON_CHANNEL_MAX = 28
#: places on the screen of numbers; more do not fit
PLACES_SHOWN = 7
#: characters of the name of a place
_PLACE_MAX = 30


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


def copy_link(link: str, text: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=text, copy_text=CopyTextButton(text=link))


def publish_button(post: Post, channel: str | None = None) -> InlineKeyboardButton:
    """Make the button that leads to publishing; it names a `channel` where there is only this one."""
    text = _("Publish")
    if channel is not None:
        words = _("Publish in {channel}")
        room = min(_BUTTON_CHANNEL_MAX, WIDE_MAX - len(words.format(channel="")))
        text = words.format(channel=cut(bare(channel).strip() or _("my channel"), room))
    return button(text, OpenPublish(code=post.code).pack(), style=PRIMARY)


def card(post: Post, facts: CardFacts, place: PostList) -> Screen:
    """Return everything about one post at a glance."""
    is_live = post.status is PostStatus.LIVE
    state = pgettext("a post", "live") if is_live else pgettext("a post", "removed")
    lines = [
        titled(post),
        _("{messages}, {state}").format(messages=amounts.messages(post.item_count), state=state),
        _opened(post),
        *_announced(facts),
        _("{auto_delete} · {saving} · access {access}").format(
            auto_delete=deletion_of(post, facts.settings),
            saving=saving_of(post, facts.settings),
            access=access_words(post.access),
        ),
    ]
    if is_live:
        lines.append(esc(facts.link))
    rows = _rows(post, facts.link, place) if is_live else _rows_of_removed(post, place)
    return Screen("\n".join(lines), rows, list_parent(place))


def _opened(post: Post) -> str:
    return _("Opened {opened}, delivered {delivered}").format(
        opened=f"{post.opened:,}", delivered=f"{post.delivered:,}"
    )


def _announced(facts: CardFacts) -> list[str]:
    published, planned = _("Announced: {channel}, {time}"), _("Scheduled: {channel}, {time}")
    lines = [
        _one_announced(words, one, facts)
        for words, one in ((published, facts.published), (planned, facts.planned))
        if one is not None
    ]
    return lines or [_("Not announced")]


def _one_announced(words: str, one: Announced, facts: CardFacts) -> str:
    line = words.format(channel=isolate(one.channel, _CHANNEL_MAX), time=when(one.at, facts.now, facts.zone))
    if not one.others:
        return line
    more = ngettext("{line}, and {count} more", "{line}, and {count} more", one.others)
    return more.format(line=line, count=one.others)


def _rows(post: Post, link: str, place: PostList) -> tuple[Row, ...]:
    def of(text: str, action: PostAction) -> InlineKeyboardButton:
        return act(text, action, post.code, place)

    return (
        [publish_button(post)],
        [copy_link(link, _("Copy link")), of(_("Preview"), PostAction.PREVIEW)],
        [
            of(pgettext("field of a post", "Title"), PostAction.TITLE),
            of(pgettext("field of a post", "Text"), PostAction.TEXT),
        ],
        [of(pgettext("field of a post", "Cover"), PostAction.COVER), of(_("Content"), PostAction.CONTENT)],
        [of(_("Options"), PostAction.OPTIONS), of(_("Numbers"), PostAction.NUMBERS)],
        [of(_("Remove"), PostAction.REMOVE)],
    )


def _rows_of_removed(post: Post, place: PostList) -> tuple[Row, ...]:
    return (
        [act(_("Restore"), PostAction.RESTORE, post.code, place, style=PRIMARY)],
        [
            act(_("Preview"), PostAction.PREVIEW, post.code, place),
            act(_("Numbers"), PostAction.NUMBERS, post.code, place),
        ],
        [act(_("Remove what stays"), PostAction.REMOVE, post.code, place)],
    )


def _what(announcements: int, copies: int) -> str:
    """Return `1 announcement and 38 copies`; "" for none of both."""
    if announcements and copies:
        return _("{announcements} and {copies}").format(
            announcements=amounts.announcements(announcements), copies=amounts.copies(copies)
        )
    return amounts.announcements(announcements) if announcements else amounts.copies(copies) if copies else ""


def confirm_remove(post: Post, place: PostList, *, announcements: int, copies: int, too_old: int) -> Screen:
    """Ask before a post is removed. `copies`: those subscribers have, of them `too_old` nobody can delete for them."""
    is_live = post.status is PostStatus.LIVE
    what = _what(announcements, copies)
    if is_live and what:
        words = ngettext(
            "Remove post {number}? Its link stops at once; {what} stays.",
            "Remove post {number}? Its link stops at once; {what} stay.",
            announcements + copies,
        )
    elif is_live:
        words = _("Remove post {number}? Its link stops at once.")
    elif what:
        words = ngettext("It is removed; {what} stays.", "It is removed; {what} stay.", announcements + copies)
    else:
        words = _("It is removed; nothing of it stays.")
    lines = [titled(post), words.format(number=post.number, what=what)]
    if too_old:
        lines.append(too_old_copies(too_old))
    yes = act(_("Remove"), PostAction.REMOVE_CONFIRMED, post.code, place, style=DANGER)
    down = act(_("Take down everywhere"), PostAction.TAKE_DOWN, post.code, place, style=DANGER)
    return Screen("\n".join(lines), ([yes] if is_live else [], [down] if what else []), card_parent(post, place))


def too_old_copies(number: int) -> str:
    return ngettext(
        "{count} copy is older than 48 hours: only the subscribers can delete them.",
        "{count} copies are older than 48 hours: only the subscribers can delete them.",
        number,
    ).format(count=f"{number:,}")


def removed_note(post: Post) -> str:
    return _("Post {number} is removed: its link opens nothing.").format(number=post.number)


def taken_down_note(post: Post, *, announcements: int, copies: int, too_old: int) -> str:
    """Say what is being taken away; it takes up to a minute."""
    sentences = [_("Post {number} is taken down everywhere.").format(number=post.number)]
    what = _what(announcements, copies)
    if what:
        sentences.append(ngettext("{what} goes now.", "{what} go now.", announcements + copies).format(what=what))
    if too_old:
        sentences.append(too_old_copies(too_old))
    return " ".join(sentences)


def numbers(post: Post, place: PostList, figures: Figures, names: Mapping[str, str], zone: ZoneInfo) -> Screen:
    """Return how often a post was opened and from where, and how far those came who tried to get it.

    `names`: of places that are channels and broadcasts.
    """
    lines = [titled(post), _opened(post)]
    if figures.of(Count.TRIES):
        lines.append(tries(figures))
    if post.opened_since is not None:
        lines.append(
            _("Openings are counted since {date}.").format(date=date_in_words(post.opened_since.astimezone(zone)))
        )
    places = shown_places(post)
    lines += [_place(one, names) for one in places]
    more = len(post.sources) - PLACES_SHOWN
    if more > 0:
        lines.append(ngettext("and {count} more place", "and {count} more places", more).format(count=more))
    if not places:
        lines.append(_("Each place with a link of its own is counted here."))
    rows: tuple[Row, ...] = ([act(_("Link for a place"), PostAction.PLACE, post.code, place)],)
    return Screen("\n".join(lines), rows, card_parent(post, place))


def shown_places(post: Post) -> list[Source]:
    """Return the places that Numbers shows, those opened most first."""
    return sorted(post.sources, key=lambda one: -one.opened)[:PLACES_SHOWN]


def _place(one: Source, names: Mapping[str, str]) -> str:
    name = isolate(names.get(one.name, one.name), _PLACE_MAX)
    return _("{name}: opened {count}").format(name=name, count=f"{one.opened:,}")


def place_link(post: Post, name: str, link: str, place: PostList) -> Screen:
    """Show the link for one place."""
    text = _("The link of post {number} for {place}:\n{link}\nNumbers counts who opens it.").format(
        number=post.number, place=esc(name), link=esc(link)
    )
    return Screen(text, ([copy_link(link, _("Copy"))],), options_parent(post, place))


def places_full(post: Post, most: int, place: PostList) -> Screen:
    text = _("Post {number} has links for {most} places, and that is the most. Use one of them again.")
    return Screen(text.format(number=post.number, most=most), (), options_parent(post, place))
