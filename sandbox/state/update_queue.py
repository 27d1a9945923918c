"""The update queue of one bot (BOTAPI §2.2)."""

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import dropwhile, islice
from typing import Any

from sandbox.errors import OTHER_POLL, ApiError, conflict

Json = dict[str, Any]

ALL_UPDATES = frozenset(
    [
        "message",
        "edited_message",
        "channel_post",
        "edited_channel_post",
        "business_connection",
        "business_message",
        "edited_business_message",
        "deleted_business_messages",
        "message_reaction",
        "message_reaction_count",
        "inline_query",
        "chosen_inline_result",
        "callback_query",
        "shipping_query",
        "pre_checkout_query",
        "purchased_paid_media",
        "poll",
        "poll_answer",
        "my_chat_member",
        "chat_member",
        "chat_join_request",
        "chat_boost",
        "removed_chat_boost",
    ]
)
#: The kinds a bot receives by default: all but three (BOTAPI §2.2).
DEFAULT_UPDATES = ALL_UPDATES - {"chat_member", "message_reaction", "message_reaction_count"}
#: Seconds an update of a kind is kept (BOTAPI §2.2 "retention").
KEPT_FOR_S = {"callback_query": 150, "pre_checkout_query": 150, "shipping_query": 150, "inline_query": 30}
KEPT_FOR_DEFAULT_S = 24 * 3600
MAX_QUEUED = 100_000
#: An offset more than this beyond the last update confirms nothing (BOTAPI §2.2 "offset").
MAX_OFFSET_AHEAD = 10


@dataclass(slots=True, frozen=True)
class Queued:
    """A queued update."""

    update_id: int
    expires_at: float
    body: Json


class UpdateQueue:
    """The updates waiting for one bot. `update_id` starts at a random number and grows by one."""

    def __init__(self, first_id: int) -> None:
        self.next_id = first_id
        #: Highest update_id that has been in an answer.
        self.sent_up_to = first_id - 1
        self._items: deque[Queued] = deque()
        self._soonest_expiry = math.inf
        self._waiter: asyncio.Future[None] | None = None
        self._repeated: list[Json] = []
        #: called with every new update, while the bot has a webhook
        self.on_added: Callable[[], None] | None = None

    def __len__(self) -> int:
        return len(self._items)

    @property
    def has_unseen(self) -> bool:
        """Whether an update waits that has been in no answer yet."""
        return bool(self._items) and self._items[-1].update_id > self.sent_up_to

    def push(self, kind: str, payload: Json, now: float) -> int | None:
        """Queue an update dated `now` and wake the poll. Returns its id, None when the queue is full."""
        if len(self._items) >= MAX_QUEUED:
            return None
        update_id = self.next_id
        self.next_id += 1
        kept_for = KEPT_FOR_S.get(kind, KEPT_FOR_DEFAULT_S)
        self._items.append(Queued(update_id, now + kept_for, {"update_id": update_id, kind: payload}))
        self._soonest_expiry = min(self._soonest_expiry, now + kept_for)
        self.end_wait()
        if self.on_added is not None:
            self.on_added()
        return update_id

    def confirm(self, offset: int) -> None:
        """Delete the updates that `offset` confirms (0: none; negative: all but the last `-offset`)."""
        items = self._items
        if offset < 0:
            while len(items) > -offset:
                items.popleft()
            return
        if offset >= self.next_id + MAX_OFFSET_AHEAD:
            return
        while items and items[0].update_id < offset:
            items.popleft()

    def take(self, limit: int, now: float) -> list[Json]:
        """Return up to `limit` oldest updates that have not expired; they stay queued until confirmed."""
        if self._repeated:
            repeated, self._repeated = self._repeated, []
            return repeated[:limit]
        self._drop_expired(now)
        taken = [item.body for item, _ in zip(self._items, range(limit), strict=False)]
        if taken:
            self.sent_up_to = max(self.sent_up_to, taken[-1]["update_id"])
        return taken

    def after(self, update_id: int, limit: int, now: float) -> list[Queued]:
        """Return up to `limit` oldest updates behind `update_id` that have not expired."""
        self._drop_expired(now)
        return list(islice(dropwhile(lambda item: item.update_id <= update_id, self._items), max(limit, 0)))

    def forget(self, update_id: int) -> None:
        """Delete one update, which a webhook has taken; an unknown one is ignored."""
        for index, item in enumerate(self._items):
            if item.update_id >= update_id:
                if item.update_id == update_id:
                    del self._items[index]
                return

    def renumber(self, first_id: int) -> None:
        """Number the next update `first_id`, as Telegram does after a week without updates; drops what is queued."""
        self.clear()
        self.next_id, self.sent_up_to = first_id, first_id - 1

    def repeat(self, batch: list[Json]) -> None:
        """Answer the next request with `batch` again, even if it has been confirmed (fault `duplicate_update`)."""
        self._repeated = batch

    def clear(self) -> None:
        """Remove all updates."""
        self._items.clear()
        self._repeated = []

    async def wait(self, timeout_s: float) -> None:
        """Wait for the next update, at most `timeout_s`. A poll that is already waiting gets 409 (BOTAPI §2.2)."""
        self.stop_waiting(conflict(OTHER_POLL))
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiter = waiter
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await waiter
        finally:
            if self._waiter is waiter:
                self._waiter = None

    def end_wait(self) -> None:
        """Answer the poll that is waiting, if any, at once with what is queued: nothing."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def stop_waiting(self, error: ApiError) -> None:
        """Make the poll that is waiting, if any, fail with `error`."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)

    def _drop_expired(self, now: float) -> None:
        if now < self._soonest_expiry:
            return
        self._items = deque(item for item in self._items if item.expires_at > now)
        self._soonest_expiry = min((item.expires_at for item in self._items), default=math.inf)
