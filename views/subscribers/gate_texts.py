"""What subscribers read about joining and unlocking outside the gate message of a post (`gate_message`)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.access import Earned
from core.subscriptions import Channel, Subscription
from views.html import bare, cut
from views.language import _, ngettext
from views.subscribers.gate_message import unlock_number
from views.times import clock_time, date_and_time

#: Telegram's limit for the answer to a button, in characters (BOTAPI §2.7)
_TOAST_MAX = 200
#: characters of the names in a toast with more words
_TOASTED_MAX = 90


def not_your_link() -> str:
    return _("This unlock belongs to somebody else. Nothing was changed. /unlock makes one of your own.")


def link_unknown() -> str:
    return _("I do not know this unlock. /unlock makes a new one.")


def link_used() -> str:
    return _("This unlock is used already: each one counts once.")


def nothing_to_unlock() -> str:
    return _("There is nothing to unlock: every post is open to you.")


def take_it_now() -> str:
    return _("You can have the post now.")


def thanks() -> str:
    """Answer "I have joined", when all is joined."""
    return _("Thank you.")


def has_come() -> str:
    """Answer "I have joined", when the post was delivered by then."""
    return _("Thank you. The post is here already.")


def nothing_charged() -> str:
    """Say that a delivery that failed, or whose answer from Telegram was lost, cost nothing."""
    return _("Nothing was charged.")


def still_to_join(subscription: Subscription) -> str:
    """Return the toast after "I have joined" while channels keep the subscriber out. Plain text."""
    if subscription.missing:
        return cut(_("Not yet: {names}.").format(names=_bare_names(subscription.missing)), _TOAST_MAX)
    names = cut(_bare_names(subscription.channels), _TOASTED_MAX)
    if subscription.hidden:
        return _("Telegram does not tell me whether you have joined {names}. Leave and join again.").format(names=names)
    return _("I cannot check {names} now. Try again in a few minutes.").format(names=names)


def _bare_names(channels: Sequence[Channel]) -> str:
    return ", ".join(bare(channel.name) for channel in channels)


def unlock(earns: Earned, number: int, limit: int) -> str:
    """Return the message with an unlock that is for no post."""
    if earns.pass_for:
        hours = int(earns.pass_for / timedelta(hours=1))
        brings = ngettext(
            "This unlock opens every post for {count} hour.", "This unlock opens every post for {count} hours.", hours
        ).format(count=hours)
    else:
        brings = ngettext(
            "This unlock brings {count} credit.", "This unlock brings {count} credits.", earns.credits
        ).format(count=earns.credits)
    return f"{brings}\n{unlock_number(number, limit)}"


def unlocked(credits: int, pass_until: datetime | None, now: datetime, zone: ZoneInfo) -> str:
    """Say what the subscriber has after an unlock."""
    return _("Unlocked: {access}.").format(access=access(credits, pass_until, now, zone))


def access(credits: int, pass_until: datetime | None, now: datetime, zone: ZoneInfo) -> str:
    """Return `3 credits`, `pass until 4 May`, or both; `no credits` without anything."""
    parts = []
    if credits > 0 or pass_until is None or pass_until <= now:
        parts.append(ngettext("{count} credit", "{count} credits", credits).format(count=credits))
    if pass_until is not None and pass_until > now:
        parts.append(_("pass until {time}").format(time=_until(pass_until, now, zone)))
    return ", ".join(parts)


def _until(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    return clock_time(moment, zone) if moment - now < timedelta(hours=20) else date_and_time(moment, zone, now)


def unlocks_today(number: int, limit: int) -> str:
    """Return the line of `/me` about unlocks."""
    return _("Unlocks today: {number} of {limit}").format(number=number, limit=limit)
