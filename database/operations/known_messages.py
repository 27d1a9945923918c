"""Message ids in a private chat that are known to belong to something: what a sweep must leave alone."""

from dataclasses import dataclass, field
from datetime import datetime

from core.broadcasts import BroadcastStatus, RecipientState
from core.delivery import SWEEP_MAX, TELEGRAM_DELETE_LIMIT
from database.connection import current_database
from database.values import Document, to_key

#: a delivery is in one of them; in `deliveries` also one that is never deleted
_HOMES = ("deliveries", "pending_deletions")
#: broadcasts whose copies can lie in the time of one sweep; more than are sent in two days
_BROADCASTS_MAX = 100


@dataclass(slots=True)
class Known:
    """Ids inside a span that are no lost copy, or may be none."""

    #: of deliveries, copies of broadcasts and gate messages
    ids: set[int] = field(default_factory=set)
    #: that a message which is being sent now may get
    may_become: set[int] = field(default_factory=set)


async def known_between(
    chat_id: int, after: int, before: int, *, bot_id: int, since: datetime, besides: str | None = None
) -> Known:
    """Return ids above `after` and below `before` that deliveries and broadcasts of this bot have in `chat_id`.

    `since`: when `after` was the newest id, or earlier.
    `besides`: the promise whose own ids do not count. At most `SWEEP_MAX` rows are read of each kind: each has an id
    in a span that is not longer.
    """
    own = {"$in": [bot_id, None]}
    span: Document = {"$gt": after, "$lt": before}
    known = Known()
    await _add_deliveries(known, chat_id, span, own, besides)
    await _add_broadcasts(known, chat_id, span, own, since)
    await _add_gate_messages(known, chat_id, span, bot_id)
    return known


async def _add_deliveries(known: Known, chat_id: int, span: Document, own: Document, besides: str | None) -> None:
    condition: Document = {
        "chat_id": chat_id,
        "bot_id": own,
        "$or": [
            {"message_ids": {"$elemMatch": span}},
            {"notice_message_id": span},
            {"pointer_message_id": span},
            {"state": "sending"},
        ],
    }
    if besides is not None:
        condition["_id"] = {"$ne": to_key(besides)}
    fields = ["message_ids", "notice_message_id", "pointer_message_id", "state", "sweep_after"]
    rows: list[Document] = []
    for home in _HOMES:
        rows += await current_database().collection(home).find(condition, limit=SWEEP_MAX, projection=fields)
    ids = [number for row in rows for number in (*_ids_of(row), *map(row.get, fields[1:3]))]
    known.ids |= _in_span(ids, span)
    known.may_become |= _may_become(rows, "sending", span)


async def _add_broadcasts(known: Known, user_id: int, span: Document, own: Document, since: datetime) -> None:
    # each by an index of its own; a resumed one waits as queued, so it is found by its start
    sent_then: tuple[Document, ...] = (
        {"status": {"$in": [BroadcastStatus.SENDING, BroadcastStatus.PAUSED]}},
        {"finished_at": {"$gte": since}},
        {"started_at": {"$gte": since - TELEGRAM_DELETE_LIMIT}},
    )
    database = current_database()
    broadcasts = {
        broadcast["_id"]
        for condition in sent_then
        for broadcast in await database.collection("broadcasts").find(
            condition, limit=_BROADCASTS_MAX, projection=["_id"]
        )
    }
    if not broadcasts:
        return
    keys = [f"{broadcast_id}:{user_id}" for broadcast_id in broadcasts]
    condition: Document = {"_id": {"$in": keys}, "bot_id": own}
    fields = ["message_ids", "state", "sweep_after"]
    rows = await database.collection("broadcast_recipients").find(condition, limit=len(keys), projection=fields)
    ids = [number for row in rows for number in _ids_of(row)]
    known.ids |= _in_span(ids, span)
    known.may_become |= _may_become(rows, RecipientState.SENDING, span)


async def _add_gate_messages(known: Known, user_id: int, span: Document, bot_id: int) -> None:
    user = await current_database().collection("users").find_one({"user_id": user_id}, projection=["gates"])
    gates = {} if user is None else user.get("gates")
    messages = [one for one in gates.values() if isinstance(one, dict)] if isinstance(gates, dict) else []
    known.ids |= _in_span([one.get("message_id") for one in messages if one.get("bot_id") == bot_id], span)


def _ids_of(row: Document) -> list[object]:
    """Return its message ids, whatever they are: the row may have been edited by hand."""
    ids = row.get("message_ids")
    return ids if isinstance(ids, list) else []


def _in_span(ids: list[object], span: Document) -> set[int]:
    return {number for number in ids if isinstance(number, int) and span["$gt"] < number < span["$lt"]}


def _may_become(rows: list[Document], state: str, span: Document) -> set[int]:
    starts = [row.get("sweep_after") for row in rows if row.get("state") == state]
    known = [start for start in starts if isinstance(start, int)]
    return set(range(max(min(known), span["$gt"]) + 1, span["$lt"])) if known else set()
