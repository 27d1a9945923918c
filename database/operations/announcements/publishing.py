"""From planned to published: what the publisher does with rows of `announcements`, each step one conditional update.

The table of states stands in docs/decisions/0020.
"""

from collections.abc import Sequence
from datetime import datetime

from core.announcements import LEASE_FOR, Announcement, AnnouncementState, leaving_time
from database.operations.announcements.rows import announcements, change_state, find_some, published_mark, record
from database.readable import not_set_aside
from database.values import Document, to_key

#: states from which who made the call writes that it has arrived: also when it was given up, dropped, or put back by a
#: person meanwhile, since what Telegram confirmed is certain
_ARRIVING: Document = {
    "$in": [
        AnnouncementState.SENDING,
        AnnouncementState.UNKNOWN,
        AnnouncementState.PLANNED,
        AnnouncementState.CANCELLED,
    ],
}
_PUBLISHED: Document = {"$in": [AnnouncementState.PUBLISHED]}


async def find_due(
    now: datetime, *, is_now: bool = False, without: Sequence[int] = (), limit: int
) -> list[Announcement]:
    """Return up to `limit` planned announcements due at `now`, the oldest first, but in none of the chats `without`.

    `is_now`: those for which a person waits, or (False) the others.
    """
    condition: Document = {"state": AnnouncementState.PLANNED, "is_now": is_now, "due_at": {"$lte": now}}
    if without:
        condition["chat_id"] = {"$nin": list(without)}
    return await find_some(condition, limit=limit, sort=[("due_at", 1), ("publish_at", 1)])


async def claim(announcement: Announcement, owner: str, bot_id: int, now: datetime) -> Announcement | None:
    """From planned to sending by `owner` with this bot; None when it is no longer due as it was read. Atomic."""
    started = {
        "state": AnnouncementState.SENDING,
        "owner": owner,
        "until": now + LEASE_FOR,
        "due_at": None,
        "bot_id": bot_id,
        "error": None,
        "is_noted": False,
    }
    as_read = {
        "_id": to_key(announcement.id),
        "state": AnnouncementState.PLANNED,
        "count": announcement.count,
        "revision": announcement.revision,
        "due_at": {"$lte": now},
    }
    return await record(await announcements().find_one_and_update(as_read, {"$set": started, "$inc": {"count": 1}}))


async def find_claimed(announcement: Announcement, owner: str) -> Announcement | None:
    """Return it as `owner` has claimed it since it was read as `announcement`; None when that did not happen."""
    claimed = {
        "_id": to_key(announcement.id),
        "state": AnnouncementState.SENDING,
        "owner": owner,
        "count": announcement.count + 1,
    }
    return await record(await announcements().find_one(claimed))


async def renew(owner: str, ids: Sequence[str], now: datetime) -> int:
    """Extend the leases of what `owner` is sending to `now + LEASE_FOR`; returns how many. Each one atomically."""
    if not ids:
        return 0
    mine: Document = {"_id": {"$in": [to_key(one) for one in ids]}, "owner": owner}
    return await announcements().update_many(mine, {"$set": {"until": now + LEASE_FOR}})


def _ended(state: AnnouncementState, **more: object) -> Document:
    return {"$set": {"state": state, "owner": None, "until": None, "due_at": None, "is_noted": False, **more}}


def _called(announcement: Announcement, states: Document) -> Document:
    return {"_id": to_key(announcement.id), "count": announcement.count, "state": states}


async def record_published(announcement: Announcement, message_id: int, now: datetime) -> Announcement | None:
    """From sending to published; None when it was started anew since. `announcement`: as `claim` returned it.

    Also where it was given up, dropped or put back meanwhile. One update, a second where it is to be withdrawn.
    It is counted once.
    """
    known: Document = {
        "message_id": message_id,
        "published_at": now,
        "shown_cover": None if announcement.cover is None else announcement.cover.model_dump(),
        "error": None,
    }
    if announcement.pin:
        known |= {"is_pin_due": True, "edit_at": now}
    # what was not published before is counted; the others: again, after a lost answer of the database
    for states, mark in ((_ARRIVING, published_mark(now)), (_PUBLISHED, {})):
        for is_wanted in (False, True):
            # a withdrawal that was asked for while it was sent begins now
            condition = {**_called(announcement, states), "is_withdrawal_wanted": is_wanted}
            leaves_at = now if is_wanted else leaving_time(announcement, now)
            published = _ended(AnnouncementState.PUBLISHED, **known, **mark, leaves_at=leaves_at)
            found = await announcements().find_one_and_update(condition, published)
            if found is not None:
                return await record(found)
    return None


async def record_failed(announcement: Announcement, error: str) -> bool:
    """From sending to failed with Telegram's words; False when it was given up or started anew since. Atomic."""
    mine = _called(announcement, {"$in": [AnnouncementState.SENDING, AnnouncementState.UNKNOWN]})
    return await announcements().update_one(mine, _ended(AnnouncementState.FAILED, error=error))


async def record_unknown(announcement: Announcement, error: str) -> bool:
    """From sending to unknown; False when that is known already. Atomic."""
    mine = _called(announcement, {"$in": [AnnouncementState.SENDING]})
    return await announcements().update_one(mine, _ended(AnnouncementState.UNKNOWN, error=error))


async def release(announcement: Announcement, due_at: datetime, error: str | None = None) -> bool:
    """From sending back to planned, because nothing was sent; tried again at `due_at`. Atomic.

    False when it was given up since, or a withdrawal was asked for: then it is cancelled.
    """
    mine = _called(announcement, {"$in": [AnnouncementState.SENDING, AnnouncementState.UNKNOWN]})
    planned = _ended(AnnouncementState.PLANNED, due_at=due_at, error=error)
    if await announcements().update_one({**mine, "is_withdrawal_wanted": False}, planned):
        return True
    await announcements().update_one(mine, _ended(AnnouncementState.CANCELLED, error=error))
    return False


async def give_up_lapsed(now: datetime, limit: int) -> list[Announcement]:
    """From sending to unknown, of up to `limit` whose owner's lease ran out; returns those. Each one atomically.

    A lease that ends later than any can was written by a clock that has been put back since: it has run out, too.
    """
    given_up = []
    for one in await find_some({"state": AnnouncementState.SENDING}, limit=limit):
        is_held = one.until is not None and now <= one.until <= now + 2 * LEASE_FOR
        if is_held:
            continue
        as_read = {**_called(one, {"$in": [AnnouncementState.SENDING]}), "until": one.until}
        found = await record(await announcements().find_one_and_update(as_read, _ended(AnnouncementState.UNKNOWN)))
        given_up += [] if found is None else [found]
    return given_up


async def mark_missed(announcement: Announcement) -> bool:
    """From planned to missed; False when it was changed since it was read. Atomic."""
    as_read = {"due_at": announcement.due_at, "count": announcement.count}
    missed = {"state": AnnouncementState.MISSED, "due_at": None}
    return await change_state(announcement.id, [AnnouncementState.PLANNED], missed, **as_read) is not None


async def drop(announcement: Announcement, error: str) -> bool:
    """From planned to cancelled, as its post is not there any more. False when it was changed meanwhile. Atomic."""
    as_read = {"due_at": announcement.due_at, "count": announcement.count}
    dropped = {"state": AnnouncementState.CANCELLED, "due_at": None, "error": error}
    return await change_state(announcement.id, [AnnouncementState.PLANNED], dropped, **as_read) is not None


async def postpone(announcement: Announcement, due_at: datetime) -> bool:
    """Try a planned one again at `due_at`; the time people read stays. False when it was changed since. Atomic."""
    as_read = {"due_at": announcement.due_at, "count": announcement.count}
    changed = await change_state(announcement.id, [AnnouncementState.PLANNED], {"due_at": due_at}, **as_read)
    return changed is not None


async def find_last_published_at(chat_id: int, now: datetime) -> datetime | None:
    """Return when the last announcement up to `now` was published in a channel; None when none was."""
    condition = {"chat_id": chat_id, "published_at": {"$lte": now}}
    found = await announcements().find_one(condition, sort=[("published_at", -1)], projection=["published_at"])
    return None if found is None else found["published_at"]


async def find_unnoted(limit: int) -> list[Announcement]:
    """Return up to `limit` announcements whose state has changed since their post was told."""
    return await find_some({"is_noted": False}, limit=limit)


async def mark_noted(announcement: Announcement) -> bool:
    """Record that its post knows its state; False when that has changed since it was read. Atomic."""
    as_read = {"_id": to_key(announcement.id), "state": announcement.state, "count": announcement.count}
    return await announcements().update_one(as_read, {"$set": {"is_noted": True}})


async def has_work(now: datetime) -> bool:
    """Return whether something is to be published, edited, given up, or told to its post. One command."""
    states: list[Document] = [
        {"state": AnnouncementState.PLANNED, "is_now": {"$in": [False, True]}, "due_at": {"$lte": now}},
        {"state": AnnouncementState.PUBLISHED, "edit_at": {"$lte": now}},
        {"state": AnnouncementState.SENDING, "until": {"$lt": now}},
        {"state": AnnouncementState.SENDING, "until": {"$gt": now + 2 * LEASE_FOR}},
        {"is_noted": False},
    ]
    work = {"$or": states, **not_set_aside(now)}
    return await announcements().find_one(work, projection=["_id"]) is not None
