"""Buttons of a broadcast that was confirmed, and of the list of broadcasts."""

from collections.abc import Sequence
from datetime import datetime

from aiogram.types import InlineKeyboardMarkup

from core.broadcasts import ENDED, UNFINISHED, Broadcast, BroadcastStatus, RecipientState
from core.delivery import TELEGRAM_DELETE_LIMIT
from views.admin_buttons import Row, button, keyboard
from views.broadcasts.progress_callbacks import RunAction, RunButton, RunList
from views.html import bare, cut
from views.words import people

#: characters of a title on a button
_TITLE_MAX = 40


def _act(act: RunAction, broadcast: Broadcast) -> str:
    return RunButton(act=act, broadcast_id=broadcast.id).pack()


def standing(broadcast: Broadcast) -> int:
    """People in whose chats its copies stand, as far as we know."""
    return broadcast.counts.get(RecipientState.SENT, 0)


def may_take_back(broadcast: Broadcast, now: datetime) -> bool:
    """Whether "Take back now" has something to do; the operation decides when it is pressed."""
    return (
        broadcast.status in (*ENDED, BroadcastStatus.RECALLING)
        and not broadcast.is_recall_wanted
        and not broadcast.are_rows_removed
        and broadcast.finished_at is not None
        and broadcast.finished_at > now - TELEGRAM_DELETE_LIMIT
        and standing(broadcast) > 0
    )


def progress(broadcast: Broadcast, now: datetime) -> InlineKeyboardMarkup | None:
    """Under the progress message; None when nothing can be done."""
    row: Row = []
    if broadcast.status is BroadcastStatus.SENDING:
        row.append(button("Pause", _act(RunAction.PAUSE, broadcast)))
    if broadcast.status is BroadcastStatus.PAUSED:
        row.append(button("Resume", _act(RunAction.RESUME, broadcast)))
    if broadcast.status in UNFINISHED:
        row.append(button("Cancel", _act(RunAction.CANCEL, broadcast)))
    if may_take_back(broadcast, now):
        row.append(button("Take back now", _act(RunAction.TAKE_BACK, broadcast)))
    return keyboard(row) if row else None


def confirm_cancel(broadcast: Broadcast) -> InlineKeyboardMarkup:
    return keyboard(
        [button("Cancel the broadcast", _act(RunAction.CANCEL_SURE, broadcast))],
        [button("Back", _act(RunAction.SHOW, broadcast))],
    )


def confirm_take_back(broadcast: Broadcast) -> InlineKeyboardMarkup:
    return keyboard(
        [button(f"Take back from {people(standing(broadcast))}", _act(RunAction.TAKE_BACK_SURE, broadcast))],
        [button("Back", _act(RunAction.SHOW, broadcast))],
    )


def moved(broadcast: Broadcast) -> InlineKeyboardMarkup:
    """Under a message in which a broadcast is no longer watched."""
    return keyboard([button("Show it here", _act(RunAction.SHOW, broadcast))])


def broadcast_list(broadcasts: Sequence[Broadcast], first: int, page: int, *, more: bool) -> InlineKeyboardMarkup:
    """One button a broadcast, numbered from `first`, then turning pages."""
    entries: list[Row] = [
        [button(f"{first + place} · {cut(bare(one.title), _TITLE_MAX)}", _act(RunAction.SHOW, one))]
        for place, one in enumerate(broadcasts)
    ]
    turning: Row = [button("‹ Prev", RunList(page=page - 1).pack())] if page else []
    turning.append(button("Refresh", RunList(page=page).pack()))
    if more:
        turning.append(button("Next ›", RunList(page=page + 1).pack()))
    return keyboard(*entries, turning)
