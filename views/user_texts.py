"""What subscribers read. Plain words; everything foreign is escaped here."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.access import Banned
from core.settings import BotSettings
from core.users import User
from views.html import bare, cut, esc, isolate
from views.times import clock_time, date_and_time, duration
from views.words import counted

#: characters of a name, and of a title in a list
_NAME_MAX, _TITLE_MAX = 64, 60

INVALID_LINK = "This link is not valid. Please check that you copied all of it."
POST_GONE = "This post is not available. The link may be wrong, or the post was taken down."
POST_EMPTY = "This post is empty now: its messages are gone. The owner has been told."
STORAGE_LOST = "I cannot reach this post right now. The owner has been told. Please try again later."
TRY_AGAIN = "That did not work just now. Please try again in a moment."
NOT_CONFIRMED = (
    "Telegram did not confirm that the post reached you. If it does not appear within a minute, press the button."
)
INTERRUPTED = (
    "I was interrupted while handing a post over to you. If it did not arrive, press the button and you have it again."
)
NO_ACCESS = "You have no deliveries left for now."
NOT_A_COMMAND = "I only hand over posts. Open a post's link, or send /help."
ONLY_PRIVATE = "Please open me in a private chat."
ONE_MOMENT = "One moment."
STALE_BUTTON = "This button is from an older message. Open the post's link again."
TIME_UP_TOO_OLD = (
    "Time is up, but Telegram does not let me remove these messages any more. You can delete them yourself."
)

HELP = (
    "<b>How this works</b>\n"
    "Open a post's link and I hand the post over to you here. "
    "When I say that a post will be deleted, save what you need before that time; "
    "afterwards a button brings it back.\n\n"
    "/me shows what will be deleted, and when."
)


def welcome(user: User, settings: BotSettings) -> str:
    """The answer to a bare /start."""
    if settings.welcome_text:
        return esc(settings.welcome_text)
    name = _name(user)
    greeting = f"Hello {name}." if name else "Hello."
    return f"{greeting}\nOpen a post's link from the channel and I hand the post over to you here.\n/help says more."


def _name(user: User) -> str:
    """The person's name as HTML; empty when nothing of it can be seen."""
    return isolate(user.first_name, _NAME_MAX) if bare(user.first_name).strip() else ""


def deletion_warning(delete_at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Stands under a delivery that will be taken back."""
    return (
        f"This will be deleted in <b>{duration(delete_at - now)}</b>, at {clock_time(delete_at, zone)}.\n"
        "Save what you want to keep before then."
    )


def missing_items(sent: int, wanted: int) -> str:
    """Some of the post's messages no longer exist in the storage channel."""
    gone = counted(wanted - sent, "message")
    return f"{gone} of this post (of {wanted}) could not be delivered. The owner has been told."


def deleted_notice(settings: BotSettings) -> str:
    """What stands where the warning stood, once the delivery is taken back."""
    return esc(settings.deleted_text) if settings.deleted_text else "The post was deleted, as announced."


def banned(verdict: Banned, zone: ZoneInfo) -> str:
    """The person is kept out."""
    until = f" until {date_and_time(verdict.until, zone)}" if verdict.until else ""
    reason = f"\nReason: {esc(cut(verdict.reason, 200))}" if verdict.reason else ""
    return f"You cannot use this bot{until}.{reason}"


def about_me(user: User, open_deliveries: list[tuple[str, datetime]], now: datetime, zone: ZoneInfo) -> str:
    """`/me`: what will be deleted, and when. `open_deliveries`: title ("" if unknown) and time of each, in order."""
    lines = [f"<b>{_name(user) or 'You'}</b>"]
    if not open_deliveries:
        lines.append("No delivery is waiting to be deleted.")
        return "\n".join(lines)
    lines.append("To be deleted:")
    lines.extend(
        f"• {_title(title)}: at {clock_time(moment, zone)}, in {duration(max(moment - now, timedelta()))}"
        for title, moment in open_deliveries
    )
    return "\n".join(lines)


def _title(title: str) -> str:
    return isolate(title, _TITLE_MAX) if bare(title).strip() else "A post"
