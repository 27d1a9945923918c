"""Buttons of a confirmed broadcast, and of the list."""

from collections.abc import Sequence
from datetime import datetime

from core.broadcasts import ENDED, UNFINISHED, Broadcast, BroadcastStatus, RecipientState, held
from core.delivery import TELEGRAM_DELETE_LIMIT
from views.broadcasts.progress_callbacks import BroadcastAction, BroadcastButton, BroadcastList, NewBroadcast
from views.buttons import DANGER, PRIMARY, Row, button
from views.html import bare, cut
from views.quantities import people
from views.screens import Parent

#: characters of a title on a button
_TITLE_MAX = 22
#: what a broadcast does, in at most 15 characters
LISTED = {
    BroadcastStatus.QUEUED: "waiting",
    BroadcastStatus.SENDING: "being sent",
    BroadcastStatus.PAUSED: "paused",
    BroadcastStatus.SENT: "sent",
    BroadcastStatus.RECALLING: "being deleted",
    BroadcastStatus.RECALLED: "deleted",
    BroadcastStatus.CANCELLED: "cancelled",
    BroadcastStatus.FAILED: "⚠ stopped",
}


def _act(act: BroadcastAction, broadcast: Broadcast) -> str:
    return BroadcastButton(act=act, broadcast_id=broadcast.id).pack()


def can_recall(broadcast: Broadcast, now: datetime) -> bool:
    """Return whether the recall button is shown; the operation decides again when it is pressed."""
    return (
        broadcast.status in (*ENDED, BroadcastStatus.RECALLING)
        and not broadcast.is_recall_wanted
        and not broadcast.are_rows_removed
        and broadcast.finished_at is not None
        and broadcast.finished_at > now - TELEGRAM_DELETE_LIMIT
        and held(broadcast.counts) > 0
    )


def to_progress(broadcast: Broadcast) -> Parent:
    """Return the broadcast's progress as the parent of a screen."""
    return Parent("Broadcast", _act(BroadcastAction.SHOW, broadcast))


def progress(broadcast: Broadcast, now: datetime) -> tuple[Row, ...]:
    """Return the buttons below the progress message."""
    row: Row = []
    if broadcast.status is BroadcastStatus.SENDING:
        row.append(button("Pause", _act(BroadcastAction.PAUSE, broadcast)))
    if broadcast.status is BroadcastStatus.PAUSED:
        row.append(button("Resume", _act(BroadcastAction.RESUME, broadcast)))
    if broadcast.status in UNFINISHED:
        row.append(button("Cancel", _act(BroadcastAction.CANCEL, broadcast)))
    if can_recall(broadcast, now):
        row.append(button("Delete for everyone", _act(BroadcastAction.RECALL, broadcast)))
    return (row,) if row else ()


def confirm_cancel(broadcast: Broadcast) -> tuple[Row, ...]:
    return ([button("Cancel the broadcast", _act(BroadcastAction.CANCEL_CONFIRMED, broadcast), style=DANGER)],)


def confirm_recall(broadcast: Broadcast) -> tuple[Row, ...]:
    count = broadcast.counts.get(RecipientState.SENT, 0)
    whom = f" for {people(count)}" if count else ""
    return ([button(f"Delete{whom}", _act(BroadcastAction.RECALL_CONFIRMED, broadcast), style=DANGER)],)


def moved(broadcast: Broadcast) -> tuple[Row, ...]:
    """Return the buttons below a message that is no longer the progress message."""
    return ([button("Show it here", _act(BroadcastAction.SHOW, broadcast))],)


def broadcast_list(broadcasts: Sequence[Broadcast], page: int, *, more: bool) -> tuple[Row, ...]:
    """Return `New broadcast`, one button per broadcast, then the pages."""
    entries: list[Row] = [[button(_entry(one), _act(BroadcastAction.SHOW, one))] for one in broadcasts]
    turning: Row = [button("‹ Prev", BroadcastList(page=page - 1).pack())] if page else []
    if more:
        turning.append(button("Next ›", BroadcastList(page=page + 1).pack()))
    new: list[Row] = [] if page else [[button("New broadcast", NewBroadcast().pack(), style=PRIMARY)]]
    return (*new, *entries, turning)


def _entry(broadcast: Broadcast) -> str:
    title = cut(bare(broadcast.title).strip() or "without text", _TITLE_MAX)
    return f"{title} · {LISTED[broadcast.status]}"
