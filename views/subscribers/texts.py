"""What subscribers read in the user bot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.access import Banned, has_pass, requires_access
from core.settings import TEXTS, BotSettings
from core.templates import Html, fill, is_visible, placeholders_of, without_tags
from core.users import User, is_banned
from views.html import bare, cut, esc, isolate
from views.quantities import counted
from views.subscribers import gate_texts, news_texts
from views.times import clock_time, date_and_time, duration

#: characters of a name, and of a title in a list
_NAME_MAX, _TITLE_MAX = 64, 60
#: takes the place of a name without visible characters
_NO_NAME = "there"

INVALID_LINK = "This link is not valid. Please check that you copied all of it."
POST_GONE = "This post is not available. The link may be wrong, or the post was taken down."
#: added to the next three where the owners have the alert
OWNER_TOLD = "The owner has been told."
POST_EMPTY = "This post is empty now: its messages are gone."
POST_REFUSED = "Telegram does not let me send this post."
STORAGE_LOST = "I cannot reach this post right now. Please try again later."
VOICE_FORBIDDEN = (
    "Your privacy settings refuse voice or video messages, and this post has one. Allow them for this bot in "
    "Telegram's Settings › Privacy and Security, then press the button."
)
TRY_AGAIN = "That did not work just now. Please try again in a moment."
NOT_CONFIRMED = (
    "Telegram did not confirm that the post reached you. If it does not appear within a minute, press the button."
)
INTERRUPTED = (
    "I was interrupted while sending you a post. If it did not arrive, press the button and you have it again."
)
NOT_A_COMMAND = "I only send posts. Open a post's link, or send /help."
ONE_MOMENT = "One moment."
STALE_BUTTON = "This button is from an older message. Open the post's link again."
TIME_UP_SWEPT = "Time is up: whatever arrived of this post is deleted. If nothing did, press the button."
TIME_UP_UNSURE = (
    "Time is up. If you still see messages of this post here, please delete them yourself. "
    "If nothing arrived, press the button."
)
TIME_UP_TOO_OLD = (
    "Time is up, but Telegram does not let me remove these messages any more. You can delete them yourself."
)

HELP = (
    "<b>How this works</b>\n"
    "Open a post's link and I send you the post here. "
    "When I say that a post will be deleted, save what you need before that time; "
    "afterwards a button brings it back.\n\n"
    "Sometimes I ask you to join a channel first, or to unlock; I say so when it is needed.\n\n"
    "/me shows what you have, and what will be deleted when.\n"
    "/token makes an unlock link.\n"
    f"{news_texts.HELP}"
)


def welcome(user: User, settings: BotSettings, bot_username: str) -> str:
    """Return the answer to a bare /start."""
    own = _filled(settings.welcome_text, user, bot_username)
    if own:
        return own
    name = _name(user)
    greeting = f"Hello {name}." if name else "Hello."
    return f"{greeting}\nOpen a post's link from the channel and I send you the post here.\n/help says more."


def _filled(own: str | None, user: User | None, bot_username: str) -> str:
    """Return a text of the owners with its placeholders replaced; "" if there is none, or nothing to read in it."""
    if own is None:
        return ""
    name = _name(user) if user else ""
    filled = fill(own, {"name": Html(name or _NO_NAME), "bot": f"@{bot_username}"})
    return filled if is_visible(without_tags(filled)) else ""


def _name(user: User) -> str:
    """Return the subscriber's name as HTML; "" if it has no visible characters."""
    return isolate(user.first_name, _NAME_MAX) if bare(user.first_name).strip() else ""


def deletion_warning(delete_at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Return the message below a delivery that will be deleted."""
    return (
        f"This will be deleted in <b>{duration(delete_at - now)}</b>, at {clock_time(delete_at, zone)}.\n"
        "Save what you want to keep before then."
    )


def under_delivery(delete_at: datetime | None, now: datetime, zone: ZoneInfo, password: str | None) -> list[str]:
    """Return the paragraphs of the message below a delivery; empty when there is nothing to say."""
    warning = [] if delete_at is None else [deletion_warning(delete_at, now, zone)]
    return warning + ([] if password is None else [f"Archive password: <code>{esc(password)}</code>"])


def missing_items(sent: int, wanted: int) -> str:
    """Say that some of the post's messages no longer exist in the storage channel."""
    gone = counted(wanted - sent, "message")
    return f"{gone} of this post (of {wanted}) could not be delivered."


def deleted_notice(settings: BotSettings, user: User | None, bot_username: str) -> str:
    """Replace the warning after the delivery was deleted. The last two are needed for `notice_placeholders` only."""
    return _filled(settings.deleted_text, user, bot_username) or "The post was deleted, as announced."


def notice_placeholders(settings: BotSettings) -> frozenset[str]:
    """Return the placeholders in the owners' notice of a deleted post."""
    text = settings.deleted_text
    return frozenset() if text is None else placeholders_of(text, TEXTS["deleted_text"].placeholders)


def help_text(settings: BotSettings) -> str:
    """Return the answer to /help, with the owners' contact."""
    return f"{HELP}\n\nQuestions: {settings.contact}" if settings.contact else HELP


def banned(verdict: Banned, now: datetime, zone: ZoneInfo) -> str:
    """Say that the subscriber is banned."""
    until = f" until {date_and_time(verdict.until, zone, now)}" if verdict.until else ""
    reason = f"\nReason: {esc(cut(verdict.reason, 200))}" if verdict.reason else ""
    return f"You cannot use this bot{until}.{reason}"


@dataclass(frozen=True, slots=True)
class Standing:
    """What `/me` shows besides the subscriber's record."""

    links_today: int
    #: title ("" if unknown) and time of each delivery that will be deleted, in order
    open_deliveries: Sequence[tuple[str, datetime]] = ()


def about_me(user: User, settings: BotSettings, standing: Standing, now: datetime, zone: ZoneInfo) -> str:
    """Answer `/me`: what the subscriber has, and which deliveries are deleted when."""
    lines = [f"<b>{_name(user) or 'You'}</b>"]
    if is_banned(user, now):
        lines.append(banned(Banned(user.ban_reason, user.banned_until), now, zone))
    if requires_access(settings):
        lines.append(f"You have {gate_texts.access(user.credits, user.pass_until, now, zone)}.")
        lines.append(gate_texts.links_today(standing.links_today, settings.daily_token_limit))
    elif user.credits or has_pass(user, now):
        kept = gate_texts.access(user.credits, user.pass_until, now, zone)
        lines.append(f"Every post is open at the moment; {kept} for later.")
    if user.news_stopped_at is not None:
        lines.append(news_texts.OFF)
    lines += _to_be_deleted(standing.open_deliveries, now, zone)
    return "\n".join(lines)


def _to_be_deleted(deliveries: Sequence[tuple[str, datetime]], now: datetime, zone: ZoneInfo) -> list[str]:
    if not deliveries:
        return ["No delivery is waiting to be deleted."]
    return ["To be deleted:"] + [
        f"• {_title(title)}: at {clock_time(moment, zone)}, in {duration(max(moment - now, timedelta()))}"
        for title, moment in deliveries
    ]


def _title(title: str) -> str:
    return isolate(title, _TITLE_MAX) if bare(title).strip() else "A post"
