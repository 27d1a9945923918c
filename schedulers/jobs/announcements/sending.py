"""Publishing one announcement: its row is claimed before the call and gets its state after it.

A row that a killed process leaves in state sending becomes unknown when its lease has run out: nothing is sent twice.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import structlog

from core.announcements import Announcement, AnnouncementState, catch_up_at, is_late, is_missed
from core.errors import StoreUnavailable, TollgateError
from core.posts import PostStatus
from core.retries import retry_while_unavailable
from database.operations.announcements import publishing
from database.operations.posts import post_ops
from schedulers.jobs.announcements.alerts import AnnouncementAlerts
from schedulers.jobs.announcements.calls import AnnouncementCalls, Done, Gone, Later, Outcome, Refused, Unknown
from schedulers.runner import Run
from sender.limiting.send_limiter import SendLimiter
from views.publishing import announcement_texts as texts

log = structlog.get_logger("tollgate.publisher")

T = TypeVar("T")


class CannotPublish(TollgateError):
    """Telegram refuses the bot's token; announcements wait for the owner."""


class Sending:
    """Publishes in one run. `close` it, or the limiter keeps calling it."""

    def __init__(
        self, calls: AnnouncementCalls, bot_id: int, alerts: AnnouncementAlerts, run: Run, limiter: SendLimiter
    ) -> None:
        """`limiter`: that of the bot with `bot_id`, which makes `calls`."""
        self._calls = calls
        self._bot_id = bot_id
        self._alerts = alerts
        self._run = run
        self._limiter = limiter
        #: tasks whose call has passed the limiter
        self._past_limiter: set[asyncio.Task[Any] | None] = set()
        self._hook = self._limiter_passed
        #: why no announcement can be sent at present
        self.error: CannotPublish | None = None
        limiter.on_bulk_turn = self._hook

    def close(self) -> None:
        if self._limiter.on_bulk_turn is self._hook:
            self._limiter.on_bulk_turn = None

    def _limiter_passed(self) -> None:
        self._past_limiter.add(asyncio.current_task())

    def _may_have_been_sent(self, one: Announcement) -> bool:
        """Whether the running task's call may have been made; True as well when that is not known."""
        is_watched = not one.is_now and self._limiter.on_bulk_turn is self._hook
        return not is_watched or asyncio.current_task() in self._past_limiter

    async def _query(self, operation: Callable[[], Awaitable[T]]) -> T:
        return await retry_while_unavailable(operation, self._run.clock)

    async def claim(self, one: Announcement) -> Announcement | None:
        """Claim a due announcement; None when it is not to be sent now: missed, put off, or changed meanwhile."""
        now = self._run.now()
        if await self._is_removed(one.post_code):
            is_dropped = await self._query(partial(publishing.drop, one, texts.POST_REMOVED))
            self._run.done["cancelled"] += is_dropped
            return None
        if is_missed(one.publish_at, now):
            if await self._query(partial(publishing.mark_missed, one)):
                self._run.done["missed"] += 1
                await self._alerts.tell(one.model_copy(update={"state": AnnouncementState.MISSED}))
            return None
        free_at = await self._free_at(one, now)
        if free_at is not None:
            await self._query(partial(publishing.postpone, one, free_at))
            return None
        claim = partial(publishing.claim, one, self._run.owner, self._bot_id, now)
        try:
            return await claim()
        except StoreUnavailable:
            # the claim may be stored, and then the same one does not match again
            found = await self._query(partial(publishing.find_claimed, one, self._run.owner))
            return found or await self._query(claim)

    async def _is_removed(self, post_code: str) -> bool:
        """Whether its button would lead to a post that is not available: removed, or undone right after it was made."""
        post = await self._query(partial(post_ops.find, post_code))
        return post is None or post.status is PostStatus.REMOVED

    async def _free_at(self, one: Announcement, now: datetime) -> datetime | None:
        """Return until when its channel is to be left alone, because it is late; None: it is not."""
        if not is_late(one.publish_at, now):
            return None
        last_at = await self._query(partial(publishing.find_last_published_at, one.chat_id, now))
        return catch_up_at(last_at, now)

    async def send(self, claimed: Announcement) -> None:
        """Publish a claimed announcement and write what became of it."""
        try:
            outcome = await self._calls.publish(claimed)
        except asyncio.CancelledError:
            if not self._may_have_been_sent(claimed):
                # its call was never made, so nothing can have been sent
                await publishing.release(claimed, claimed.publish_at)
            raise
        finally:
            self._past_limiter.discard(asyncio.current_task())
        await self._write(claimed, outcome)

    async def _write(self, claimed: Announcement, outcome: Outcome) -> None:
        match outcome:
            case Done():
                await self._write_published(claimed, outcome.message_id or 0)
            case Refused():
                await self._query(partial(publishing.record_failed, claimed, outcome.error))
                await self._ended(claimed, AnnouncementState.FAILED, outcome.error)
            case Unknown():
                await self._query(partial(publishing.record_unknown, claimed, outcome.error))
                await self._ended(claimed, AnnouncementState.UNKNOWN, outcome.error)
            case Later():
                due_at = self._run.now() + timedelta(seconds=outcome.pause_s)
                await self._query(partial(publishing.release, claimed, due_at, outcome.error))
                self._run.done["postponed"] += 1
                if outcome.stops_run:
                    self.error = CannotPublish(outcome.error)
            case Gone():
                raise AssertionError("a message that was not there cannot be missing")

    async def _write_published(self, claimed: Announcement, message_id: int) -> None:
        record = partial(publishing.record_published, claimed, message_id, self._run.now())
        if await self._query(record) is None:
            log.error("announcement.not_recorded", announcement=claimed.id, message_id=message_id)
            return
        self._run.done["published"] += 1
        log.info("announcement.published", announcement=claimed.id, chat_id=claimed.chat_id, message_id=message_id)
        if claimed.count > 1:
            await self._alerts.settle(claimed.key)

    async def _ended(self, claimed: Announcement, state: AnnouncementState, error: str) -> None:
        self._run.done[state.value] += 1
        log.warning("announcement.not_published", announcement=claimed.id, state=state.value, error=error)
        await self._alerts.tell(claimed.model_copy(update={"state": state, "error": error}))

    async def give_up_lapsed(self, limit: int) -> None:
        """Give up what processes that are gone were sending: it is unknown, and the owners are told."""
        for one in await self._query(partial(publishing.give_up_lapsed, self._run.now(), limit)):
            await self._ended(one, AnnouncementState.UNKNOWN, "the process that sent it was gone")
