"""Copies of an erased subscriber that are to be deleted from the chat, and their rows in broadcasts."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any, Protocol

from core.broadcasts import LIFETIME_MAX, RecipientState
from core.errors import AlreadyThere
from database.connection import current_database
from database.operations.broadcast_rows import rows
from database.operations.walks import Place, from_place, place_after
from database.values import Document

#: broadcasts read at once
PAGE = 200
_AT_REST: Document = {
    "attempts": 0,
    "not_before": None,
    "last_error": None,
    "claimed_by": None,
    "claimed_until": None,
    "claim": None,
}
#: no answer came: copies may be there
_UNSURE = (RecipientState.UNKNOWN, RecipientState.SENDING)


class Found(Protocol):
    """What a search found."""

    removed: int
    is_waiting: bool


async def keep_promise(promise: Document | None) -> None:
    """Store the promise to delete copies from the chat of an erased subscriber; may be repeated. None: nothing."""
    if promise is None:
        return
    try:
        await current_database().collection("pending_deletions").insert_one({**promise, **_AT_REST, "is_erased": True})
    except AlreadyThere:
        return


async def erase_broadcast_copies(done: Found, user_id: int, now: datetime, *, is_patient: bool) -> None:
    """Delete the subscriber's rows of all broadcasts; copies that are to be deleted become promises first."""
    async for mine, broadcasts in pages_of_recipients(user_id):
        for row in mine:
            if is_patient and row.get("state") == RecipientState.SENDING:
                done.is_waiting = True
                continue
            await keep_promise(_promise_of(user_id, row, broadcasts[row["_id"]], now))
            # as it was read: a call that was answered since is found by the next search
            is_removed = await rows().delete_one({"_id": row["_id"], "state": row.get("state")})
            done.removed += is_removed


async def pages_of_recipients(user_id: int) -> AsyncIterator[tuple[list[Document], dict[Any, Document]]]:
    """Yield a subscriber's rows of all broadcasts, by pages of broadcasts, with the broadcast of each row by its id.

    Two commands a page of PAGE broadcasts that still have rows.
    """
    place: Place | None = None
    while True:
        found, place = await _with_rows(place)
        by_row: dict[Any, Document] = {f"{broadcast['_id']}:{user_id}": broadcast for broadcast in found}
        if by_row:
            yield await rows().find({"_id": {"$in": list(by_row)}}, limit=len(by_row)), by_row
        if place is None:
            return


async def _with_rows(after: Place | None) -> tuple[list[Document], Place | None]:
    condition = from_place({"are_rows_removed": False}, "created_at", after)
    wanted = ["created_at", "lifetime_minutes", "is_recall_wanted"]
    found = (
        await current_database()
        .collection("broadcasts")
        .find(condition, limit=PAGE, sort=[("created_at", 1)], projection=wanted)
    )
    return found, place_after(found, "created_at", PAGE, after)


def _promise_of(user_id: int, row: Document, broadcast: Document, now: datetime) -> Document | None:
    """Return the promise to delete a recipient's copies; None when there are none, or they stay."""
    state, sent_at = row.get("state"), row.get("sent_at")
    minutes, is_recalled = broadcast.get("lifetime_minutes"), broadcast.get("is_recall_wanted") is True
    # rows may have been edited by hand
    lifetime = minutes if isinstance(minutes, int) and 0 < minutes <= LIFETIME_MAX else 0
    is_there = state == RecipientState.SENT or (state in _UNSURE and row.get("sweep_after") is not None)
    if not is_there or not isinstance(sent_at, datetime) or not (lifetime or is_recalled):
        return None
    return {
        "_id": row["_id"],
        "bot_id": row.get("bot_id"),
        "user_id": user_id,
        "chat_id": user_id,
        "message_ids": row.get("message_ids", []) if state == RecipientState.SENT else [],
        "notice_message_id": None,
        "post_code": "",
        "state": "sent" if state == RecipientState.SENT else "unknown",
        "sweep_after": row.get("sweep_after"),
        "sweep_before": row.get("sweep_before"),
        "known_ids": [],
        "sent_at": sent_at,
        "delete_at": now if is_recalled else sent_at + timedelta(minutes=lifetime),
    }
