"""What admins read of a confirmed broadcast. Toasts are plain text, the rest is HTML."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.broadcasts import ENDED, UNFINISHED, Broadcast, BroadcastStatus, RecipientState, held, remaining, total
from views.broadcasts import progress_keyboards as keyboards
from views.html import bare, cut, esc, isolate
from views.navigation import MENU, Section, parent
from views.quantities import people
from views.screens import Screen
from views.times import date_and_time, duration

#: cells of the progress bar
_CELLS = 20
#: characters of a title and of a reason
_TITLE_MAX, _REASON_MAX = 40, 100

PAUSED = "Paused. What is on its way still arrives."
RESUMED = "It goes on when its turn comes."
CANCELLED = "Cancelled. What is on its way still arrives."
RECALL_STARTED = "It is being deleted for everyone."
#: the toast when the broadcast of a button does not exist
GONE = "This broadcast does not exist (any more). “Broadcasts” shows the others."

_OVER_ALREADY = "It is over already."


def arrived(counts: dict[str, int]) -> int:
    """Count the recipients who got it, whether or not their copy was deleted since."""
    return sum(counts.get(state, 0) for state in (RecipientState.SENT, RecipientState.DELETED, RecipientState.KEPT))


def title(broadcast: Broadcast, limit: int = _TITLE_MAX) -> str:
    """Return its title in quotes as HTML; `without text` for one that has none."""
    if not bare(broadcast.title).strip():
        return "without text"
    return f"“{isolate(broadcast.title, limit)}”"


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
        [f"<b>Broadcast {title(broadcast)}</b>", *_status(broadcast, now, zone, is_behind_another)],
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
            return ["Sending" if broadcast.is_filled else "Making the list of recipients"]
        case BroadcastStatus.PAUSED:
            return ["Paused"]
        case BroadcastStatus.FAILED:
            return [_stopped(broadcast)]
        case BroadcastStatus.SENT:
            return [_ended("Sent", broadcast, now, zone)]
        case BroadcastStatus.CANCELLED:
            return [_ended("Cancelled", broadcast, now, zone)]
        case BroadcastStatus.RECALLING:
            doing = "Being deleted for everyone"
        case BroadcastStatus.RECALLED:
            doing = "Deleted"
    return [doing, _stopped(broadcast)] if broadcast.error else [doing]


def _waiting(broadcast: Broadcast, now: datetime, zone: ZoneInfo, is_behind_another: bool) -> str:
    if broadcast.started_at is None and broadcast.send_at > now:
        return f"Waits for {date_and_time(broadcast.send_at, zone, now)}"
    if is_behind_another:
        return "Waits for its turn: another broadcast is being sent"
    return "Goes on in a moment" if broadcast.started_at else "Begins in a moment"


def _stopped(broadcast: Broadcast) -> str:
    return f"Stopped: {esc(cut(bare(broadcast.error or 'the reason is not known.'), _REASON_MAX))}"


def _ended(word: str, broadcast: Broadcast, now: datetime, zone: ZoneInfo) -> str:
    return word if broadcast.finished_at is None else f"{word} {date_and_time(broadcast.finished_at, zone, now)}"


# the progress


def _measured(broadcast: Broadcast) -> list[str]:
    """Return the bar and the counts: of all recipients, in a recall of those who got it."""
    counts, is_recall = broadcast.counts, _is_recall(broadcast)
    whole = arrived(counts) if is_recall else total(counts)
    if not broadcast.is_filled and broadcast.status in UNFINISHED:
        return [f"{people(whole)} so far"] if whole else []
    if not whole:
        return _nobody(broadcast)
    left = counts.get(RecipientState.SENT, 0) if is_recall else remaining(counts)
    done = whole - left
    full = _CELLS * done // whole
    share = f"{done:,} of {whole:,} — {100 * done // whole} %"
    return [f"{'█' * full}{'░' * (_CELLS - full)}", share]


def _is_recall(broadcast: Broadcast) -> bool:
    return broadcast.status in (BroadcastStatus.RECALLING, BroadcastStatus.RECALLED)


def _nobody(broadcast: Broadcast) -> list[str]:
    if broadcast.status is BroadcastStatus.SENT:
        return ["Nobody was in its audience."]
    return [] if broadcast.status in UNFINISHED else ["Nobody got it."]


def _states(broadcast: Broadcast) -> list[str]:
    counts = broadcast.counts
    known = (
        (arrived(counts), "Sent {}"),
        (counts.get(RecipientState.BLOCKED, 0), "blocked the bot or gone {}"),
        (counts.get(RecipientState.FAILED, 0), "failed {}"),
        (counts.get(RecipientState.UNKNOWN, 0), "unknown {}"),
        (counts.get(RecipientState.SWEPT, 0), "unclear, cleaned up {}"),
        (counts.get(RecipientState.LEFT_OUT, 0), "news off {}"),
        (0 if broadcast.status in UNFINISHED else remaining(counts), "not sent to {}"),
        (counts.get(RecipientState.DELETED, 0), "deleted {}"),
        (counts.get(RecipientState.KEPT, 0), "stays with {}"),
    )
    parts = [words.format(f"{count:,}") for count, words in known if count]
    lines = [" · ".join(parts)[:1].upper() + " · ".join(parts)[1:]] if parts else []
    if counts.get(RecipientState.UNKNOWN, 0):
        lines.append("Unknown: Telegram never answered. They may have it, so it is not sent again.")
    if counts.get(RecipientState.KEPT, 0):
        lines.append("Stays: too old for Telegram, refused, or the account is gone.")
    return lines


def _rate(broadcast: Broadcast, rate_per_s: float | None) -> list[str]:
    if rate_per_s is None or broadcast.status is not BroadcastStatus.SENDING or not broadcast.is_filled:
        return []
    words = f"{rate_per_s:.0f} a second" if rate_per_s >= 1 or not rate_per_s else f"{rate_per_s * 60:.0f} a minute"
    left = remaining(broadcast.counts)
    if not rate_per_s or not left:
        return [words]
    return [f"{words}, about {duration(timedelta(seconds=left / rate_per_s))} left"]


# when copies are deleted


def _deletion(broadcast: Broadcast, now: datetime, zone: ZoneInfo) -> list[str]:
    if _is_recall(broadcast):
        return []
    is_over = broadcast.status in ENDED
    if is_over and not broadcast.counts.get(RecipientState.SENT, 0):
        return []
    if not broadcast.lifetime_minutes:
        return ["It stays." if is_over else "It stays with those who get it."]
    lifetime = timedelta(minutes=broadcast.lifetime_minutes)
    words = f"Auto-delete: {duration(lifetime)} after each got it"
    if not is_over or broadcast.finished_at is None:
        return [f"{words}."]
    return [f"{words}, the last one {date_and_time(broadcast.finished_at + lifetime, zone, now)}."]


# confirmations and toasts


def confirm_cancel(broadcast: Broadcast) -> Screen:
    """Return the confirmation of a cancellation; says how many got it and how many will not."""
    counts = broadcast.counts
    if broadcast.started_at is None:
        who = "Nobody has got it yet, and nobody will."
    elif not broadcast.is_filled:
        who = f"{people(arrived(counts))} got it so far; nobody else will."
    else:
        who = f"{arrived(counts):,} of {people(total(counts))} got it so far; {remaining(counts):,} will not."
    text = (
        f"Cancel the broadcast {title(broadcast)}?\n\n{who} What is on its way still arrives. A cancelled broadcast "
        "does not go on again; what has arrived can be deleted for everyone."
    )
    return Screen(text, keyboards.confirm_cancel(broadcast), keyboards.to_progress(broadcast))


def confirm_recall(broadcast: Broadcast, too_late: str | None = None) -> Screen:
    """Return the confirmation of a recall; says how many copies are deleted. `too_late` (HTML) is shown below it."""
    count, unknown = (broadcast.counts.get(state, 0) for state in (RecipientState.SENT, RecipientState.UNKNOWN))
    whom = people(count) if count else "everyone"
    maybe = f" {people(unknown)} may have it too: what arrived there is looked for and deleted." if unknown else ""
    text = (
        f"Delete the broadcast {title(broadcast)} for {whom}?\n\n"
        f"The copies are gone for good.{maybe} "
        "A copy older than 48 hours stays, because Telegram no longer deletes it."
    )
    text = f"{text}\n\n{too_late}" if too_late else text
    return Screen(text, keyboards.confirm_recall(broadcast), keyboards.to_progress(broadcast))


def moved(broadcast: Broadcast) -> Screen:
    """Replace a progress message that is no longer updated."""
    return Screen(
        f"<b>Broadcast {title(broadcast)}</b>\nIt is watched in another message now.", keyboards.moved(broadcast)
    )


def stopped(broadcast: Broadcast) -> str:
    """Return the message to its creator when it stopped with an error or was missed."""
    lines = [f"<b>Your broadcast {title(broadcast)} stopped.</b>", _stopped(broadcast), ""]
    whole = total(broadcast.counts)
    lines.append(f"{arrived(broadcast.counts):,} of {people(whole)} got it." if whole else "Nobody got it.")
    lines.append("“Broadcasts” in the /menu shows all there is to know about it.")
    return "\n".join(lines)


def cannot_pause(broadcast: Broadcast) -> str:
    """Say why it cannot be paused."""
    if broadcast.status is BroadcastStatus.PAUSED:
        return "It is paused already."
    return "It is not being sent right now." if broadcast.status in UNFINISHED else _OVER_ALREADY


def cannot_resume(broadcast: Broadcast) -> str:
    """Say why it cannot be resumed."""
    return "It is not paused." if broadcast.status in UNFINISHED else _OVER_ALREADY


def cannot_cancel(broadcast: Broadcast) -> str:
    """Say why it cannot be cancelled."""
    return "It is cancelled already." if broadcast.status is BroadcastStatus.CANCELLED else _OVER_ALREADY


def cannot_recall(broadcast: Broadcast) -> str:
    """Say why it cannot be recalled."""
    if broadcast.status in UNFINISHED:
        return "It is not over yet. Cancel it first, then delete it for everyone."
    if broadcast.status is BroadcastStatus.RECALLED:
        return "It was deleted already."
    if broadcast.is_recall_wanted:
        return "It is being deleted already."
    if not held(broadcast.counts):
        return "There is nothing of it to delete."
    return "It stays: Telegram deletes nothing that is older than 48 hours."


# the list


def list_screen(broadcasts: Sequence[Broadcast], page: int, *, more: bool) -> Screen:
    """Return a page of the list, from 0, the newest first."""
    if broadcasts:
        text = "<b>Broadcasts</b>, newest first"
    else:
        what = "This page is empty." if page else "None yet. A broadcast is one message to all subscribers, or to some."
        text = f"<b>Broadcasts</b>\n\n{what}"
    return Screen(text, keyboards.broadcast_list(broadcasts, page, more=more), MENU)
