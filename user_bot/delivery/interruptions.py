"""Deliveries whose process died: taken over, not charged, explained to the subscriber with a button to try again."""

from datetime import timedelta

import structlog
from aiogram import Bot

from core.clock import Clock
from core.delivery_states import Delivery
from core.ids import is_code
from core.retries import retry_while_unavailable
from core.statistics.events import Event, Mark
from database.operations import delivery_ops, user_credits
from database.operations.delivery_ops import Claim
from sender.failures import TELEGRAM_ERRORS, classify, retry_after
from sender.lanes import Lane, at_least_once, in_lane
from sender.message_ids import message_ids_of
from sender.refusals import Failure, is_permanent_recipient
from user_bot.delivery.ownership import Ownership
from views.catalogues import speaking_to
from views.subscribers import gate_texts
from views.subscribers import keyboards as user_keyboards
from views.subscribers import texts as user_texts

log = structlog.get_logger("tollgate.recovery")

#: attempts at telling a subscriber; each may have arrived although its answer was lost
TELLINGS_MAX = 3
#: failures after which a later attempt may reach the subscriber
_PASSING = frozenset({Failure.TRANSIENT, Failure.FLOOD, Failure.AMBIGUOUS})


class Interruptions:
    """One per bot and process; `explain` may run concurrently."""

    def __init__(self, bot: Bot, clock: Clock, ownership: Ownership) -> None:
        self._bot = bot
        self._clock = clock
        self._ownership = ownership

    async def explain(self, delivery: Delivery) -> bool:
        """Take over a lapsed delivery, give its credit back and tell the subscriber; False when another did.

        When Telegram takes no message now, the delivery lapses again and is explained later, TELLINGS_MAX times in all.
        Raises StoreUnavailable; then it lapses, too.
        """
        since_s = self._clock.monotonic()
        owner = self._ownership
        claim = await delivery_ops.take_over(delivery, owner.owner, self._clock.now(), owner.process)
        if claim is None:
            return False
        log.warning("delivery.interrupted", user_id=delivery.user_id, post=delivery.post_code)
        with self._ownership.hold(delivery.id, since_s), in_lane(Lane.DELETION), at_least_once():
            is_returned = is_code(delivery.post_code) and await user_credits.close_request(
                delivery.user_id, delivery.post_code, delivery.update_key
            )
            await self._tell(delivery, claim, is_returned=is_returned)
        return True

    async def _tell(self, delivery: Delivery, claim: Claim, *, is_returned: bool) -> None:
        with speaking_to(delivery.language):
            words = [user_texts.interrupted()] + [gate_texts.nothing_charged()] * is_returned
            text, markup = " ".join(words), user_keyboards.get_again(delivery.post_code)
        notice: int | None = None
        try:
            # earlier attempts may have ended without an answer or an error: the process died, or the call hung
            if delivery.tellings < TELLINGS_MAX:
                notice = (await self._bot.send_message(delivery.user_id, text, reply_markup=markup)).message_id
        except TELEGRAM_ERRORS as error:
            failure = classify(error)
            is_final = is_permanent_recipient(failure) or delivery.tellings + 1 >= TELLINGS_MAX
            level = log.info if is_final else log.warning
            level("recovery.not_told", user_id=delivery.user_id, failure=failure.value)
            if not is_final and failure in _PASSING:
                await self._lapse_later(delivery.id, retry_after(error) or 0)
                return
        await retry_while_unavailable(lambda: self._record(delivery, claim, notice), self._clock)

    async def _lapse_later(self, delivery_id: str, wait_s: float) -> None:
        """Count the lease from when Telegram takes messages to this chat again: an attempt before would be in vain."""
        takes_again_at = self._clock.now() + timedelta(seconds=wait_s)
        await delivery_ops.renew(self._ownership.owner, [delivery_id], takes_again_at)

    async def _record(self, delivery: Delivery, claim: Claim, notice: int | None) -> None:
        known: tuple[int, ...] = ()
        if notice is not None and claim.sweep_after is not None:
            known = message_ids_of(self._bot).seen_between(delivery.user_id, claim.sweep_after, notice)
        admitted = Mark(Event.ADMITTED, delivery.opened_at or self._clock.now())
        await delivery_ops.record_unknown(claim, notice, sweep_before=notice, known_ids=known, admitted=admitted)
