"""What admins read of a confirmed broadcast. Toasts are plain text, the rest is HTML."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.broadcasts import ENDED, UNFINISHED, Broadcast, BroadcastStatus, RecipientState, held, remaining, total
from views.broadcasts import progress_keyboards as keyboards
from views.broadcasts import reasons
from views.html import bare, cut, esc, isolate
from views.language import _, pgettext
from views.navigation import MENU, Section, parent
from views.quantities import people
from views.screens import Screen
from views.times import date_and_time, duration

#: cells of the progress bar
_CELLS = 20
#: characters of a title and of a reason
_TITLE_MAX, _REASON_MAX = 40, 75


def paused() -> str:
    return _("Paused. What is on its way still arrives.")


def resumed() -> str:
    return _("It goes on when its turn comes.")


def cancelled() -> str:
    return _("Cancelled. What is on its way still arrives.")


def recall_started() -> str:
    return _("It is being deleted for everyone.")


#: the toast when the broadcast of a button does not exist


def gone() -> str:
    return _("This broadcast does not exist (any more). “Broadcasts” shows the others.")


def _over_already() -> str:
    return _("It is over already.")


def arrived(counts: dict[str, int]) -> int:
    """Count the recipients who got it, whether or not their copy was deleted since."""
    return sum(counts.get(state, 0) for state in (RecipientState.SENT, RecipientState.DELETED, RecipientState.KEPT))


def title(broadcast: Broadcast, limit: int = _TITLE_MAX) -> str:
    """Return its title in quotes as HTML; `without text` for one that has none."""
    if not bare(broadcast.title).strip():
        return _("without text")
    return _("“{title}”").format(title=isolate(broadcast.title, limit))


def progress(
    broadcast: Broadcast,
    now: datetime,
    zone: ZoneInfo,
    *,
    is_behind_another: bool = False,
    rate_per_s: float | None = None,
) -> Screen:
    """Return the progress message. `rate_per_s`: recipients per second, None while it is not known."""
    html = _progress(broadcast, now, zone, is_behind_another=is_behind_another, rate_per_s=rate_per_s)
    return Screen(html, keyboards.progress(broadcast, now), parent(Section.BROADCASTS))


def _progress(
    broadcast: Broadcast, now: datetime, zone: ZoneInfo, *, is_behind_another: bool, rate_per_s: float | None
) -> str:
    blocks = [
        [
            _("<b>Broadcast {title}</b>").format(title=title(broadcast)),
            *_status(broadcast, now, zone, is_behind_another),
        ],
        _measured(broadcast),
        _states(broadcast),
        _rate(broadcast, rate_per_s),
        _deletion(broadcast, now, zone),
    ]
    return "\n".join("\n".join(block) for block in blocks if block)


# the status


def _status(broadcast: Broadcast, now: datetime, zone: ZoneInfo, is_behind_another: bool) -> list[str]:
    match broadcast.status:
        case BroadcastStatus.QUEUED:
            return [_waiting(broadcast, now, zone, is_behind_another)]
        case BroadcastStatus.SENDING:
            return [_("Sending") if broadcast.is_filled else _("Making the list of recipients")]
        case BroadcastStatus.PAUSED:
            return [pgettext("a broadcast", "Paused")]
        case BroadcastStatus.FAILED:
            return [_stopped(broadcast)]
        case BroadcastStatus.SENT:
            return [_ended(broadcast, _("Sent {time}"), pgettext("a broadcast", "Sent"), now, zone)]
        case BroadcastStatus.CANCELLED:
            return [_ended(broadcast, _("Cancelled {time}"), pgettext("a broadcast", "Cancelled"), now, zone)]
        case BroadcastStatus.RECALLING:
            doing = _("Being deleted for everyone")
        case BroadcastStatus.RECALLED:
            doing = pgettext("a broadcast", "Deleted")
    return [doing, _stopped(broadcast)] if broadcast.error else [doing]


def _waiting(broadcast: Broadcast, now: datetime, zone: ZoneInfo, is_behind_another: bool) -> str:
    if broadcast.started_at is None and broadcast.send_at > now:
        return _("Waits for {time}").format(time=date_and_time(broadcast.send_at, zone, now))
    if is_behind_another:
        return _("Waits for its turn: another broadcast is being sent")
    return _("Goes on in a moment") if broadcast.started_at else _("Begins in a moment")


def _stopped(broadcast: Broadcast) -> str:
    reason = reasons.in_words(broadcast.error) if broadcast.error else _("the reason is not known.")
    return _("Stopped: {reason}").format(reason=esc(cut(bare(reason), _REASON_MAX)))


def _ended(broadcast: Broadcast, words: str, without_time: str, now: datetime, zone: ZoneInfo) -> str:
    """Say how it ended, with its time where that is known."""
    if broadcast.finished_at is None:
        return without_time
    return words.format(time=date_and_time(broadcast.finished_at, zone, now))


# the progress


def _measured(broadcast: Broadcast) -> list[str]:
    """Return the bar and the counts: of all recipients, in a recall of those who got it."""
    counts, is_recall = broadcast.counts, _is_recall(broadcast)
    whole = arrived(counts) if is_recall else total(counts)
    if not broadcast.is_filled and broadcast.status in UNFINISHED:
        return [_("{people} so far").format(people=people(whole))] if whole else []
    if not whole:
        return _nobody(broadcast)
    left = counts.get(RecipientState.SENT, 0) if is_recall else remaining(counts)
    done = whole - left
    full = _CELLS * done // whole
    share = _("{done} of {whole} — {percent} %").format(
        done=f"{done:,}", whole=f"{whole:,}", percent=100 * done // whole
    )
    return [f"{'█' * full}{'░' * (_CELLS - full)}", share]


def _is_recall(broadcast: Broadcast) -> bool:
    return broadcast.status in (BroadcastStatus.RECALLING, BroadcastStatus.RECALLED)


def _nobody(broadcast: Broadcast) -> list[str]:
    if broadcast.status is BroadcastStatus.SENT:
        return [_("Nobody was in its audience.")]
    return [] if broadcast.status in UNFINISHED else [_("Nobody got it.")]


def _states(broadcast: Broadcast) -> list[str]:
    counts = broadcast.counts
    known = (
        (arrived(counts), _("sent {count}")),
        (counts.get(RecipientState.BLOCKED, 0), _("blocked the bot or gone {count}")),
        (counts.get(RecipientState.FAILED, 0), _("failed {count}")),
        (counts.get(RecipientState.UNKNOWN, 0), _("unknown {count}")),
        (counts.get(RecipientState.SWEPT, 0), _("unclear, cleaned up {count}")),
        (counts.get(RecipientState.LEFT_OUT, 0), _("news off {count}")),
        (0 if broadcast.status in UNFINISHED else remaining(counts), _("not sent to {count}")),
        (counts.get(RecipientState.DELETED, 0), _("deleted {count}")),
        (counts.get(RecipientState.KEPT, 0), _("stays with {count}")),
    )
    parts = [words.format(count=f"{count:,}") for count, words in known if count]
    lines = [" · ".join(parts)[:1].upper() + " · ".join(parts)[1:]] if parts else []
    if counts.get(RecipientState.UNKNOWN, 0):
        lines.append(_("Unknown: no answer came, or a record is damaged. They may have it already."))
    if counts.get(RecipientState.KEPT, 0):
        lines.append(_("Stays: too old, refused, account gone, or its record damaged."))
    return lines


def _rate(broadcast: Broadcast, rate_per_s: float | None) -> list[str]:
    if rate_per_s is None or broadcast.status is not BroadcastStatus.SENDING or not broadcast.is_filled:
        return []
    if rate_per_s >= 1 or not rate_per_s:
        words = _("{count} a second").format(count=f"{rate_per_s:.0f}")
    else:
        words = _("{count} a minute").format(count=f"{rate_per_s * 60:.0f}")
    left = remaining(broadcast.counts)
    if not rate_per_s or not left:
        return [words]
    time = duration(timedelta(seconds=left / rate_per_s))
    return [_("{rate}, about {duration} left").format(rate=words, duration=time)]


# when copies are deleted


def _deletion(broadcast: Broadcast, now: datetime, zone: ZoneInfo) -> list[str]:
    if _is_recall(broadcast):
        return []
    is_over = broadcast.status in ENDED
    if is_over and not broadcast.counts.get(RecipientState.SENT, 0):
        return []
    if not broadcast.lifetime_minutes:
        return [_("It stays.") if is_over else _("It stays with those who get it.")]
    lifetime = timedelta(minutes=broadcast.lifetime_minutes)
    span = duration(lifetime)
    if not is_over or broadcast.finished_at is None:
        return [_("Auto-delete: {duration} after each got it.").format(duration=span)]
    last = date_and_time(broadcast.finished_at + lifetime, zone, now)
    return [_("Auto-delete: {duration} after each got it, the last one {time}.").format(duration=span, time=last)]


# confirmations and toasts


def confirm_cancel(broadcast: Broadcast) -> Screen:
    """Return the confirmation of a cancellation; says how many got it and how many will not."""
    counts = broadcast.counts
    if broadcast.started_at is None:
        who = _("Nobody has got it yet, and nobody will.")
    elif not broadcast.is_filled:
        who = _("{people} got it so far; nobody else will.").format(people=people(arrived(counts)))
    else:
        who = _("{count} of {people} got it so far; {left} will not.").format(
            count=f"{arrived(counts):,}", people=people(total(counts)), left=f"{remaining(counts):,}"
        )
    text = _(
        "Cancel the broadcast {title}?\n\n{who} What is on its way still arrives. A cancelled broadcast does not go on "
        "again; what has arrived can be deleted for everyone."
    ).format(title=title(broadcast), who=who)
    return Screen(text, keyboards.confirm_cancel(broadcast), keyboards.to_progress(broadcast))


def confirm_recall(broadcast: Broadcast, too_late: str | None = None) -> Screen:
    """Return the confirmation of a recall; says how many copies are deleted. `too_late` (HTML) is shown below it."""
    count, unknown = (broadcast.counts.get(state, 0) for state in (RecipientState.SENT, RecipientState.UNKNOWN))
    if count:
        head = _("Delete the broadcast {title} for {people}?").format(title=title(broadcast), people=people(count))
    else:
        head = _("Delete the broadcast {title} for everyone?").format(title=title(broadcast))
    if unknown:
        meaning = _(
            "The copies are gone for good. {people} may have it too: what arrived there is looked for and deleted. A "
            "copy older than 48 hours stays, because Telegram no longer deletes it."
        ).format(people=people(unknown))
    else:
        meaning = _(
            "The copies are gone for good. A copy older than 48 hours stays, because Telegram no longer deletes it."
        )
    text = "\n\n".join(part for part in (head, meaning, too_late) if part)
    return Screen(text, keyboards.confirm_recall(broadcast), keyboards.to_progress(broadcast))


def moved(broadcast: Broadcast) -> Screen:
    """Replace a progress message that is no longer updated."""
    return Screen(
        _("<b>Broadcast {title}</b>\nIt is watched in another message now.").format(title=title(broadcast)),
        keyboards.moved(broadcast),
    )


def stopped(broadcast: Broadcast) -> str:
    """Return the message to its creator when it stopped with an error or was missed."""
    head = _("<b>Your broadcast {title} stopped.</b>").format(title=title(broadcast))
    count, whole = f"{arrived(broadcast.counts):,}", total(broadcast.counts)
    got = _("{count} of {people} got it.").format(count=count, people=people(whole)) if whole else _("Nobody got it.")
    lines = [head, _stopped(broadcast), "", got, _("“Broadcasts” in the /menu shows all there is to know about it.")]
    return "\n".join(lines)


def cannot_pause(broadcast: Broadcast) -> str:
    """Say why it cannot be paused."""
    if broadcast.status is BroadcastStatus.PAUSED:
        return _("It is paused already.")
    return _("It is not being sent right now.") if broadcast.status in UNFINISHED else _over_already()


def cannot_resume(broadcast: Broadcast) -> str:
    """Say why it cannot be resumed."""
    return _("It is not paused.") if broadcast.status in UNFINISHED else _over_already()


def cannot_cancel(broadcast: Broadcast) -> str:
    """Say why it cannot be cancelled."""
    return _("It is cancelled already.") if broadcast.status is BroadcastStatus.CANCELLED else _over_already()


def cannot_recall(broadcast: Broadcast) -> str:
    """Say why it cannot be recalled."""
    if broadcast.status in UNFINISHED:
        return _("It is not over yet. Cancel it first, then delete it for everyone.")
    if broadcast.status is BroadcastStatus.RECALLED:
        return _("It was deleted already.")
    if broadcast.is_recall_wanted:
        return _("It is being deleted already.")
    if not held(broadcast.counts):
        return _("There is nothing of it to delete.")
    return _("It stays: Telegram deletes nothing that is older than 48 hours.")


# the list


def list_screen(broadcasts: Sequence[Broadcast], page: int, *, more: bool) -> Screen:
    """Return a page of the list, from 0, the newest first."""
    if broadcasts:
        text = _("<b>Broadcasts</b>, newest first")
    elif page:
        text = _("<b>Broadcasts</b>\n\nThis page is empty.")
    else:
        text = _("<b>Broadcasts</b>\n\nNone yet. A broadcast is one message to all subscribers, or to some.")
    return Screen(text, keyboards.broadcast_list(broadcasts, page, more=more), MENU)
