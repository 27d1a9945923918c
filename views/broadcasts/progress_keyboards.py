"""Buttons of a confirmed broadcast, and of the list."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from core.broadcasts import UNFINISHED, Broadcast, BroadcastStatus, RecipientState, can_recall
from views.broadcasts.progress_callbacks import BroadcastAction, BroadcastButton, BroadcastList, NewBroadcast
from views.buttons import DANGER, PRIMARY, Row, button
from views.html import bare, cut
from views.language import _, pgettext
from views.quantities import people
from views.screens import Parent

#: characters of a title on a button
_TITLE_MAX = 22
#: what a broadcast does, in at most 15 characters
_LISTED: Mapping[BroadcastStatus, Callable[[], str]] = {
    BroadcastStatus.QUEUED: lambda: pgettext("state of a broadcast", "waiting"),
    BroadcastStatus.SENDING: lambda: pgettext("state of a broadcast", "being sent"),
    BroadcastStatus.PAUSED: lambda: pgettext("state of a broadcast", "paused"),
    BroadcastStatus.SENT: lambda: pgettext("state of a broadcast", "sent"),
    BroadcastStatus.RECALLING: lambda: pgettext("state of a broadcast", "being deleted"),
    BroadcastStatus.RECALLED: lambda: pgettext("state of a broadcast", "deleted"),
    BroadcastStatus.CANCELLED: lambda: pgettext("state of a broadcast", "cancelled"),
    BroadcastStatus.FAILED: lambda: pgettext("state of a broadcast", "⚠ stopped"),
}


def listed(status: BroadcastStatus) -> str:
    """Say in the list what a broadcast does."""
    return _LISTED[status]()


def _act(act: BroadcastAction, broadcast: Broadcast) -> str:
    return BroadcastButton(act=act, broadcast_id=broadcast.id).pack()


def to_progress(broadcast: Broadcast) -> Parent:
    """Return the broadcast's progress as the parent of a screen."""
    return Parent(_("Broadcast"), _act(BroadcastAction.SHOW, broadcast))


def progress(broadcast: Broadcast, now: datetime) -> tuple[Row, ...]:
    """Return the buttons below the progress message."""
    row: Row = []
    if broadcast.status is BroadcastStatus.SENDING:
        row.append(button(_("Pause"), _act(BroadcastAction.PAUSE, broadcast)))
    if broadcast.status is BroadcastStatus.PAUSED:
        row.append(button(_("Resume"), _act(BroadcastAction.RESUME, broadcast)))
    if broadcast.status in UNFINISHED:
        row.append(button(pgettext("button", "Cancel"), _act(BroadcastAction.CANCEL, broadcast)))
    if can_recall(broadcast, now):
        row.append(button(_("Delete for everyone"), _act(BroadcastAction.RECALL, broadcast)))
    return (row,) if row else ()


def confirm_cancel(broadcast: Broadcast) -> tuple[Row, ...]:
    return ([button(_("Cancel the broadcast"), _act(BroadcastAction.CANCEL_CONFIRMED, broadcast), style=DANGER)],)


def confirm_recall(broadcast: Broadcast) -> tuple[Row, ...]:
    count = broadcast.counts.get(RecipientState.SENT, 0)
    words = _("Delete for {people}").format(people=people(count)) if count else pgettext("button", "Delete")
    return ([button(words, _act(BroadcastAction.RECALL_CONFIRMED, broadcast), style=DANGER)],)


def moved(broadcast: Broadcast) -> tuple[Row, ...]:
    """Return the buttons below a message that is no longer the progress message."""
    return ([button(_("Show it here"), _act(BroadcastAction.SHOW, broadcast))],)


def broadcast_list(broadcasts: Sequence[Broadcast], page: int, *, more: bool) -> tuple[Row, ...]:
    """Return `New broadcast`, one button per broadcast, then the pages."""
    entries: list[Row] = [[button(_entry(one), _act(BroadcastAction.SHOW, one))] for one in broadcasts]
    turning: Row = [button(_("‹ Prev"), BroadcastList(page=page - 1).pack())] if page else []
    if more:
        turning.append(button(_("Next ›"), BroadcastList(page=page + 1).pack()))
    new: list[Row] = [] if page else [[button(_("New broadcast"), NewBroadcast().pack(), style=PRIMARY)]]
    return (*new, *entries, turning)


def _entry(broadcast: Broadcast) -> str:
    title = cut(bare(broadcast.title).strip() or _("without text"), _TITLE_MAX)
    return f"{title} · {listed(broadcast.status)}"
