"""Deliberate violations of each invariant, applied in the bots' own processes: the checks have to detect them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiogram import Bot
from aiogram.exceptions import TelegramRetryAfter, TelegramServerError
from aiogram.methods import CopyMessages, DeleteMessages
from bson import ObjectId

import schedulers.jobs.promise_deletion
import user_bot.delivery.request
from core.delivery import deletion_time
from database.connection import current_database
from database.operations import deletion_ops, delivery_claims, impossible_deletions, run_ops
from schedulers.jobs.promise_deletion import End
from sender.limiting.call_scheduler import CallScheduler
from sender.updates.polling import UpdateAcknowledger
from tests.chaos.gate.sabotage import GATE_SABOTAGES
from tests.chaos.plan import POSTS
from user_bot.delivery.deduplication import RequestDeduplicator
from user_bot.delivery.deliverer import Deliverer

#: ids of the longest delivery: calls with more delete what was found by searching
LONGEST_POST = max(content.items for content in POSTS)


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


def _spend_a_credit() -> None:
    deliver = Deliverer._end_sent

    async def sent(self: Deliverer, request: Any, *rest: Any) -> Any:
        outcome = await deliver(self, request, *rest)
        users = current_database().collection("users")
        await users.update_one({"user_id": request.user.user_id}, {"$inc": {"credits": -1}})
        return outcome

    _replace(Deliverer, "_end_sent", sent)


def _give_up_at_the_first_failure() -> None:
    def after_failure(*_: Any) -> Any:
        return schedulers.jobs.promise_deletion.Verdict(End.DELETED)

    _replace(schedulers.jobs.promise_deletion, "_after_failure", after_failure)


def _count_nothing() -> None:
    async def note_impossible(*_: Any) -> None:
        """Do not record undeletable deliveries."""

    _replace(impossible_deletions, "record_impossible", note_impossible)


def _promise_afterwards() -> None:
    write = deletion_ops.promise

    async def promise(*arguments: Any, **more: Any) -> str:
        has_messages = len(arguments) > 6 and arguments[6]
        return await write(*arguments, **more) if has_messages else str(ObjectId())

    _replace(deletion_ops, "promise", promise)


def _hand_over_for_each_update() -> None:
    claim = delivery_claims.claim_delivery

    async def claim_delivery(*arguments: Any, update_key: str = "", **more: Any) -> Any:
        bot_id, user_id, code, now, _ = arguments
        return await claim(bot_id, user_id, code, now, timedelta(), update_key="", **more)

    def always(self: Any, *_: Any, **__: Any) -> bool:
        return True

    def never(self: Any, *_: Any) -> bool:
        return False

    _replace(delivery_claims, "claim_delivery", claim_delivery)
    _replace(RequestDeduplicator, "try_start", always)
    _replace(UpdateAcknowledger, "is_known", never)
    _replace(UpdateAcknowledger, "first_time", always)


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
    async def settle(*_: Any) -> bool:
        raise RuntimeError("broken on purpose")

    _replace(delivery_claims, "settle_delivery", settle)


def _leave_what_was_lost() -> None:
    call = Bot.__call__

    async def delete_few(self: Bot, method: Any, *rest: Any, **more: Any) -> Any:
        is_sweep = isinstance(method, DeleteMessages) and len(method.message_ids) > LONGEST_POST
        return True if is_sweep else await call(self, method, *rest, **more)

    _replace(Bot, "__call__", delete_few)


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
    "confirm-at-once": Sabotage("updates are confirmed before they are safe", _confirm_at_once, ("answered",)),
    "spend-a-credit": Sabotage("a delivery costs a credit", _spend_a_credit, ("credits_kept",)),
    "give-up": Sabotage("a failed deletion counts as done", _give_up_at_the_first_failure, ("gone_in_time",)),
    "count-nothing": Sabotage("deliveries that stay are not noted", _count_nothing, ("gone_in_time",)),
    "promise-afterwards": Sabotage("the promise is written after the call", _promise_afterwards, ("promised",)),
    "hand-over-twice": Sabotage("no second tap or update is recognised", _hand_over_for_each_update, ("once",)),
    "tick-again": Sabotage("a tick that was begun is begun again", _run_a_tick_again, ("ticks",)),
    "hear-no-flood": Sabotage("a 429 pauses nothing", _hear_no_flood, ("waited",)),
    "too-soon": Sabotage("deliveries go two minutes early", _take_back_too_soon, ("not_too_soon",)),
    "leave-lost": Sabotage("what a lost answer left is not looked for", _leave_what_was_lost, ("swept",)),
    "send-again": Sabotage("a delivery without an answer is sent again", _send_again_without_an_answer, ("once",)),
    "keep-open": Sabotage("kept promises stay open", _keep_promises_open, ("nothing_left",)),
    "error": Sabotage("a bug in the delivery", _end_with_an_error, ("orderly",)),
} | {
    name: Sabotage(words, break_it, noticed_by, is_at_the_gate=True)
    for name, words, break_it, noticed_by in GATE_SABOTAGES
}
