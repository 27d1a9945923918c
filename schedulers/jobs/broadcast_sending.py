"""Sending one broadcast: rows for everybody, then one after the other, several on their way at once.

A row is taken before its call and ends with its call. What a killed process leaves in state sending becomes unknown
when the next one begins: nobody gets it twice, and whom nobody can tell about is counted.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import structlog
from aiogram import Bot

from core.broadcasts import Broadcast, BroadcastStatus, RecipientState, Troubles
from core.errors import TollgateError
from core.retries import retry_while_unavailable
from core.supervisor import Supervisor
from database.operations import broadcast_ops, broadcast_rows, user_ops
from database.operations.segments import find_reachable
from monitoring import metrics
from schedulers.jobs.broadcast_calls import BACKOFF_S, Again, Arrived, NotArrived, RecipientCalls
from schedulers.runner import Run
from sender.lanes import Lane
from sender.send_limiter import SendLimiter

log = structlog.get_logger("tollgate.broadcast")

T = TypeVar("T")

#: people looked at, and rows read, at once
PAGE = 500
#: seconds of calls that may wait for their turn, and how many at least: enough to never leave the lane empty, few
#: enough that a crash leaves few unknown
AHEAD_S, AHEAD = 0.1, 3
#: seconds of calls on their way to Telegram or back, at most
ON_THEIR_WAY_S = 2.0
#: seconds between two looks at what admins want; the counts are written with it
BEAT_S = 1.0
#: beats between two exact counts
RECOUNT_EVERY = 60
#: tries of one recipient that failed while Telegram worked
TRIES_MAX = 5
#: answers in a row that never came, after which a harmless call has to be answered first: no outage uses people up
UNKNOWN_MAX = 3
#: longest pause while nothing can be sent, in seconds; the next try tells whether it is over
PAUSE_MAX_S = 60.0


class CannotSend(TollgateError):
    """Telegram refuses whatever the bot sends; the broadcast waits for the owner."""


class Sending:
    """One broadcast in one run. Ends when everybody had their turn, or when the run or an admin says so."""

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
        self._tasks = Supervisor()
        self._on_their_way: set[asyncio.Task[None]] = set()
        #: those whose turn at the gate has come
        self._left: set[asyncio.Task[Any] | None] = set()
        self._changed = asyncio.Event()
        self._counts: Counter[str] = Counter()
        self._troubles = Troubles()
        #: user id -> (tries, how many had been sent by the last one)
        self._tries: dict[int, tuple[int, int]] = {}
        self._pause_s = 0.0
        self._unknown_in_a_row = 0
        self._is_wanted = True
        #: why it stops for good, for admins
        self._stop_reason: str | None = None
        self._error: BaseException | None = None

    async def go(self) -> None:
        """Send on from where it is. Raises StoreUnavailable when the database stays away, CannotSend."""
        self._limiter.on_bulk_turn = self._turn_came
        try:
            await self._go()
        finally:
            await self._tasks.close()
            self._limiter.on_bulk_turn = None

    async def _go(self) -> None:
        await self._ask(partial(broadcast_rows.give_up_lost, self._broadcast.id, self._run.owner))
        await self._recount()
        self._tasks.spawn(self._beat(), "broadcast beat")
        if not self._broadcast.is_filled and not await self._make_rows():
            await self._end(has_all=False)
            return
        await self._recount()
        try:
            has_all = await self._send_to_all()
        except TollgateError:
            await self._arrivals()
            raise
        await self._arrivals()
        await self._end(has_all=has_all)
        if self._error is not None:
            raise self._error

    def _is_over(self) -> bool:
        return (
            not self._is_wanted
            or self._stop_reason is not None
            or self._error is not None
            or self._run.should_stop
            # a clock that was put back would make it a very long run
            or not self._since <= self._run.now() < self._until
        )

    async def _ask(self, operation: Callable[[], Awaitable[T]]) -> T:
        return await retry_while_unavailable(operation, self._run.clock)

    # rows

    async def _make_rows(self) -> bool:
        """A row for each recipient, page after page; False when it was stopped before the last."""
        broadcast, cursor = self._broadcast, self._broadcast.cursor
        begun = broadcast.started_at or self._run.now()
        while not self._is_over():
            ids = await self._ask(partial(find_reachable, broadcast.segment, begun, begun, after=cursor, limit=PAGE))
            if ids:
                await self._ask(partial(broadcast_rows.add_recipients, broadcast.id, ids))
            is_filled = len(ids) < PAGE
            await self._leave_out(begun, after=cursor, until=None if is_filled else ids[-1])
            cursor = ids[-1] if ids else cursor
            await self._ask(partial(broadcast_ops.keep_cursor, broadcast.id, cursor, is_filled=is_filled))
            self._counts[RecipientState.PENDING] += len(ids)
            if is_filled:
                return True
        return False

    async def _leave_out(self, begun: datetime, *, after: int | None, until: int | None) -> None:
        """Who stopped news while the page was made found no row of theirs to take out."""
        stopped = await self._ask(partial(user_ops.find_news_stopped, begun, after=after, until=until, limit=PAGE))
        for user_id in stopped:
            await self._ask(partial(broadcast_rows.leave_out, self._broadcast.id, user_id))

    # the pump

    async def _send_to_all(self) -> bool:
        """Send to whoever waits, pass after pass; True when nobody waits any more."""
        after = 0
        while not self._is_over():
            page = await self._ask(partial(broadcast_rows.next_pending, self._broadcast.id, after, PAGE))
            if page:
                await self._send_page(page)
                after = page[-1]
                continue
            # who was given back waits again when everybody else has had their turn
            await self._arrivals()
            if after == 0:
                return not self._is_over()
            after = 0
        return False

    async def _send_page(self, page: list[int]) -> None:
        while page:
            free = await self._room()
            if self._is_over():
                return
            if self._pause_s > 0:
                await self._wait_out_pause()
                continue
            some, page = page[:free], page[free:]
            claim = partial(broadcast_rows.claim, self._broadcast.id, some, self._run.owner)
            for user_id in await self._ask(claim):
                self._start(user_id)
            # they line up at the gate, which is where they are counted
            await asyncio.sleep(0)

    async def _room(self) -> int:
        """How many calls may line up; waits until it is at least one, or until it is over."""
        while True:
            self._changed.clear()
            rate = self._limiter.bulk_rate
            ahead = max(AHEAD, round(rate * AHEAD_S)) - self._limiter.waiting(Lane.BULK)
            free = min(ahead, max(AHEAD, round(rate * ON_THEIR_WAY_S)) - len(self._on_their_way))
            if free > 0 or self._is_over():
                return free
            await self._changed.wait()

    def _start(self, user_id: int) -> None:
        task = self._tasks.spawn(self._send_to(user_id), f"broadcast to {user_id}")
        self._on_their_way.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._on_their_way.discard(task)
        self._left.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._error = self._error or task.exception()
        self._changed.set()

    def _turn_came(self) -> None:
        self._left.add(asyncio.current_task())
        self._changed.set()

    def _has_left(self) -> bool:
        """Whether a call of the running task may be out; True as well when that is not known."""
        return asyncio.current_task() in self._left or self._limiter.on_bulk_turn != self._turn_came

    async def _arrivals(self) -> None:
        """Wait for all calls on their way."""
        while self._on_their_way:
            await asyncio.wait(set(self._on_their_way))

    async def _wait_out_pause(self) -> None:
        """Nobody is sent to while Telegram wants none or cannot be reached."""
        await self._arrivals()
        while self._pause_s > 0 and not self._is_over():
            nap_s = min(self._pause_s, BEAT_S)
            await self._sleep(nap_s)
            self._pause_s -= nap_s
            if self._pause_s <= 0 and self._is_in_doubt() and not await self._calls.is_telegram_there():
                self._pause_s = BACKOFF_S

    def _is_in_doubt(self) -> bool:
        return self._unknown_in_a_row >= UNKNOWN_MAX

    # one recipient

    async def _send_to(self, user_id: int) -> None:
        try:
            outcome = await self._calls.send(user_id)
        except asyncio.CancelledError:
            if not self._has_left():
                # it stood in line: nobody has to wonder whether it arrived
                await broadcast_rows.give_back(self._broadcast.id, user_id, self._run.owner)
            raise
        match outcome:
            case Arrived():
                await self._arrived(user_id, outcome)
            case NotArrived():
                await self._not_arrived(user_id, outcome)
            case Again():
                await self._again(user_id, outcome)

    async def _arrived(self, user_id: int, outcome: Arrived) -> None:
        ids, mine = outcome.message_ids, (self._broadcast.id, user_id, self._run.owner)
        await self._ask(partial(broadcast_rows.mark_sent, *mine, ids, self._run.now(), outcome.content_error))
        self._count(RecipientState.SENT)
        if outcome.content_error is not None:
            self._failed(outcome.content_error)
            return
        self._troubles.sent()
        self._unknown_in_a_row = 0
        if self._broadcast.pin and ids:
            await self._calls.pin(user_id, ids[0])

    async def _not_arrived(self, user_id: int, outcome: NotArrived) -> None:
        self._learn_from(outcome)
        mine = (self._broadcast.id, user_id, self._run.owner)
        await self._ask(partial(broadcast_rows.mark_not_sent, *mine, outcome.state, outcome.error))
        self._count(outcome.state)
        if outcome.state is RecipientState.BLOCKED:
            mark = user_ops.mark_deactivated if outcome.is_deactivated else user_ops.mark_blocked
            await self._ask(partial(mark, user_id, self._run.now()))

    def _learn_from(self, outcome: NotArrived) -> None:
        """What it means for the others, at once: writing it down may take a while."""
        if outcome.state is RecipientState.UNKNOWN:
            self._unknown_in_a_row += 1
            if self._is_in_doubt():
                self._pause_s = max(self._pause_s, BACKOFF_S)
            return
        self._unknown_in_a_row = 0  # Telegram answered
        if outcome.state is RecipientState.FAILED:
            log.debug("broadcast.failed", broadcast=self._broadcast.id, error=outcome.error)
            self._failed(outcome.content_error, outcome.error)

    def _failed(self, content_error: str | None, error: str = "") -> None:
        if self._troubles.failed(of_content=content_error is not None):
            self._stop_reason = content_error or error

    async def _again(self, user_id: int, outcome: Again) -> None:
        if outcome.stops_run:
            self._error = CannotSend(outcome.error)
        if not outcome.stops_run and await self._has_tried_enough(user_id, outcome):
            await self._not_arrived(user_id, NotArrived(RecipientState.FAILED, outcome.error))
            return
        self._pause_s = max(self._pause_s, min(outcome.pause_s, PAUSE_MAX_S))
        mine = (self._broadcast.id, user_id, self._run.owner)
        await self._ask(partial(broadcast_rows.give_back, *mine, outcome.error))

    async def _has_tried_enough(self, user_id: int, outcome: Again) -> bool:
        """A try counts when others got theirs since the last one, or when Telegram answers a call that harms nobody.

        The second says nothing of flood control.
        """
        tries, sent_then = self._tries.get(user_id, (0, -1))
        sent = self._run.done[RecipientState.SENT]
        tries += sent > sent_then or (outcome.is_own_fault and await self._calls.is_telegram_there())
        self._tries[user_id] = (tries, sent)
        return tries >= TRIES_MAX

    def _count(self, state: RecipientState) -> None:
        self._counts[state] += 1
        self._counts[RecipientState.PENDING] -= 1
        self._run.done[state] += 1
        metrics.BROADCAST_RECIPIENTS.labels(state.value).inc()

    # what others see and want

    async def _beat(self) -> None:
        """Every second: the counts into the database, and what admins want out of it."""
        beats = 0
        while True:
            await self._sleep(BEAT_S)
            beats += 1
            try:
                if beats % RECOUNT_EVERY == 0:
                    await self._recount()
                found = await broadcast_ops.note_counts(self._broadcast.id, +self._counts)
                self._is_wanted = found is not None and found.status is BroadcastStatus.SENDING
            except TollgateError as error:
                log.warning("broadcast.not_noted", error=str(error))
            # also when nothing else changes: the lease may be lost, the run asked to stop
            self._changed.set()

    async def _recount(self) -> None:
        self._counts = Counter(await self._ask(partial(broadcast_rows.count_states, self._broadcast.id)))

    async def _end(self, *, has_all: bool) -> None:
        """Write down how it ended, with exact counts; what is not over stays as it is for the next run."""
        broadcast_id, ended = self._broadcast.id, None
        if has_all:
            # a process that lost the lease without noticing may have taken some
            await self._ask(partial(broadcast_rows.give_up_lost, broadcast_id, self._run.owner))
        await self._recount()
        counts = dict(+self._counts)
        if self._stop_reason is not None or has_all:
            status = BroadcastStatus.SENT if self._stop_reason is None else BroadcastStatus.FAILED
            finish = partial(broadcast_ops.finish, broadcast_id, status, self._run.now(), counts, self._stop_reason)
            ended = await self._ask(finish)
            log.info("broadcast.ended", broadcast=broadcast_id, status=status.value, counts=counts)
        if ended is None:
            # it goes on later, or an admin was first
            await self._ask(partial(broadcast_ops.note_counts, broadcast_id, counts))
