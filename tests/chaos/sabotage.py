"""Deliberate violations of each invariant, applied in the bots' own processes: the checks have to detect them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from aiogram import Bot
from aiogram.exceptions import TelegramRetryAfter, TelegramServerError
from aiogram.methods import CopyMessages
from aiogram.types import Update

import schedulers.jobs.promise_deletion
import user_bot.delivery.recovery
import user_bot.delivery.request
from core.delivery import deletion_time
from database.connection import current_database
from database.operations import deletion_ops, delivery_ops, impossible_deletions, run_ops
from schedulers.jobs.promise_deletion import End
from schedulers.jobs.sweep import Swept
from sender.limiting.bot_flood import BotFlood
from sender.limiting.call_scheduler import CallScheduler
from sender.updates.polling import UpdateAcknowledger
from sender.updates.unconfirmed import ANSWER_MAX
from tests.chaos.gate.sabotage import GATE_SABOTAGES
from user_bot.delivery.claims import Claims
from user_bot.delivery.deduplication import RequestDeduplicator
from user_bot.delivery.interruptions import Interruptions
from user_bot.delivery.lapses import Lapses
from user_bot.delivery.sending import Sending

#: longer than any lease
_AN_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Sabotage:
    """`break_it` is called in the bot's process before it starts; one of the checks named has to detect the effect."""

    words: str
    break_it: Callable[[], None]
    noticed_by: tuple[str, ...]
    #: only episodes with the gate on can detect it
    is_at_the_gate: bool = False


def _replace(owner: Any, name: str, by: Any) -> None:
    setattr(owner, name, by)


def _confirm_at_once() -> None:
    async def wait_until_acknowledged(self: UpdateAcknowledger) -> None:
        """Have Telegram forget an update as soon as the bot has it."""
        self.unconfirmed.unfinished.clear()

    _replace(UpdateAcknowledger, "wait_until_acknowledged", wait_until_acknowledged)


def _drop_what_has_no_place() -> None:
    async def fetch(self: UpdateAcknowledger, poll: Callable[[int | None, int], Awaitable[Sequence[Update]]]) -> Any:
        await self.wait_until_acknowledged()
        await self._wait_for_places()
        offset, room = self.unconfirmed.offset(), self.places.free
        self.unconfirmed.asked_for(offset)
        new = [update for update in await poll(offset, ANSWER_MAX) if not self.is_known(update.update_id)]
        self.unconfirmed.receive([update.update_id for update in new], self._now())
        for update in new[:room]:
            self._recent[update.update_id] = False
            self.take(update)
        for update in new[room:]:
            self.acknowledge(update.update_id)
        return new[:room]

    _replace(UpdateAcknowledger, "fetch", fetch)


def _spend_a_credit() -> None:
    end_sent = Sending._end_sent

    async def spend(self: Sending, request: Any, *rest: Any, **more: Any) -> Any:
        outcome = await end_sent(self, request, *rest, **more)
        users = current_database().collection("users")
        await users.update_one({"user_id": request.user.user_id}, {"$inc": {"credits": -1}})
        return outcome

    _replace(Sending, "_end_sent", spend)


def _give_up_at_the_first_failure() -> None:
    def after_failure(*_: Any) -> Any:
        return schedulers.jobs.promise_deletion.Verdict(End.DELETED)

    _replace(schedulers.jobs.promise_deletion, "_after_failure", after_failure)


def _count_nothing() -> None:
    async def note_impossible(*_: Any) -> None:
        """Do not record undeletable deliveries."""

    _replace(impossible_deletions, "record_impossible", note_impossible)


def _promise_afterwards() -> None:
    start, restart = delivery_ops.start, delivery_ops.restart

    async def start_without_promise(new: Any) -> Any:
        return await start(replace(new, delete_at=None))

    async def restart_without_promise(delivery: Any, new: Any) -> Any:
        return await restart(delivery, replace(new, delete_at=None))

    _replace(delivery_ops, "start", start_without_promise)
    _replace(delivery_ops, "restart", restart_without_promise)


def _hand_over_for_each_update() -> None:
    async def claim(self: Claims, request: Any, terms: Any) -> Any:
        new = self._new(request, terms)
        found = await delivery_ops.find(new.bot_id, new.user_id, new.post_code)
        if found is None:
            return await delivery_ops.start(new)
        await delivery_ops.put_aside(found)
        return await delivery_ops.restart(found, new)

    def always(self: Any, *_: Any, **__: Any) -> bool:
        return True

    def never(self: Any, *_: Any) -> bool:
        return False

    _replace(Claims, "claim", claim)
    _replace(RequestDeduplicator, "try_start", always)
    _replace(UpdateAcknowledger, "is_known", never)
    _replace(UpdateAcknowledger, "first_time", always)


def _ignore_leases() -> None:
    take_over = delivery_ops.take_over

    async def take(delivery: Any, owner: str, now: datetime, process: str) -> Any:
        return await take_over(delivery, owner, now + _AN_HOUR, process)

    def may_take(self: Lapses, delivery: Any) -> bool:
        return True

    # a delivery takes milliseconds, and a round every five seconds would seldom meet one
    _replace(user_bot.delivery.recovery, "ROUND_EVERY_S", 0.05)
    _replace(delivery_ops, "take_over", take)
    _replace(Lapses, "may_take", may_take)


def _tell_nobody() -> None:
    async def tell(self: Interruptions, delivery: Any, claim: Any, **_: Any) -> None:
        await self._record(delivery, claim, None)

    _replace(Interruptions, "_tell", tell)


def _run_a_tick_again() -> None:
    start = run_ops.start_run

    async def start_run(job: str, scheduled_at: datetime | None, *rest: Any) -> str | None:
        begun = await start(job, scheduled_at, *rest)
        if begun is not None or scheduled_at is None:
            return begun
        return await start(job, scheduled_at + timedelta(milliseconds=1), *rest)

    _replace(run_ops, "start_run", start_run)


def _hear_no_flood() -> None:
    def pause(self: CallScheduler, *_: Any) -> bool:
        return True

    _replace(CallScheduler, "pause", pause)


def _pause_chats_only() -> None:
    def begin(self: BotFlood, *_: Any) -> None:
        """Go on with all other chats."""

    _replace(BotFlood, "begin", begin)


def _take_back_too_soon() -> None:
    def sooner(sent_at: datetime, minutes: int) -> datetime | None:
        at = deletion_time(sent_at, minutes)
        return None if at is None else at - timedelta(minutes=2)

    _replace(user_bot.delivery.request, "deletion_time", sooner)


def _keep_promises_open() -> None:
    async def finish(promise_ids: Any, owner: str) -> int:
        return len(promise_ids)

    _replace(deletion_ops, "finish", finish)


def _end_with_an_error() -> None:
    async def record_sent(*_: Any, **__: Any) -> bool:
        raise RuntimeError("broken on purpose")

    _replace(delivery_ops, "record_sent", record_sent)


def _leave_what_was_lost() -> None:
    async def sweep(*_: Any) -> Swept:
        return Swept(refused=0, left=0)

    _replace(schedulers.jobs.promise_deletion, "sweep", sweep)


def _send_again_without_an_answer() -> None:
    call = Bot.__call__

    async def send_again(self: Bot, method: Any, *rest: Any, **more: Any) -> Any:
        try:
            return await call(self, method, *rest, **more)
        except (TelegramServerError, TelegramRetryAfter):
            if not isinstance(method, CopyMessages):
                raise
            return await call(self, method, *rest, **more)

    _replace(Bot, "__call__", send_again)


SABOTAGES: dict[str, Sabotage] = {
    "confirm-at-once": Sabotage("updates are confirmed before they are finished", _confirm_at_once, ("answered",)),
    "drop-at-the-door": Sabotage("updates without a place are lost", _drop_what_has_no_place, ("answered",)),
    "tell-nobody": Sabotage("interruptions are not told", _tell_nobody, ("answered",)),
    "spend-a-credit": Sabotage("a delivery costs a credit", _spend_a_credit, ("credits_kept",)),
    "give-up": Sabotage("a failed deletion counts as done", _give_up_at_the_first_failure, ("gone_in_time",)),
    "count-nothing": Sabotage("undeletable deliveries are not recorded", _count_nothing, ("gone_in_time",)),
    "promise-afterwards": Sabotage("the promise is written after the call", _promise_afterwards, ("promised",)),
    "hand-over-twice": Sabotage("no second tap or update is recognised", _hand_over_for_each_update, ("once",)),
    "ignore-leases": Sabotage(
        "deliveries are taken over from living owners", _ignore_leases, ("interrupted", "promised")
    ),
    "tick-again": Sabotage("a tick that was begun is begun again", _run_a_tick_again, ("ticks",)),
    "hear-no-flood": Sabotage("a 429 pauses nothing", _hear_no_flood, ("waited",)),
    "pause-chats-only": Sabotage("refusals of two chats do not pause the bot", _pause_chats_only, ("all_waited",)),
    "too-soon": Sabotage("deliveries are deleted two minutes early", _take_back_too_soon, ("not_too_soon",)),
    "leave-lost": Sabotage("what a lost answer left is not looked for", _leave_what_was_lost, ("swept",)),
    "send-again": Sabotage("a delivery without an answer is sent again", _send_again_without_an_answer, ("once",)),
    "keep-open": Sabotage("kept promises stay open", _keep_promises_open, ("nothing_left",)),
    "error": Sabotage("a bug in the delivery", _end_with_an_error, ("orderly",)),
} | {
    name: Sabotage(words, break_it, noticed_by, is_at_the_gate=True)
    for name, words, break_it, noticed_by in GATE_SABOTAGES
}
