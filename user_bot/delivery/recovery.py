"""After a crash: notify subscribers of interrupted deliveries, with a button to try again, and return their credits.

Also pay out tokens that were redeemed and not paid out.
"""

from datetime import timedelta
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot
from cachetools import FIFOCache

from core.clock import Clock
from core.errors import StoreUnavailable
from core.ids import is_code
from database.operations import deletion_ops, delivery_claims, settings_ops, token_ops, user_credits, user_ops
from sender.failures import TELEGRAM_ERRORS, classify
from sender.lanes import Lane, at_least_once, in_lane
from sender.refusals import Failure, is_permanent_recipient
from user_bot.gate.payout import pay_out
from user_bot.text_messages import send_text
from views.subscribers import gate_keyboards, gate_texts
from views.subscribers import keyboards as user_keyboards
from views.subscribers import texts as user_texts

log = structlog.get_logger("tollgate.recovery")

#: interrupted deliveries read at once
BATCH = 100
#: oldest interrupted delivery that is notified: Telegram repeats an update for a day; after that the subscriber has
#: asked again
OLDEST = timedelta(days=1)
#: seconds between two rounds, while the database is away or Telegram takes no message, and how many rounds
ROUND_EVERY_S, ROUNDS = 5.0, 120

#: failures after which a later attempt may reach the subscriber
_RETRYABLE = frozenset({Failure.TRANSIENT, Failure.FLOOD, Failure.AMBIGUOUS})
#: attempts at a notice of which each may have arrived
AMBIGUOUS_MAX = 3
#: notices whose attempts are counted; beyond it the oldest is counted from 0 again
COUNTED_MAX = 10_000


class Recovery:
    """Finds deliveries that an earlier process started and whose end is not stored."""

    def __init__(self, bot: Bot, clock: Clock, zone: ZoneInfo) -> None:
        self._bot = bot
        self._clock = clock
        self._zone = zone
        self._started_at = clock.now()
        #: by chat and post: attempts at the notice whose answer was lost
        self._ambiguous: FIFOCache[tuple[int, str], int] = FIFOCache(COUNTED_MAX)

    async def notify_interrupted(self) -> int:
        """Notify each subscriber once; return how many deliveries and payments were interrupted. Idempotent.

        Subscribers who could not be notified now are found by the next call. Raises StoreUnavailable.
        """
        with in_lane(Lane.DELETION), at_least_once():
            paid = await self._pay_owed()
            count = await self._notify_promised() + await self._notify_unfinished()
        if count:
            log.warning("delivery.interrupted", count=count)
        return count + paid

    async def _pay_owed(self) -> int:
        """Pay out tokens that were redeemed and not paid out; return how many. Idempotent."""
        count = 0
        while owed := await token_ops.find_owed(self._started_at, BATCH):
            for token in owed:
                now = self._clock.now()
                user = await pay_out(token, await settings_ops.current(now), now)
                if user is not None:
                    text = gate_texts.verified(user.credits, user.pass_until, now, self._zone)
                    button = gate_keyboards.get_it(token.post_code) if token.post_code else None
                    await send_text(self._bot, user.user_id, text, button)
            count += len(owed)
        if count:
            log.warning("token.paid_late", count=count)
        return count

    async def notify_remaining(self) -> None:
        """Repeat `notify_interrupted` until it finds nothing, for about ten minutes."""
        for _ in range(ROUNDS):
            await self._clock.sleep(ROUND_EVERY_S)
            try:
                if not await self.notify_interrupted():
                    return
            except StoreUnavailable as error:
                log.info("recovery.put_off", error=str(error))
        log.error("recovery.given_up")

    async def _notify_promised(self) -> int:
        """Notify of deliveries whose promise has no messages; the promise stores the notice, so it is sent once."""
        count, later = 0, set[str]()
        due_after = self._clock.now() - OLDEST
        while found := await deletion_ops.find_interrupted(self._bot.id, self._started_at, due_after, BATCH):
            new = [promise for promise in found if promise.id not in later]
            if not new:
                break
            for promise in new:
                is_returned = is_code(promise.post_code) and await user_credits.give_back_credit(
                    promise.user_id, promise.post_code, promise.request_key
                )
                notice = await self._notify(promise.chat_id, promise.post_code, is_returned)
                if notice is None:
                    later.add(promise.id)
                else:
                    await deletion_ops.record_notice(promise.id, notice)
            count += len(new)
        return count

    async def _notify_unfinished(self) -> int:
        """Notify of interrupted deliveries of posts that are never deleted: they have a claim and no promise."""
        count, later = 0, set[str]()
        while found := await delivery_claims.find_unfinished(self._bot.id, self._started_at, BATCH):
            new = [delivery for delivery in found if delivery.claim_id not in later]
            if not new:
                break
            for delivery in new:
                is_returned = await self._return_credit(delivery)
                if await self._notify(delivery.user_id, delivery.post_code, is_returned) is None:
                    later.add(delivery.claim_id)
                else:
                    await delivery_claims.settle_delivery(delivery.claim_id)
            count += len(new)
        return count

    async def _return_credit(self, delivery: delivery_claims.UnfinishedDelivery) -> bool:
        """Return the credit spent on a delivery without a promise since it started; False when there is none."""
        user = await user_ops.find(delivery.user_id)
        charge = None if user is None else user.charges.get(delivery.post_code)
        if charge is None or not delivery.opened_at <= charge.at < self._started_at:
            return False
        return await user_credits.give_back_credit(delivery.user_id, delivery.post_code, charge.update_key)

    async def _notify(self, chat_id: int, post_code: str, is_returned: bool) -> int | None:
        """Send the notice; return its id, 0 when no further attempt is worthwhile, None when a later one may arrive."""
        markup = user_keyboards.get_again(post_code)
        text = f"{user_texts.INTERRUPTED} {gate_texts.GIVEN_BACK}" if is_returned else user_texts.INTERRUPTED
        try:
            message = await self._bot.send_message(chat_id, text, reply_markup=markup)
        except TELEGRAM_ERRORS as error:
            failure = classify(error)
            level = log.info if is_permanent_recipient(failure) else log.warning
            level("recovery.not_notified", chat_id=chat_id, failure=failure.value)
            ambiguous = self._ambiguous.get((chat_id, post_code), 0) + (failure is Failure.AMBIGUOUS)
            self._ambiguous[chat_id, post_code] = ambiguous
            return None if failure in _RETRYABLE and ambiguous < AMBIGUOUS_MAX else 0
        return message.message_id
