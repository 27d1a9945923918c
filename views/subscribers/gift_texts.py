"""What subscribers read of gifts, and of what the team gave them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from core.access import has_pass
from core.gifts.records import GiftState
from core.users import User
from views.language import _, ngettext
from views.times import date_and_time


def received(user: User, credits: int, days: int, now: datetime, zone: ZoneInfo) -> str:
    """Say what a gift link gave, and what the subscriber has now."""
    if credits:
        got = ngettext("You got {count} credit as a gift.", "You got {count} credits as a gift.", credits)
        text = got.format(count=f"{credits:,}")
    else:
        got = ngettext("You got {count} day as a gift.", "You got {count} days as a gift.", days)
        text = got.format(count=f"{days:,}")
    return f"{text}\n{standing(user, now, zone)}"


def already_yours(user: User, now: datetime, zone: ZoneInfo) -> str:
    text = _("You have this gift already.")
    return f"{text}\n{standing(user, now, zone)}"


def taken() -> str:
    return _("Somebody else was faster: this gift was for one.")


def over(state: GiftState | None) -> str:
    """Say why a gift gives nothing any more; None: it is not known, or was removed."""
    if state is GiftState.EXPIRED:
        return _("This gift is over: its time has passed.")
    if state is GiftState.CANCELLED:
        return _("This gift was taken back by its owner.")
    return _("This gift link does not work. Check that you copied all of it.")


def standing(user: User, now: datetime, zone: ZoneInfo) -> str:
    """Say what the subscriber has now: credits, a pass, both or nothing."""
    has = ngettext("You have {count} credit now.", "You have {count} credits now.", user.credits)
    text = has.format(count=f"{user.credits:,}")
    if user.pass_until is None or not has_pass(user, now):
        return text
    until = _("Every post is open to you until {time}.").format(time=date_and_time(user.pass_until, zone, now))
    return f"{text} {until}" if user.credits else until
