"""What subscribers read at the gate: channels to join, the unlock and its result."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.access import Earned
from core.subscriptions import Channel, ChannelMode, Subscription
from views.html import bare, cut, isolate
from views.quantities import counted
from views.times import clock_time, date_and_time, duration

#: characters of a title, and of a channel's name in a sentence
_TITLE_MAX, _NAME_MAX = 60, 40
#: channels named in a sentence; the buttons name them all
_NAMED = 5
#: Telegram's limit for the answer to a button, in characters (BOTAPI §2.7)
_TOAST_MAX = 200
#: characters of the names in a toast with more words
_TOASTED_MAX = 100

NOT_YOUR_LINK = "This unlock link belongs to somebody else. Nothing was changed. /token makes one of your own."
LINK_UNKNOWN = "I do not know this unlock link. /token makes a new one."
LINK_EXPIRED = "This unlock link has expired. Press the button for a new one."
LINK_USED = "This unlock link has been used already; each one counts once."
#: not an accusation: fast pages and careful browsers end here, too
TOO_QUICK = (
    "That was quicker than the way through the page takes, so this link does not count. "
    "Please take a new one and go through its page once more; the first time it does not count against your day."
)
PAGE_NOT_DONE = "You are not through with the page behind this link yet. Press Unlock and follow it to the end."
NOTHING_TO_VERIFY = "There is nothing to unlock: every post is open to you."
NO_LINK_NOW = "I cannot make an unlock link right now. Please try again later."
NO_LINK_NOW_TOLD = "I cannot make an unlock link right now. The owner has been told; please try again later."
TAKE_IT_NOW = "You can have the post now."
THANKS = "Thank you."
#: the answer to "I have joined", if the post was delivered by then
HAS_COME = "Thank you. The post has come already."
#: after a delivery that failed, or whose answer from Telegram was lost
GIVEN_BACK = "It did not cost you anything."


def to_join(subscription: Subscription, title: str) -> str:
    """List the channels to join first, and those of which Telegram does not tell; the buttons below lead to them."""
    missing = subscription.missing
    lines = [f"To get {_title(title)}, first join:"] if missing else []
    lines += [f"• {_name(channel)}{_how(channel)}" for channel in missing]
    if missing:
        lines.append("\nThe post comes when all is joined. If it does not, press <b>I have joined</b>.")
    if subscription.hidden:
        lines.append(
            f"Telegram does not tell me whether you have joined {_names(subscription.hidden)}. "
            "Join with the button; if you are in already, leave and join again. The post comes then."
        )
    if subscription.unknown:
        lines.append(f"I cannot check {_names(subscription.unknown)} right now. Please try again in a moment.")
    if subscription.reported:
        lines.append(
            f"I cannot check {_names(subscription.reported)} right now. The owner has been told; please try later."
        )
    return "\n".join(lines)


def still_to_join(subscription: Subscription) -> str:
    """Return the toast after "I have joined" while channels keep the subscriber out. Plain text."""
    if subscription.missing:
        return cut(f"Not joined yet: {_bare_names(subscription.missing)}", _TOAST_MAX)
    if subscription.hidden:
        names = cut(_bare_names(subscription.hidden), _TOASTED_MAX)
        return f"Telegram does not tell me whether you have joined {names}. Please leave and join again."
    return cut(f"I cannot check {_bare_names(subscription.channels)} right now.", _TOAST_MAX)


def _bare_names(channels: Sequence[Channel]) -> str:
    return ", ".join(bare(channel.name) for channel in channels)


def _how(channel: Channel) -> str:
    return " (asking to join is enough)" if channel.mode is ChannelMode.REQUEST else ""


def _name(channel: Channel) -> str:
    return isolate(channel.name, _NAME_MAX)


def _names(channels: Sequence[Channel]) -> str:
    more = f" and {len(channels) - _NAMED} more" if len(channels) > _NAMED else ""
    return ", ".join(_name(channel) for channel in channels[:_NAMED]) + more


def _title(title: str) -> str:
    return f"<b>{isolate(title, _TITLE_MAX)}</b>" if bare(title).strip() else "this post"


def to_verify(title: str | None, earns: Earned, *, number: int, limit: int, has_page: bool) -> str:
    """Return the message with the unlock link. `number`: links the subscriber had today, of at most `limit`."""
    what = f"To get {_title(title)}, please unlock once." if title is not None else "Here is your unlock link."
    way = "go through the page to its end and come back" if has_page else "follow the link back to this chat"
    first = "the post comes by itself and you have" if title is not None else "you have"
    # the post that waits is paid with the credits of the unlock
    included = ", this one included" if title is not None and earns.credits else ""
    return (
        f"{what}\nPress <b>Unlock</b>, {way}: {first} {earning(earns)}{included}.\n\n"
        f"{counted(number, 'link')} of {limit} used today."
    )


def earning(earns: Earned) -> str:
    """Return `10 credits`, or `every post open for 24 hours`."""
    if earns.pass_for:
        return f"every post open for {duration(earns.pass_for)}"
    return counted(earns.credits, "credit")


def day_is_used_up(limit: int, again_at: datetime, zone: ZoneInfo) -> str:
    """Say that there is no further link today. `again_at`: when there is."""
    return (
        f"You have used all {counted(limit, 'unlock link')} of today. "
        f"There are new ones at {clock_time(again_at, zone)}."
    )


def verified(credits: int, pass_until: datetime | None, now: datetime, zone: ZoneInfo) -> str:
    """Say what the subscriber has after an unlock."""
    return f"Unlocked. You have {access(credits, pass_until, now, zone)}."


def access(credits: int, pass_until: datetime | None, now: datetime, zone: ZoneInfo) -> str:
    """Return `3 credits left`, with a pass `every post open until …`; `no credits left` without anything."""
    parts = []
    if pass_until is not None and pass_until > now:
        parts.append(f"every post open until {_until(pass_until, now, zone)}")
    if credits > 0 or not parts:
        parts.append(f"{counted(credits, 'credit') if credits else 'no credits'} left")
    return " and ".join(parts)


def _until(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    return clock_time(moment, zone) if moment - now < timedelta(hours=20) else date_and_time(moment, zone, now)


def links_today(number: int, limit: int) -> str:
    """Return the line of `/me` about links."""
    return f"Unlocks today: {number} of {limit}"
