"""The list of subscribers, the choice of whom it shows, the search and Telegram's own choice of people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from aiogram.types import (
    InlineKeyboardButton,
    KeyboardButton,
    KeyboardButtonRequestUsers,
    ReplyKeyboardMarkup,
)

from core.users import User
from views.buttons import Row, button
from views.html import isolate
from views.language import _, ngettext, pgettext
from views.navigation import MENU, Section, name_of, parent
from views.people.callbacks import (
    PAGE_MAX,
    AskPerson,
    AskSource,
    ChooseShown,
    OpenGift,
    PeopleList,
    PickPeople,
    Show,
    SubscriberAction,
)
from views.people.words import act, button_name, day_in_short
from views.screen_limits import HALF_MAX, WIDE_MAX
from views.screens import BACK, Parent, Screen, in_pairs

#: subscribers on one page
PAGE = 6
#: entries beside which there is room for two rows more
_ROOMY = 5
#: identifies the answer to Telegram's choice of people
PEOPLE_REQUEST_ID = 21
#: the most people one can choose there (Bot API)
PICKED_MAX = 10
#: characters of a search, and of a source or username on a button
_SEARCH_SHOWN, _USERNAME_SHOWN = 40, 14


@dataclass(frozen=True, slots=True)
class Totals:
    """How many subscribers there are, and how many of them can be reached."""

    subscribers: int
    reached: int


def show_name(show: Show) -> str:
    """Return what the list shows, as its button says it."""
    names = {
        Show.ALL: pgettext("which subscribers", "all"),
        Show.NEW: _("new, 7 days"),
        Show.ACTIVE: _("active, 7 days"),
        Show.WITH_PASS: _("with pass"),
        Show.SOURCE: _("by source"),
        Show.BANNED: pgettext("which subscribers", "banned"),
        Show.BLOCKED: _("blocked me"),
        Show.FOUND: pgettext("which subscribers", "found"),
    }
    return names[show]


def list_parent(place: PeopleList) -> Parent:
    """Return this place in the list as the parent of a screen."""
    if place == PeopleList():
        return parent(Section.SUBSCRIBERS)
    return Parent(name_of(Section.SUBSCRIBERS), place.pack())


def list_screen(
    users: Sequence[User],
    place: PeopleList,
    totals: Totals,
    now: datetime,
    zone: ZoneInfo,
    *,
    more: bool,
) -> Screen:
    """Return one page of the list. `more`: whether subscribers follow."""
    rows: list[Row] = [[_entry(user, place, now, zone)] for user in users]
    return Screen(_text(users, place, totals), (*rows, *_below(len(rows), place, more=more)), MENU)


def found_screen(
    users: Sequence[User], place: PeopleList, search: str, username: str, now: datetime, zone: ZoneInfo, *, more: bool
) -> Screen:
    """Return one page of what a search found; `search`: as typed."""
    rows: list[Row] = [[_entry(user, place, now, zone)] for user in users]
    return Screen(_found(users, place, search, username), (*rows, *_below(len(rows), place, more=more)), MENU)


def _text(users: Sequence[User], place: PeopleList, totals: Totals) -> str:
    head = _("<b>Subscribers</b> {total} · can be reached {reached}").format(
        total=f"{totals.subscribers:,}", reached=f"{totals.reached:,}"
    )
    lines = [head]
    if place.show is Show.SOURCE:
        lines.append(_("From the source {source}, newest first").format(source=isolate(place.key)))
    elif place.show is not Show.ALL:
        lines.append(_kind(place.show))
    if place.page:
        lines.append(_("Page {page}").format(page=place.page + 1))
    if not users:
        lines += ["", _empty(place)]
    return "\n".join(lines)


def _kind(show: Show) -> str:
    texts = {
        Show.NEW: _("Came in the last 7 days, newest first"),
        Show.ACTIVE: _("Seen in the last 7 days, newest first"),
        Show.WITH_PASS: _("With a pass, the longest first"),
        Show.BANNED: _("Banned, newest subscribers first"),
        Show.BLOCKED: _("Have blocked the bot, latest first"),
    }
    return texts.get(show, "")


def _empty(place: PeopleList) -> str:
    if place.page:
        return _("This page is empty now.")
    if place.show is Show.ALL:
        return _("Nobody yet. Subscribers appear when they open a link.")
    return _("Nobody at the moment.")


def _found(users: Sequence[User], place: PeopleList, search: str, username: str) -> str:
    typed = isolate(search, _SEARCH_SHOWN)
    if not users and not place.page:
        return _("Nobody who opened @{bot} matches “{search}”.").format(bot=username, search=typed)
    if not users:
        return _("This page is empty now.")
    return _("<b>Subscribers</b> with “{search}”").format(search=typed)


def _entry(user: User, place: PeopleList, now: datetime, zone: ZoneInfo) -> InlineKeyboardButton:
    """`Alice Green · @alice · today`: the day is whole, the name and the username as much as fits."""
    day = day_in_short(user.last_seen_at, now, zone)
    username = user.username or ""
    shown = f"@{username[: _USERNAME_SHOWN - 1]}…" if len(username) > _USERNAME_SHOWN else f"@{username}"
    behind = f" · {shown} · {day}" if username else f" · {day}"
    name = button_name(user.full_name, WIDE_MAX - len(behind))
    return act(f"{name}{behind}", SubscriberAction.SHOW, user.user_id, place)


def _below(entries: int, place: PeopleList, *, more: bool) -> list[Row]:
    """The pages and the ways to find somebody: one row where eight rows would not do for two.

    What has no room there is on the screen behind `Show`.
    """
    newer = [button(_("{arrow} Newer").format(arrow=BACK), _page(place, -1))] if place.page else []
    older = [button(_("Older ›"), _page(place, 1))] if more and place.page < PAGE_MAX else []
    search = button(_("Search"), AskPerson().pack())
    if newer or older or entries > _ROOMY:
        short = button(_("Show ›"), ChooseShown().pack())
        return [[*newer, short, *([] if newer and older else [search]), *older]]
    return [[_choice(place), _gift_button()], [search, _pick_button()]]


def _choice(place: PeopleList) -> InlineKeyboardButton:
    """`Show: all ›`, as much of it as fits."""
    name = show_name(place.show)
    forms = (_("Show: {name} ›").format(name=name), _("{name} ›").format(name=_capital(name)), _("Show ›"))
    return button(next(form for form in forms if len(form) <= HALF_MAX), ChooseShown().pack())


def _gift_button() -> InlineKeyboardButton:
    return button(_("Gift link"), OpenGift().pack())


def _pick_button() -> InlineKeyboardButton:
    return button(_("Pick in Telegram"), PickPeople().pack())


def _page(place: PeopleList, step: int) -> str:
    return place.model_copy(update={"page": place.page + step}).pack()


def show_screen() -> Screen:
    """Ask whom the list shows."""
    shown = [one for one in Show if one not in (Show.SOURCE, Show.FOUND)]
    choices = [button(_capital(show_name(one)), PeopleList(show=one).pack()) for one in shown]
    rows = in_pairs([*choices, button(_capital(show_name(Show.SOURCE)), AskSource().pack())])
    find: Row = [button(_("Search"), AskPerson().pack()), _pick_button()]
    return Screen(_("Whom does the list show?"), (*rows, find, [_gift_button()]), parent(Section.SUBSCRIBERS))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def ask_person() -> Screen:
    return Screen(person_expected(), (), parent(Section.SUBSCRIBERS))


def person_expected() -> str:
    return _("Send a name, @username or id, or forward a message.")


def person_not_text() -> str:
    """Answer anything that is neither text nor forwarded."""
    return _("That is no name. {expected} For example: @alice").format(expected=person_expected())


def account_hidden() -> str:
    return _(
        "The person who wrote that hides the account when messages are forwarded, so I cannot tell who it is. "
        "Send a name, @username or id."
    )


def not_a_person() -> str:
    return _("That was not written by a person. Send a name, @username or id, or forward a person's message.")


def ask_source() -> Screen:
    text = _(
        "Send the source: what stands after -s_ in the link people first came through. Letters and digits, at most "
        "24; small and large letters differ. For example: insta"
    )
    return Screen(text, (), parent(Section.SUBSCRIBERS))


def source_expected() -> str:
    return _("A source is 1 to 24 letters and digits. Send it like insta.")


def search_gone() -> str:
    return _("I do not remember that search any more. These are all subscribers.")


# Telegram's own choice of people


def pick_keyboard() -> ReplyKeyboardMarkup:
    """Show Telegram's choice of people, with their names and usernames."""
    request = KeyboardButtonRequestUsers(
        request_id=PEOPLE_REQUEST_ID,
        user_is_bot=False,
        max_quantity=PICKED_MAX,
        request_name=True,
        request_username=True,
    )
    return ReplyKeyboardMarkup(
        keyboard=[[KeyboardButton(text=_("Choose people"), request_users=request)]],
        resize_keyboard=True,
        one_time_keyboard=True,
    )


def pick_here() -> str:
    return _("Press “Choose people” below and choose up to {count}.").format(count=PICKED_MAX)


def picked(count: int) -> str:
    return ngettext("{count} person chosen.", "{count} people chosen.", count).format(count=count)


def picked_screen(names: Sequence[tuple[int, str]], unknown: Sequence[str], username: str) -> Screen:
    """Show several who were chosen: a button for each. `unknown`: names of those who have not opened the user bot."""
    buttons = [act(button_name(name, 20), SubscriberAction.SHOW, user_id, PeopleList()) for user_id, name in names]
    text = _("Whom do you mean?")
    if unknown:
        some = ", ".join(isolate(name, 16) for name in unknown)
        text = _("Whom do you mean?\nNot yet in @{bot}: {names}.").format(bot=username, names=some)
    return Screen(text, in_pairs(buttons), parent(Section.SUBSCRIBERS))
