"""Buttons of a confirmed broadcast, and of the list."""

from collections.abc import Sequence
from datetime import datetime

from aiogram.types import InlineKeyboardMarkup

from core.broadcasts import ENDED, UNFINISHED, Broadcast, BroadcastStatus, RecipientState, held
from core.delivery import TELEGRAM_DELETE_LIMIT
from views.broadcasts.progress_callbacks import BroadcastAction, BroadcastButton, BroadcastList
from views.buttons import Row, button, keyboard
from views.html import bare, cut
from views.quantities import people

#: characters of a title on a button
_TITLE_MAX = 40


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


def progress(broadcast: Broadcast, now: datetime) -> InlineKeyboardMarkup | None:
    """Return the buttons below the progress message; None if nothing can be done."""
    row: Row = []
    if broadcast.status is BroadcastStatus.SENDING:
        row.append(button("Pause", _act(BroadcastAction.PAUSE, broadcast)))
    if broadcast.status is BroadcastStatus.PAUSED:
        row.append(button("Resume", _act(BroadcastAction.RESUME, broadcast)))
    if broadcast.status in UNFINISHED:
        row.append(button("Cancel", _act(BroadcastAction.CANCEL, broadcast)))
    if can_recall(broadcast, now):
        row.append(button("Take back now", _act(BroadcastAction.RECALL, broadcast)))
    return keyboard(row) if row else None


def confirm_cancel(broadcast: Broadcast) -> InlineKeyboardMarkup:
    return keyboard(
        [button("Cancel the broadcast", _act(BroadcastAction.CANCEL_CONFIRMED, broadcast))],
        [button("Back", _act(BroadcastAction.SHOW, broadcast))],
    )


def confirm_recall(broadcast: Broadcast) -> InlineKeyboardMarkup:
    count = broadcast.counts.get(RecipientState.SENT, 0)
    whom = f" from {people(count)}" if count else ""
    return keyboard(
        [button(f"Take back{whom}", _act(BroadcastAction.RECALL_CONFIRMED, broadcast))],
        [button("Back", _act(BroadcastAction.SHOW, broadcast))],
    )


def moved(broadcast: Broadcast) -> InlineKeyboardMarkup:
    """Return the buttons below a message that is no longer the progress message."""
    return keyboard([button("Show it here", _act(BroadcastAction.SHOW, broadcast))])


def broadcast_list(broadcasts: Sequence[Broadcast], first: int, page: int, *, more: bool) -> InlineKeyboardMarkup:
    """Return one button per broadcast, numbered from `first`, then the pages."""
    entries: list[Row] = [
        [button(f"{first + place} · {cut(bare(one.title), _TITLE_MAX)}", _act(BroadcastAction.SHOW, one))]
        for place, one in enumerate(broadcasts)
    ]
    turning: Row = [button("‹ Prev", BroadcastList(page=page - 1).pack())] if page else []
    turning.append(button("Refresh", BroadcastList(page=page).pack()))
    if more:
        turning.append(button("Next ›", BroadcastList(page=page + 1).pack()))
    return keyboard(*entries, turning)
