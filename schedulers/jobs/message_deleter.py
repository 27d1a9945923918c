"""Deletes deliveries when their time is up (DESIGN §7.3, §7.4; BOTAPI §2.6, §3.1)."""

import asyncio
from datetime import timedelta

import structlog
from aiogram import Bot

from core.delivery import URGENT_FROM, PendingDeletion, is_urgent, retry_pause
from core.ids import is_code
from core.jobs import Counts
from core.retries import SHORT_S, retry_while_unavailable
from database.operations import deletion_ops, delivery_ops, impossible_deletions, user_credits
from monitoring import metrics
from monitoring.alerts import Alerts
from schedulers.context import JobContext
from schedulers.jobs.promise_deletion import End, PromiseDeletion, Verdict
from schedulers.jobs.take_downs import bring_copies_forward
from schedulers.jobs.undeletable_alerts import UndeletableAlerts
from schedulers.runner import Run
from sender.lanes import Lane, in_lane

log = structlog.get_logger("tollgate.deleter")

#: promises read at once, and deleted concurrently, each in another chat
BATCH, AT_ONCE = 100, 10
#: promises of one chat claimed at once: one is deleted after the other, and the rest would only be held
PER_CHAT = 10
#: promises claimed in one run; the rest waits for the next minute
RUN_MAX = 3000
#: seconds after which ended promises are removed although they are few: well before their claims run out
FINISH_AFTER_S = 30.0
#: how long a claim lasts; after this another process may claim the promises of a killed one
CLAIM_FOR = timedelta(minutes=2)


class MessageDeleter:
    """Works off due promises, several chats at a time; each stays stored until it has reached a terminal state."""

    def __init__(self, bot: Bot, alerts: Alerts) -> None:
        self._bot = bot
        self._undeletable_alerts = UndeletableAlerts(alerts)

    async def __call__(self, run: Run) -> Counts:
        work = _Work(self._bot, run, self._undeletable_alerts)
        ended_well = False
        try:
            await bring_copies_forward(run)
            with in_lane(Lane.DELETION):
                more = await work.delete_all()
            more = await work.give_up_other_bots() or more
            ended_well = not run.stopping.is_set()
        finally:
            await self._undeletable_alerts.notify(run.now())
            if not ended_well:
                await deletion_ops.release_all(run.owner, run.now())
        metrics.PENDING_DELETIONS_OVERDUE.set(await deletion_ops.count_overdue(run.now()))
        return Counts(dict(run.done), more or not ended_well)


class DuePromises:
    """Hands out due promises: one of a chat at a time, the urgent first, then the oldest.

    More are claimed as soon as none of those claimed can start, so a chat that is slow holds up nothing but itself.
    """

    def __init__(self, run: Run, bot_id: int) -> None:
        self._run = run
        self._bot_id = bot_id
        self._waiting: list[PendingDeletion] = []
        #: chats with a promise under way
        self._busy: set[int] = set()
        self._changed = asyncio.Event()
        self._is_claiming = False
        self._is_stopped = False
        self._are_urgent_left = True
        #: chats left out by a claim that found nothing: only they can have more; None: no claim found nothing yet
        self._left_out: frozenset[int] | None = None
        self._claimed = 0

    @property
    def is_cut(self) -> bool:
        """Whether this run has claimed as many as one run may."""
        return self._claimed >= RUN_MAX

    def stop(self) -> None:
        """Hand out no more."""
        self._is_stopped = True
        self._changed.set()

    def done(self, promise: PendingDeletion) -> None:
        """Let the next promise of this chat start."""
        self._busy.discard(promise.chat_id)
        self._changed.set()

    async def next(self) -> PendingDeletion | None:
        """Wait for a promise that may start; None when there are no more, or a stop was requested."""
        while not self._is_stopped and not self._run.stopping.is_set():
            promise = self._startable()
            if promise is not None:
                self._waiting.remove(promise)
                self._busy.add(promise.chat_id)
                return promise
            if self._may_find_more() and not self._is_claiming:
                await self._claim()
            elif not self._busy and not self._is_claiming:
                break
            else:
                self._changed.clear()
                await self._changed.wait()
        self._changed.set()
        return None

    def _startable(self) -> PendingDeletion | None:
        now = self._run.now()
        # one whose claim ran out may be another process's
        self._waiting = [one for one in self._waiting if one.claimed_until is None or one.claimed_until > now]
        free = [one for one in self._waiting if one.chat_id not in self._busy]
        return next((one for one in free if is_urgent(one, now)), free[0] if free else None)

    def _may_find_more(self) -> bool:
        if self.is_cut:
            return False
        return self._left_out is None or not self._left_out <= self._held_chats()

    def _held_chats(self) -> set[int]:
        return self._busy | {promise.chat_id for promise in self._waiting}

    async def _claim(self) -> None:
        """Claim promises of chats of which none is held: at most AT_ONCE, since each of them is under way."""
        self._is_claiming = True
        try:
            left_out = frozenset(self._held_chats())
            now = self._run.now()
            found = await deletion_ops.claim_due(
                now,
                self._run.owner,
                CLAIM_FOR,
                min(BATCH, RUN_MAX - self._claimed),
                bot_id=self._bot_id,
                without_chats=sorted(left_out),
                per_chat=PER_CHAT,
                sent_before=now - URGENT_FROM if self._are_urgent_left else None,
            )
        finally:
            self._is_claiming = False
            self._changed.set()
        self._claimed += len(found)
        self._waiting += found
        if found:
            self._left_out = None
        elif self._are_urgent_left:
            self._are_urgent_left = False
        else:
            self._left_out = left_out


class _Work:
    """One run of the deleter."""

    def __init__(self, bot: Bot, run: Run, undeletable_alerts: UndeletableAlerts) -> None:
        self._bot_id = bot.id
        self._run = run
        self._undeletable_alerts = undeletable_alerts
        self._deletion = PromiseDeletion(bot)
        self._due = DuePromises(run, bot.id)
        #: promises in a terminal state that are still stored
        self._ended: list[tuple[PendingDeletion, End]] = []
        #: by the run's monotonic clock
        self._finished_at = run.clock.monotonic()

    async def delete_all(self) -> bool:
        """Delete due promises, AT_ONCE chats at a time; True when more may be due. Raises the first error there was."""
        try:
            ends = await asyncio.gather(*(self._delete_one_by_one() for _ in range(AT_ONCE)), return_exceptions=True)
        finally:
            await self._finish()
        for error in ends:
            if error is not None:
                raise error
        return self._due.is_cut

    async def _delete_one_by_one(self) -> None:
        is_done = False
        try:
            while (promise := await self._due.next()) is not None:
                try:
                    await self._delete(promise)
                finally:
                    self._due.done(promise)
                if len(self._ended) >= BATCH or self._run.clock.monotonic() - self._finished_at >= FINISH_AFTER_S:
                    await self._finish()
            is_done = True
        finally:
            if not is_done:
                self._due.stop()

    async def _delete(self, promise: PendingDeletion) -> None:
        now = self._run.now()
        with in_lane(Lane.DELETION, urgent=is_urgent(promise, now)):
            verdict = await self._deletion.delete(promise, now)
        self._count(verdict.end)
        if verdict.end is End.RETRY:
            await self._postpone(promise, verdict)
        else:
            self._ended.append((promise, verdict.end))

    def _count(self, end: End) -> None:
        self._run.done[end.value] += 1
        metrics.DELETIONS.labels(outcome=end.value).inc()

    async def _finish(self) -> None:
        """Delete promises in a terminal state, after recording those of which the owners are notified."""
        ended, self._ended = self._ended, []
        self._finished_at = self._run.clock.monotonic()
        if not ended:
            return
        notified = [(promise, end.value) for promise, end in ended if end is not End.DELETED]

        async def finish() -> None:
            await impossible_deletions.record_impossible(notified, self._run.now())
            await deletion_ops.finish([promise.id for promise, _ in ended], self._run.owner)

        if notified:
            self._undeletable_alerts.expect_more()
        # a short outage must not make the next run delete and count again
        await retry_while_unavailable(finish, self._run.clock, SHORT_S)

    async def _postpone(self, promise: PendingDeletion, verdict: Verdict) -> None:
        log.info("deletion.postponed", chat_id=promise.chat_id, attempts=promise.attempts + 1, error=verdict.error)
        not_before = verdict.not_before or self._run.now() + retry_pause(promise.attempts + 1)
        await deletion_ops.release(promise.id, self._run.owner, not_before=not_before, error=verdict.error)

    async def give_up_other_bots(self) -> bool:
        """End due promises of bots whose token is not used any more; True when more may be due."""
        run, claimed = self._run, 0
        await self._end_deliveries_of_other_bots()
        while not run.stopping.is_set() and claimed < RUN_MAX:
            found = await deletion_ops.claim_due_of_other_bots(self._bot_id, run.now(), run.owner, CLAIM_FOR, BATCH)
            if not found:
                return False
            claimed += len(found)
            for promise in found:
                self._count(End.OTHER_BOT)
                self._ended.append((promise, End.OTHER_BOT))
            await self._finish()
        return True

    async def _end_deliveries_of_other_bots(self) -> None:
        """Give back credits of deliveries that died with their bot: no process of theirs is left to take them over."""
        now = self._run.now()
        for delivery in await delivery_ops.find_lapsed_of_other_bots(self._bot_id, now, BATCH):
            claim = await delivery_ops.take_over(delivery, self._run.owner, now)
            if claim is not None:
                if is_code(delivery.post_code):
                    await user_credits.close_request(delivery.user_id, delivery.post_code, delivery.update_key)
                await delivery_ops.record_unknown(claim, None)


def create(context: JobContext) -> MessageDeleter:
    telegram = context.telegram_of("message_deleter")
    return MessageDeleter(telegram.user_bot, telegram.alerts)
