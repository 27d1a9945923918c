"""Sending one broadcast: a row for each recipient, then a call for each row, several calls at a time.

A row is claimed before its call and gets its final state after it. Rows that a killed process leaves in state sending
become unknown when the next run starts: no recipient gets the broadcast twice, and every recipient is counted.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import structlog
from aiogram import Bot

from core.broadcasts import Broadcast, BroadcastStatus, FailureStreak, RecipientState
from core.errors import TollgateError
from core.retries import retry_while_unavailable
from core.supervisor import Supervisor
from database.operations import broadcast_ops, broadcast_rows, segments, user_ops
from database.operations.broadcast_rows import SentCopies
from monitoring import metrics
from schedulers.jobs.broadcast_calls import BACKOFF_S, NotSent, RecipientCalls, RetryLater, Sent
from schedulers.jobs.broadcasts.sent_results import SentResults
from schedulers.jobs.broadcasts.waiting import waits
from schedulers.jobs.sweep import LostAnswers
from schedulers.runner import Run
from sender.lanes import Lane
from sender.limiting.send_limiter import SendLimiter
from sender.message_ids import message_ids_of

log = structlog.get_logger("tollgate.broadcast")

T = TypeVar("T")

#: users, and rows, read at once
PAGE = 500
#: calls that may wait in the limiter: as many as it starts in so many seconds, and at least so many. Enough to keep
#: the bulk lane busy, few enough that a crash leaves few recipients unknown
QUEUED_S, QUEUED_MIN = 0.1, 3
#: rows are claimed when a part of those may be: at 1,000 a second some 25 in one command, at 30 each by itself
CLAIMS = 4
#: calls in flight, at most as many as the limiter starts in so many seconds
IN_FLIGHT_S = 2.0
#: seconds between two heartbeats, which write the counts and read whether an admin paused or cancelled
BEAT_S = 1.0
#: heartbeats between two exact counts
RECOUNT_EVERY = 60
#: failed attempts at one recipient while Telegram worked
ATTEMPTS_MAX = 5
#: unknown outcomes in a row after which a call without side effects must be answered first, so that an outage does not
#: leave many recipients unknown
UNKNOWN_MAX = 3
#: longest pause while nothing can be sent, in seconds; then a call finds out whether it is over
PAUSE_MAX_S = 60.0


class CannotSend(TollgateError):
    """Telegram refuses the bot's token; the broadcast waits for the owner."""


class Sending:
    """One broadcast in one run. Ends when each recipient had their turn, or when the run or an admin ends it."""

    def __init__(
        self,
        broadcast: Broadcast,
        run: Run,
        bot: Bot,
        limiter: SendLimiter,
        *,
        since: datetime,
        until: datetime,
    ) -> None:
        self._broadcast = broadcast
        self._run = run
        self._limiter = limiter
        self._since = since
        self._until = until
        self._sleep = run.clock.sleep
        self._calls = RecipientCalls(bot, broadcast, run.clock)
        self._bot_id = bot.id
        self._message_ids = message_ids_of(bot)
        self._lost_answers = LostAnswers(broadcast.id, run.owner)
        self._tasks = Supervisor()
        self._sent_results = SentResults(self._mark_sent, self._tasks)
        self._in_flight: set[asyncio.Task[None]] = set()
        #: tasks whose call has passed the limiter
        self._past_limiter: set[asyncio.Task[Any] | None] = set()
        self._changed = asyncio.Event()
        self._counts: Counter[str] = Counter()
        self._troubles = FailureStreak()
        #: user id -> (attempts, how many had been sent at the last one)
        self._attempts: dict[int, tuple[int, int]] = {}
        self._pause_s = 0.0
        self._unknown_in_a_row = 0
        self._is_to_be_sent = True
        #: why the broadcast fails, a sentence for admins
        self._stop_reason: str | None = None
        self._error: BaseException | None = None

    async def send_rest(self) -> None:
        """Continue sending. Raises StoreUnavailable when the database stays away, and CannotSend."""
        self._limiter.on_bulk_turn = self._limiter_passed
        try:
            await self._go()
        finally:
            await self._tasks.close()
            self._limiter.on_bulk_turn = None

    async def _go(self) -> None:
        await self._query(partial(broadcast_rows.mark_lost_unknown, self._broadcast.id, self._run.owner))
        await self._recount()
        self._tasks.keep_running(self._beat, "broadcast beat", self._run.clock)
        if not self._broadcast.is_filled and not await self._make_rows():
            await self._end(has_all=False)
            return
        await self._recount()
        try:
            has_all = await self._send_to_all()
        except TollgateError:
            await self._calls_ended()
            raise
        await self._calls_ended()
        await self._end(has_all=has_all)
        if self._error is not None:
            raise self._error

    def _is_over(self) -> bool:
        return (
            not self._is_to_be_sent
            or self._stop_reason is not None
            or self._error is not None
            or self._run.should_stop
            # a clock that was set back would make it a very long run
            or not self._since <= self._run.now() < self._until
        )

    async def _query(self, operation: Callable[[], Awaitable[T]]) -> T:
        return await retry_while_unavailable(operation, self._run.clock)

    # rows

    async def _make_rows(self) -> bool:
        """Add a row for each recipient, page after page; False when it was stopped before the last page."""
        broadcast, cursor = self._broadcast, self._broadcast.cursor
        started_at = broadcast.started_at or self._run.now()
        while not self._is_over():
            ids = await self._query(
                partial(segments.find_reachable, broadcast.segment, started_at, started_at, after=cursor, limit=PAGE)
            )
            if ids:
                await self._query(partial(broadcast_rows.add_recipients, broadcast.id, ids))
            is_filled = len(ids) < PAGE
            await self._leave_out(started_at, after=cursor, until=None if is_filled else ids[-1])
            cursor = ids[-1] if ids else cursor
            await self._query(partial(broadcast_ops.record_cursor, broadcast.id, cursor, is_filled=is_filled))
            self._counts[RecipientState.PENDING] += len(ids)
            if is_filled:
                return True
        return False

    async def _leave_out(self, started_at: datetime, *, after: int | None, until: int | None) -> None:
        """Leave out users who turned news off while their page was made: then they had no row to change."""
        stopped = await self._query(
            partial(user_ops.find_news_stopped, started_at, after=after, until=until, limit=PAGE)
        )
        for user_id in stopped:
            await self._query(partial(broadcast_rows.leave_out, self._broadcast.id, user_id))

    # calls

    async def _send_to_all(self) -> bool:
        """Send to all pending recipients, pass after pass; True when none is pending any more."""
        after = 0
        while not self._is_over():
            page = await self._query(partial(broadcast_rows.next_pending, self._broadcast.id, after, PAGE))
            if page:
                await self._send_page(page)
                after = page[-1]
                continue
            # recipients given back for a retry are in the next pass
            await self._calls_ended()
            if after == 0:
                return not self._is_over()
            after = 0
        return False

    async def _send_page(self, page: list[int]) -> None:
        # only the stop button is in the recipient's language
        is_told = self._broadcast.has_stop_button
        languages = await self._query(partial(segments.languages_of, page)) if is_told else {}
        while page:
            free = await self._free_slots()
            if self._is_over():
                return
            if self._pause_s > 0:
                await self._wait_out_pause()
                continue
            some, page = page[:free], page[free:]
            for user_id in await self._claim(some):
                self._start(user_id, languages.get(user_id, ()))
            # the new tasks enter the limiter, which counts waiting calls
            await asyncio.sleep(0)

    async def _claim(self, user_ids: list[int]) -> list[int]:
        claim = partial(broadcast_rows.claim, bot_id=self._bot_id, sweep_after=self._message_ids.newest)
        return await self._query(partial(claim, self._broadcast.id, user_ids, self._run.owner, at=self._run.now()))

    async def _free_slots(self) -> int:
        """Wait until a call may start, or sending is over; return how many may start."""
        while True:
            self._changed.clear()
            rate = self._limiter.bulk_rate
            may_wait = max(QUEUED_MIN, round(rate * QUEUED_S))
            queued = may_wait - self._limiter.waiting(Lane.BULK)
            may_be_in_flight = max(QUEUED_MIN, round(rate * IN_FLIGHT_S))
            free = min(queued, may_be_in_flight - len(self._in_flight))
            if free >= max(1, min(may_wait, may_be_in_flight) // CLAIMS) or self._is_over():
                return free
            await self._changed.wait()

    def _start(self, user_id: int, languages: Sequence[str | None]) -> None:
        task = self._tasks.spawn(self._send_to(user_id, languages), f"broadcast to {user_id}")
        self._in_flight.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        self._past_limiter.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._error = self._error or task.exception()
        self._changed.set()

    def _limiter_passed(self) -> None:
        self._past_limiter.add(asyncio.current_task())
        self._changed.set()

    def _may_have_been_sent(self) -> bool:
        """Whether the running task's call may have been made; True as well when that is not known."""
        return asyncio.current_task() in self._past_limiter or self._limiter.on_bulk_turn != self._limiter_passed

    async def _calls_ended(self) -> None:
        """Wait until no call is in flight."""
        while self._in_flight:
            await asyncio.wait(set(self._in_flight))

    async def _wait_out_pause(self) -> None:
        """Send nothing while flood control or an outage lasts."""
        await self._calls_ended()
        while self._pause_s > 0 and not self._is_over():
            nap_s = min(self._pause_s, BEAT_S)
            await self._sleep(nap_s)
            self._pause_s -= nap_s
            if self._pause_s <= 0 and self._is_in_doubt() and not await self._calls.is_telegram_up():
                self._pause_s = BACKOFF_S

    def _is_in_doubt(self) -> bool:
        return self._unknown_in_a_row >= UNKNOWN_MAX

    # one recipient

    async def _send_to(self, user_id: int, languages: Sequence[str | None]) -> None:
        lost_before = self._lost_answers.without_bound()
        try:
            outcome = await self._calls.send(user_id, *languages)
        except asyncio.CancelledError:
            if not self._may_have_been_sent():
                # its call was never made, so nothing can have been sent
                await broadcast_rows.release(self._broadcast.id, user_id, self._run.owner)
            raise
        match outcome:
            case Sent():
                await self._write_sent(user_id, outcome)
                if outcome.message_ids:
                    await self._query(partial(self._lost_answers.bound, lost_before, min(outcome.message_ids)))
            case NotSent():
                await self._write_not_sent(user_id, outcome)
            case RetryLater():
                await self._write_retry(user_id, outcome)

    async def _write_sent(self, user_id: int, outcome: Sent) -> None:
        ids = outcome.message_ids
        await self._sent_results.write(SentCopies(user_id, ids, self._run.now(), outcome.content_error))
        self._count(RecipientState.SENT)
        if outcome.content_error is not None:
            self._failed(outcome.content_error)
            return
        self._troubles.sent()
        self._unknown_in_a_row = 0
        if self._broadcast.pin and ids:
            await self._calls.pin(user_id, ids[0])

    async def _mark_sent(self, copies: Sequence[SentCopies]) -> None:
        broadcast_id, owner = self._broadcast.id, self._run.owner
        if len(copies) > 1:
            await self._query(partial(broadcast_rows.mark_each_sent, broadcast_id, owner, copies))
            return
        (one,) = copies
        mine = (broadcast_id, one.user_id, owner)
        await self._query(partial(broadcast_rows.mark_sent, *mine, one.message_ids, one.sent_at, one.error))

    async def _write_not_sent(self, user_id: int, outcome: NotSent) -> None:
        self._conclude_from(outcome)
        mine = (self._broadcast.id, user_id, self._run.owner)
        await self._query(partial(broadcast_rows.mark_not_sent, *mine, outcome.state, outcome.error))
        self._count(outcome.state)
        if outcome.state is RecipientState.UNKNOWN:
            self._lost_answers.add(user_id)
        if outcome.state is RecipientState.BLOCKED:
            mark_user = user_ops.mark_deactivated if outcome.is_deactivated else user_ops.mark_blocked
            await self._query(partial(mark_user, user_id, self._run.now()))

    def _conclude_from(self, outcome: NotSent) -> None:
        """Draw conclusions for other recipients, at once: writing the row may take a while."""
        self._pause_s = max(self._pause_s, min(outcome.pause_s, PAUSE_MAX_S))
        if outcome.stops_run:
            self._error = CannotSend(outcome.error)
        if outcome.state is RecipientState.UNKNOWN:
            self._unknown_in_a_row += 1
            if self._is_in_doubt():
                self._pause_s = max(self._pause_s, BACKOFF_S)
        else:
            self._unknown_in_a_row = 0  # Telegram answered
        if outcome.state is RecipientState.FAILED or outcome.content_error is not None:
            log.debug("broadcast.failed", broadcast=self._broadcast.id, error=outcome.error)
            self._failed(outcome.content_error, outcome.error)

    def _failed(self, content_error: str | None, error: str = "") -> None:
        if self._troubles.failed(of_content=content_error is not None):
            self._stop_reason = content_error or error

    async def _write_retry(self, user_id: int, outcome: RetryLater) -> None:
        if outcome.stops_run:
            self._error = CannotSend(outcome.error)
        if not outcome.stops_run and await self._count_attempt(user_id, outcome):
            await self._write_not_sent(user_id, NotSent(RecipientState.FAILED, outcome.error))
            return
        self._pause_s = max(self._pause_s, min(outcome.pause_s, PAUSE_MAX_S))
        mine = (self._broadcast.id, user_id, self._run.owner)
        await self._query(partial(broadcast_rows.release, *mine, outcome.error))

    async def _count_attempt(self, user_id: int, outcome: RetryLater) -> bool:
        """Count the failed attempt; True when there were ATTEMPTS_MAX.

        It counts when other recipients were sent to since the last attempt, or when Telegram answers a call without
        side effects. The latter proves nothing during flood control.
        """
        attempts, sent_then = self._attempts.get(user_id, (0, -1))
        sent = self._run.done[RecipientState.SENT]
        attempts += sent > sent_then or (outcome.concerns_recipient and await self._calls.is_telegram_up())
        self._attempts[user_id] = (attempts, sent)
        return attempts >= ATTEMPTS_MAX

    def _count(self, state: RecipientState) -> None:
        self._counts[state] += 1
        self._counts[RecipientState.PENDING] -= 1
        self._run.done[state] += 1
        metrics.BROADCAST_RECIPIENTS.labels(state.value).inc()

    # counts for admins, and their orders

    async def _beat(self) -> None:
        """Each second write the counts and read whether it is still to be sent: not paused, no maintenance on."""
        beats = 0
        while True:
            await self._sleep(BEAT_S)
            beats += 1
            try:
                if beats % RECOUNT_EVERY == 0:
                    await self._recount()
                found = await broadcast_ops.record_counts(self._broadcast.id, +self._counts)
                is_sending = found is not None and found.status is BroadcastStatus.SENDING
                self._is_to_be_sent = is_sending and not await waits(self._run.now())
            except TollgateError as error:
                log.warning("broadcast.counts_not_written", error=str(error))
            # the lease may be lost or a stop requested, which changes nothing else
            self._changed.set()

    async def _recount(self) -> None:
        self._counts = Counter(await self._query(partial(broadcast_rows.count_states, self._broadcast.id)))

    async def _end(self, *, has_all: bool) -> None:
        """Write the outcome with exact counts; a broadcast that is not over is continued by the next run."""
        broadcast_id, ended = self._broadcast.id, None
        if has_all:
            # a process that lost the lease without noticing may have claimed some
            await self._query(partial(broadcast_rows.mark_lost_unknown, broadcast_id, self._run.owner))
        await self._recount()
        counts = dict(+self._counts)
        if self._stop_reason is not None or has_all:
            status = BroadcastStatus.SENT if self._stop_reason is None else BroadcastStatus.FAILED
            finish = partial(broadcast_ops.finish, broadcast_id, status, self._run.now(), counts, self._stop_reason)
            ended = await self._query(finish)
            log.info("broadcast.ended", broadcast=broadcast_id, status=status.value, counts=counts)
        if ended is None:
            # the next run continues, or an admin ended it first
            await self._query(partial(broadcast_ops.record_counts, broadcast_id, counts))
