"""A subscriber's card, and the screens of credits, pass and history behind it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardButton

from core.access import has_pass
from core.people.history import Event, Happened
from core.people.standing import Standing
from core.settings import AccessMode, BotSettings
from core.users import User, is_banned
from views.buttons import Row, button
from views.html import bare, esc, isolate
from views.language import _, ngettext, pgettext
from views.navigation import Section, parent
from views.people.callbacks import OpenGift, PeopleList, SubscriberAction
from views.people.lists import list_parent
from views.people.words import (
    act,
    button_name,
    card_parent,
    credits_words,
    date_of,
    day_in_short,
    days_words,
    name_of,
    pass_words,
)
from views.screens import Screen
from views.times import clock_time

#: what the buttons add
CREDITS_STEPS = (1, 5, 10, 50)
DAYS_CHOICES = (1, 7, 30)
#: characters of a reason on the card, and of a title in the history
_REASON_SHOWN, _TITLE_SHOWN = 100, 40


# the card


def card(user: User, standing: Standing, place: PeopleList, bot: str, now: datetime, zone: ZoneInfo) -> Screen:
    """Return everything there is to see of somebody who has opened the user bot; `bot`: its username."""
    lines = [
        _heading(user),
        _since(user, now, zone),
        f"{credits_words(user.credits)} · {pass_words(user, now, zone)}",
        _done(user, standing),
        _channels(user, standing),
        *_trouble(user, bot, now, zone),
    ]
    banned = is_banned(user, now)
    last = _ban_row(user, place, banned=banned) if banned or standing.may_ban else []
    user_id = user.user_id
    rows: tuple[Row, ...] = (
        [
            act(_("Credits"), SubscriberAction.CREDITS, user_id, place),
            act(_("Pass"), SubscriberAction.PASS, user_id, place),
        ],
        [
            act(_("Message"), SubscriberAction.MESSAGE, user_id, place),
            act(_("History"), SubscriberAction.HISTORY, user_id, place),
        ],
        last,
    )
    return Screen("\n".join(line for line in lines if line), rows, list_parent(place))


def _ban_row(user: User, place: PeopleList, *, banned: bool) -> Row:
    if banned:
        return [act(_("Unban"), SubscriberAction.UNBAN, user.user_id, place)]
    return [act(_("Ban"), SubscriberAction.BAN, user.user_id, place)]


def _heading(user: User) -> str:
    username = f" · @{esc(user.username)}" if user.username else ""
    return f"<b>{name_of(user.full_name)}</b>{username} · <code>{user.user_id}</code>"


def _since(user: User, now: datetime, zone: ZoneInfo) -> str:
    if user.imported_at is not None and user.last_seen_at < user.imported_at:
        return _("Imported {day}, not seen here yet").format(day=date_of(user.imported_at, now, zone))
    since, seen = date_of(user.joined_at, now, zone), day_in_short(user.last_seen_at, now, zone)
    if user.source:
        text = _("Since {since}, from {source}, seen {seen}")
        return text.format(since=since, source=isolate(user.source), seen=seen)
    return _("Since {since}, seen {seen}").format(since=since, seen=seen)


def _done(user: User, standing: Standing) -> str:
    got = ngettext("Got {count} post in {days}", "Got {count} posts in {days}", standing.received)
    unlocked = ngettext("unlocked {count} time", "unlocked {count} times", user.unlocks)
    return _("{got}, {unlocked}").format(
        got=got.format(count=f"{standing.received:,}", days=days_words(standing.kept_days)),
        unlocked=unlocked.format(count=f"{user.unlocks:,}"),
    )


def _channels(user: User, standing: Standing) -> str:
    news = _("news on") if user.news_stopped_at is None else _("news off")
    if not standing.channels:
        return _("No required channels · {news}").format(news=news)
    text = _("Required channels: {joined} of {all} · {news}")
    return text.format(joined=standing.joined, all=standing.channels, news=news)


def _trouble(user: User, bot: str, now: datetime, zone: ZoneInfo) -> list[str]:
    lines = []
    if is_banned(user, now):
        lines.append(_ban_words(user, now, zone))
        if user.ban_reason:
            lines.append(_("Reason: {reason}").format(reason=isolate(user.ban_reason, _REASON_SHOWN)))
    if user.deactivated_at:
        lines.append(_("The account is deleted."))
    elif user.blocked_at:
        since = date_of(user.blocked_at, now, zone)
        lines.append(_("Has blocked @{bot} since {since}").format(bot=bot, since=since))
    return lines


def _ban_words(user: User, now: datetime, zone: ZoneInfo) -> str:
    if user.banned_until is None:
        return _("<b>Banned</b> for ever")
    return _("<b>Banned</b> until {date}").format(date=date_of(user.banned_until, now, zone))


def stranger(user_id: int, name: str, bot: str, user: User | None, now: datetime, *, may_ban: bool) -> Screen:
    """Show somebody who has not opened the user bot. `user`: the record of an earlier ban."""
    place = PeopleList()
    named = isolate(name, 64) if bare(name).strip() else f"<code>{user_id}</code>"
    text = _("{name} has not opened @{bot} yet, so nothing can be given or sent.").format(name=named, bot=bot)
    banned = user is not None and is_banned(user, now)
    ban = (
        [act(_("Unban"), SubscriberAction.UNBAN, user_id, place)]
        if banned
        else [act(_("Ban"), SubscriberAction.BAN, user_id, place)]
        if may_ban
        else []
    )
    lines = [text, _("Banned: {name} is kept out from the first visit on.").format(name=named)] if banned else [text]
    rows: tuple[Row, ...] = ([button(_("Gift link"), OpenGift().pack()), *ban],)
    return Screen("\n".join(lines), rows, parent(Section.SUBSCRIBERS))


# credits and the pass


def credits_screen(user: User, settings: BotSettings, place: PeopleList) -> Screen:
    """Give and take credits."""
    steps = [act(f"+{step}", SubscriberAction.GIVE, user.user_id, place, step) for step in CREDITS_STEPS]
    other = act(_("Other"), SubscriberAction.ASK_CREDITS, user.user_id, place)
    text = "\n".join([credits_now(user), _("A credit opens one post."), *without_effect(settings)])
    return Screen(text, (steps, [other]), card_parent(user, place))


def credits_now(user: User) -> str:
    """Return `Alice has 19 credits.`; HTML."""
    text = ngettext("{name} has {count} credit.", "{name} has {count} credits.", user.credits)
    return text.format(name=name_of(user.first_name), count=f"{user.credits:,}")


def pass_screen(user: User, settings: BotSettings, place: PeopleList, now: datetime, zone: ZoneInfo) -> Screen:
    """Prolong and end the pass."""
    days = [act(days_words(one), SubscriberAction.DAYS, user.user_id, place, one) for one in DAYS_CHOICES]
    last = [act(_("Other"), SubscriberAction.ASK_DAYS, user.user_id, place)]
    if has_pass(user, now):
        last.append(act(pgettext("end a pass", "End"), SubscriberAction.END_PASS, user.user_id, place))
    lines = [pass_now(user, now, zone), _("A pass opens every post until then."), *without_effect(settings)]
    return Screen("\n".join(lines), (days, last), card_parent(user, place))


def pass_now(user: User, now: datetime, zone: ZoneInfo) -> str:
    """Return `Alice has a pass until 4 May.`; HTML."""
    name = name_of(user.first_name)
    if user.pass_until is None or not has_pass(user, now):
        return _("{name} has no pass.").format(name=name)
    return _("{name} has a pass until {date}.").format(name=name, date=date_of(user.pass_until, now, zone))


def without_effect(settings: BotSettings) -> list[str]:
    """Say that a grant changes nothing yet, where posts are open to everybody."""
    if settings.access_mode is not AccessMode.OPEN:
        return []
    return [_("Posts are open to everybody at the moment: it counts once you change “Who gets posts” in the settings.")]


def tell_button(user: User, place: PeopleList, nonce: int, *, is_pass: bool) -> InlineKeyboardButton:
    """Offer that the user bot tells the subscriber; `nonce`: a number of this offer alone."""
    action = SubscriberAction.TELL_PASS if is_pass else SubscriberAction.TELL_CREDITS
    text = _("Tell {name}").format(name=button_name(user.first_name))
    return act(text, action, user.user_id, place, nonce)


def ask_credits(user: User, place: PeopleList) -> Screen:
    text = _("How many credits more or fewer for {name}? Send a number, like 25 or -5.")
    return Screen(text.format(name=name_of(user.first_name)), (), card_parent(user, place))


def credits_expected() -> str:
    return _("Send a whole number of credits, like 25 or -5; at most 100,000.")


def ask_days(user: User, place: PeopleList) -> Screen:
    text = _("How much longer is {name}'s pass? Send days, like 14, or a time, like 12h.")
    return Screen(text.format(name=name_of(user.first_name)), (), card_parent(user, place))


def days_expected() -> str:
    return _("Send a number of days, like 14, or a time, like 12h or 2 weeks; at most 3650 days.")


# history


def history(
    user: User,
    events: Sequence[Event],
    titles: Mapping[str, str],
    place: PeopleList,
    now: datetime,
    zone: ZoneInfo,
) -> Screen:
    """Show what happened to a subscriber, the latest first; `titles`: of posts, by code."""
    head = _("<b>History</b> of {name}").format(name=name_of(user.first_name))
    if not events:
        nothing = _("Nothing is stored.")
        return Screen(f"{head}\n\n{nothing}", (), card_parent(user, place))
    lines = [_event(event, titles, now, zone) for event in events]
    quote = "\n".join(lines)
    return Screen(f"{head}\n<blockquote expandable>{quote}</blockquote>", (), card_parent(user, place))


def _event(event: Event, titles: Mapping[str, str], now: datetime, zone: ZoneInfo) -> str:
    day = day_in_short(event.at, now, zone)
    when = f"{day} {clock_time(event.at, zone)}" if day == _("today") else day
    return f"{when}: {_happened(event, titles)}"


def _happened(event: Event, titles: Mapping[str, str]) -> str:
    title = titles.get(event.post_code, "")
    post = isolate(title, _TITLE_SHOWN) if bare(title).strip() else _("a post")
    if event.kind is Happened.CREDITS:
        if event.amount < 0:
            return _("{credits} taken").format(credits=credits_words(-event.amount))
        return _("{credits} given").format(credits=credits_words(event.amount))
    texts = {
        Happened.GOT: _("got {post}"),
        Happened.UNSURE: _("{post}: Telegram did not confirm it"),
        Happened.REFUSED: _("{post} could not be sent"),
        Happened.UNLOCKED: _("unlocked"),
        Happened.TOO_FAST: _("unlocked too fast"),
        Happened.CREDITS_BACK: _("a change of credits undone"),
        Happened.PASS: _("pass changed"),
        Happened.PASS_BACK: _("a change of the pass undone"),
        Happened.BANNED: _("banned"),
        Happened.UNBANNED: _("unbanned"),
        Happened.WRITTEN: _("got a message of the team"),
        Happened.GIFT: _("opened a gift link"),
    }
    return texts[event.kind].format(post=post)
