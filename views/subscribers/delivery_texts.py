"""What stands under a delivery: what it cost and when it goes, that it went, and where it is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.settings import BotSettings
from core.users import User
from views.html import bare, esc
from views.language import _, ngettext
from views.subscribers.gate_message import title_of
from views.subscribers.texts import filled
from views.times import clock_time


@dataclass(frozen=True, slots=True)
class Cost:
    """What a delivery cost. Empty: nothing, and nothing is to be said of it."""

    #: a credit was spent, and so many are left
    credits_left: int | None = None
    #: it was free, because the subscriber paid for the post then
    paid_at: datetime | None = None


NOTHING = Cost()


@dataclass(frozen=True, slots=True)
class Note:
    """What there is to say under a delivery at `sent_at`."""

    sent_at: datetime
    delete_at: datetime | None = None
    #: it can be neither saved nor forwarded
    is_protected: bool = False
    cost: Cost = NOTHING
    password: str | None = None


def under_delivery(note: Note, zone: ZoneInfo) -> list[str]:
    """Return the paragraphs of the message under a delivery; empty when there is nothing to say."""
    sentences = _cost(note.cost, zone)
    if note.delete_at is not None:
        span, time = in_short(note.delete_at - note.sent_at), clock_time(note.delete_at, zone)
        sentences.append(_("Deleted in {span}, at {time}.").format(span=span, time=time))
        sentences.append(_("It cannot be saved or forwarded.") if note.is_protected else _("Save what you need."))
    paragraphs = [" ".join(sentences)] if sentences else []
    if note.password is not None:
        password = f"<code>{esc(note.password)}</code>"
        paragraphs.append(_("Archive password: {password}").format(password=password))
    return paragraphs


def _cost(cost: Cost, zone: ZoneInfo) -> list[str]:
    if cost.paid_at is not None:
        return [_("Free: you paid at {time}.").format(time=clock_time(cost.paid_at, zone))]
    if cost.credits_left is None:
        return []
    if cost.credits_left <= 0:
        return [_("That was your last credit.")]
    left = cost.credits_left
    return [ngettext("1 credit used, {count} left.", "1 credit used, {count} left.", left).format(count=left)]


def in_short(span: timedelta) -> str:
    """Return `30 min`, `1 h 30 min`, `47 h`; to the nearest minute, one at least."""
    hours, minutes = divmod(max(round(span.total_seconds() / 60), 1), 60)
    if not hours:
        return _("{minutes} min").format(minutes=minutes)
    if not minutes:
        return _("{hours} h").format(hours=hours)
    return _("{hours} h {minutes} min").format(hours=hours, minutes=minutes)


def here_it_is(until: datetime | None, zone: ZoneInfo) -> str:
    """Return the reply to a copy that is still there; `until` None: it stays."""
    if until is None:
        return _("Here it is.")
    return _("Here it is, until {time}.").format(time=clock_time(until, zone))


def costs_now() -> str:
    """Return the toast when a button that was free is not any more."""
    return _("The free time is over: now it costs 1 credit.")


def deleted_notice(settings: BotSettings, user: User | None, bot_username: str, title: str = "") -> str:
    """Return what replaces the message under a delivery that was deleted: the owners' text, or ours.

    `user` and `bot_username` are needed for `texts.notice_placeholders` only.
    """
    own = filled(settings.deleted_text, user, bot_username)
    if own:
        return own
    if not bare(title).strip():
        return _("The post was deleted, as announced.")
    return _("{title} was deleted, as announced.").format(title=title_of(title))


def time_up_swept() -> str:
    return _("Time is up: whatever arrived of this post is deleted. If nothing did, press the button.")


def time_up_unsure() -> str:
    return _(
        "Time is up. If you still see messages of this post here, delete them yourself. "
        "If nothing arrived, press the button."
    )


def time_up_too_old() -> str:
    return _("Time is up, but Telegram does not let me remove these messages any more. You can delete them yourself.")
