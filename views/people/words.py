"""Words about subscribers that several of their screens use."""

import unicodedata
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardButton
from babel.dates import format_date, format_skeleton

from core.access import has_pass
from core.templates import is_visible
from core.users import NAME_MAX, User
from views.buttons import button
from views.html import bare, cut, isolate
from views.language import _, ngettext, spoken
from views.people.callbacks import PeopleList, SubscriberAction, SubscriberButton
from views.screens import Parent
from views.times import in_client_zone

_ISOLATE, _END = "\u2068", "\u2069"
_RIGHT_TO_LEFT = frozenset({"R", "AL"})
#: the longest name in a sentence
NAME_SHOWN = 64
#: characters of a name on a button that says what it does
_ON_BUTTON = 12


def act(
    text: str,
    action: SubscriberAction,
    user_id: int,
    place: PeopleList,
    value: int = 0,
    *,
    style: str | None = None,
) -> InlineKeyboardButton:
    """Make a button that does something with a subscriber."""
    return button(text, act_data(action, user_id, place, value), style=style)


def act_data(action: SubscriberAction, user_id: int, place: PeopleList, value: int = 0) -> str:
    made = SubscriberButton(act=action, user_id=user_id, value=value, page=place.page, show=place.show, key=place.key)
    return made.pack()


def card_parent(user: User, place: PeopleList) -> Parent:
    """Return a subscriber's card as the parent of a screen."""
    return Parent(button_name(user.first_name, _ON_BUTTON), act_data(SubscriberAction.SHOW, user.user_id, place))


def name_of(first_name: str) -> str:
    """Return a name as HTML; `Somebody` for one without visible characters."""
    return isolate(first_name, NAME_SHOWN) if is_visible(first_name) else _("Somebody")


def name_and_id(user: User) -> str:
    """Return name and id as HTML."""
    name = isolate(user.full_name, NAME_MAX) if is_visible(user.full_name) else _("Somebody")
    return f"{name} (<code>{user.user_id}</code>)"


def button_name(first_name: str, limit: int = _ON_BUTTON) -> str:
    """Return a name for a button: cut, with its direction isolated where it is right-to-left."""
    plain = bare(first_name).strip() if is_visible(first_name) else _("Somebody")
    if not any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in plain):
        return cut(plain, limit)
    return f"{_ISOLATE}{cut(plain, limit - 2)}{_END}"


def day_in_short(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Return `today`, `yesterday`, `3 March` or `May 2025`; plain text."""
    day, today = moment.astimezone(zone).date(), now.astimezone(zone).date()
    if day >= today:
        return _("today")
    if day == today - timedelta(days=1):
        return _("yesterday")
    # day before month, also in English
    form = "MMMMd" if (today - day).days < 365 else "yMMMM"
    return format_skeleton(form, day, locale=_locale())


def _locale() -> str:
    return "en_GB" if spoken() == "en" else spoken()


def date_of(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Return a day as HTML, as the client shows dates where it can."""
    words = format_date(moment.astimezone(zone), "long", locale=_locale())
    if abs(moment - now) > timedelta(days=1000):
        # Telegram refuses a message with a time more than three years ahead
        return words
    return in_client_zone(moment, "D", words)


def credits_words(count: int) -> str:
    """Return `1 credit`, `1,234 credits`."""
    return ngettext("{count} credit", "{count} credits", count).format(count=f"{count:,}")


def days_words(count: int) -> str:
    """Return `1 day`, `7 days`."""
    return ngettext("{count} day", "{count} days", count).format(count=f"{count:,}")


def gift_words(credits: int, days: int) -> str:
    """Return what a gift gives: `10 credits`, or `a pass for 7 days`."""
    if credits:
        return credits_words(credits)
    return ngettext("a pass for {count} day", "a pass for {count} days", days).format(count=f"{days:,}")


def pass_words(user: User, now: datetime, zone: ZoneInfo) -> str:
    """Return `pass until 4 May`, `pass ended 4 May` or `no pass`; HTML."""
    if user.pass_until is None:
        return _("no pass")
    date = date_of(user.pass_until, now, zone)
    return (_("pass until {date}") if has_pass(user, now) else _("pass ended {date}")).format(date=date)
