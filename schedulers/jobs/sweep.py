"""Deleting what a call whose answer was lost may have left in a private chat.

Its messages have ids between the newest one known before the call and the first one known after it (BOTAPI §3.3). Ids
of other chats are safe: Telegram passes over what is not in the chat that is named.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiogram import Bot

from core.delivery import SWEEP_MAX
from database.operations import broadcast_rows
from database.operations.known_messages import known_between
from schedulers.jobs.message_deletion import IDS_MAX, delete_messages
from sender.message_ids import message_ids_of

#: calls that look for undeletable ids in one sweep
HALVING_MAX = 100
#: what was stored earlier than this before a call is not among its ids, whatever the clocks of two machines say
_CLOCKS_DIFFER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Span:
    """The ids a lost answer may have named: above `after` and below `before` in `chat_id`."""

    chat_id: int
    after: int
    before: int
    #: when the call was made
    sent_at: datetime
    #: ids known to be something else, besides those in the database
    known: frozenset[int] = frozenset()
    #: the promise of the delivery itself
    promise_id: str | None = None


@dataclass(frozen=True, slots=True)
class Swept:
    """What became of a span."""

    #: ids Telegram refused to delete
    refused: int
    #: ids that were not looked at, because the span is longer than SWEEP_MAX
    left: int
    #: ids left alone because a message that is being sent in that chat may get them: sweep again later
    held: int = 0


def end_of_span(bot: Bot, after: int, before: int | None) -> int | None:
    """Return `before`, or else the first id after the newest one seen; None when that one is older than `after`.

    Without `before` it is at least one call's worth of ids: what the lost answer named may be newer than all seen.
    """
    if before is not None:
        return before
    newest = message_ids_of(bot).newest
    return None if newest is None or newest < after else max(newest, after + IDS_MAX) + 1


async def sweep(bot: Bot, span: Span) -> Swept:
    """Delete the first SWEEP_MAX ids of the span, except those known to be something else. Idempotent.

    Raises the Telegram error of a failure other than a refusal to delete.
    """
    end = min(span.before, span.after + 1 + SWEEP_MAX)
    seen: Iterable[int] = message_ids_of(bot).seen_between(span.chat_id, span.after, end)
    stored = await known_between(
        span.chat_id,
        span.after,
        end,
        bot_id=bot.id,
        since=span.sent_at - _CLOCKS_DIFFER,
        besides=span.promise_id,
    )
    known = stored.ids | span.known | set(seen)
    held = stored.may_become - known
    ids = [number for number in range(span.after + 1, end) if number not in known | held]
    deletion = await delete_messages(bot, span.chat_id, ids, halving_max=HALVING_MAX)
    return Swept(len(deletion.refused), max(span.before - end, 0), len(held))


class LostAnswers:
    """The lost answers of one run of a broadcast, until the first id after each is known.

    That is the id of a copy whose call began after the loss. An id that merely came later proves nothing: it may be of
    a call that was made before. What has no such id when the run ends is bounded by the next run, or when it is swept.
    """

    def __init__(self, broadcast_id: str, owner: str) -> None:
        self._broadcast_id = broadcast_id
        self._owner = owner
        self._users: set[int] = set()
        #: those of earlier runs have a bound
        self._are_earlier_bounded = False
        self._bounding_earlier = asyncio.Lock()

    def add(self, user_id: int) -> None:
        """Note that the answer to this recipient's call was lost, which is recorded."""
        self._users.add(user_id)

    def without_bound(self) -> frozenset[int]:
        """Return whose answers are lost up to now."""
        return frozenset(self._users)

    async def bound(self, lost_before: frozenset[int], message_id: int) -> None:
        """Record the id of a copy whose call began when the answers to `lost_before` were lost. May be repeated."""
        if not self._are_earlier_bounded:
            await self._bound_earlier(message_id)
        users = lost_before & self._users
        if users:
            await broadcast_rows.bound_sweeps(self._broadcast_id, sorted(users), message_id)
            self._users -= users

    async def _bound_earlier(self, message_id: int) -> None:
        # copies are answered side by side: one of them writes
        async with self._bounding_earlier:
            if not self._are_earlier_bounded:
                await broadcast_rows.bound_earlier_sweeps(self._broadcast_id, self._owner, message_id)
                self._are_earlier_bounded = True
