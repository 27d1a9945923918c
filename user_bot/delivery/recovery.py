"""After a crash: readers whose delivery was cut off in the middle get a word, a button, and the credit it cost.

And whoever had a token redeemed that was not paid out yet gets what it pays.
"""

from collections import Counter
from datetime import timedelta
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot

from core.clock import Clock
from core.errors import StoreUnavailable
from core.ids import is_code
from database.operations import deletion_ops, settings_ops, token_ops, user_ops
from sender.failures import TELEGRAM_ERRORS, Failure, classify, is_permanent_recipient
from sender.lanes import Lane, in_lane, may_arrive_twice
from user_bot.gate.payout import pay_out
from user_bot.saying import say
from views.subscribers import gate_keyboards, gate_texts
from views.subscribers import keyboards as user_keyboards
from views.subscribers import texts as user_texts

log = structlog.get_logger("tollgate.recovery")

#: cut-off deliveries read at once
BATCH = 100
#: Telegram repeats a request for a day; a reader who was cut off earlier has long asked again
AS_LONG_AS = timedelta(days=1)
#: seconds between two rounds, when the database is away or Telegram takes no message, and how many rounds
AGAIN_AFTER_S, ROUNDS = 5.0, 120

#: the reader may be told later
_LATER = frozenset({Failure.TRANSIENT, Failure.FLOOD, Failure.AMBIGUOUS})
#: a sentence that may have arrived is not sent more often than this
TRIES = 3


class Recovery:
    """Looks for deliveries that began before this process and whose end nobody wrote down."""

    def __init__(self, bot: Bot, clock: Clock, zone: ZoneInfo) -> None:
        self._bot = bot
        self._clock = clock
        self._zone = zone
        self._began = clock.now()
        #: by chat and post: how often Telegram's answer to the sentence was lost
        self._lost: Counter[tuple[int, str]] = Counter()

    async def tell_interrupted(self) -> int:
        """Tell each reader once; returns how many deliveries were cut off. Repeatable after a crash of its own.

        Raises StoreUnavailable when the database goes away; those not told yet are found by the next call, as are
        those whom Telegram cannot be made to tell now.
        """
        with in_lane(Lane.DELETION), may_arrive_twice():
            paid = await self._pay_owed()
            count = await self._tell_promised() + await self._tell_unfinished()
        if count:
            log.warning("delivery.interrupted", count=count)
        return count + paid

    async def _pay_owed(self) -> int:
        """Tokens that were redeemed and not paid out; returns how many. Paying is harmless twice."""
        count = 0
        while owed := await token_ops.find_owed(self._began, BATCH):
            for token in owed:
                now = self._clock.now()
                user = await pay_out(token, await settings_ops.current(now), now)
                if user is not None:
                    text = gate_texts.verified(user.credits, user.pass_until, now, self._zone)
                    button = gate_keyboards.get_it(token.post_code) if token.post_code else None
                    await say(self._bot, user.user_id, text, button)
            count += len(owed)
        if count:
            log.warning("token.paid_late", count=count)
        return count

    async def tell_the_rest(self) -> None:
        """Tell those the first call did not reach, round after round, for about ten minutes."""
        for _ in range(ROUNDS):
            await self._clock.sleep(AGAIN_AFTER_S)
            try:
                if not await self.tell_interrupted():
                    return
            except StoreUnavailable as error:
                log.info("recovery.put_off", error=str(error))
        log.error("recovery.given_up")

    async def _tell_promised(self) -> int:
        """Deliveries with a promise but without messages: the promise remembers that its reader was told."""
        count, later = 0, set[str]()
        due_after = self._clock.now() - AS_LONG_AS
        while found := await deletion_ops.find_interrupted(self._bot.id, self._began, due_after, BATCH):
            new = [promise for promise in found if promise.id not in later]
            if not new:
                break
            for promise in new:
                given_back = is_code(promise.post_code) and await user_ops.give_back_credit(
                    promise.user_id, promise.post_code, promise.request_key
                )
                notice = await self._tell(promise.chat_id, promise.post_code, given_back)
                if notice is None:
                    later.add(promise.id)
                else:
                    await deletion_ops.record_notice(promise.id, notice)
            count += len(new)
        return count

    async def _tell_unfinished(self) -> int:
        """Deliveries of posts that are never taken back."""
        count, later = 0, set[str]()
        while found := await deletion_ops.find_unfinished(self._bot.id, self._began, BATCH):
            new = [delivery for delivery in found if delivery.claim_id not in later]
            if not new:
                break
            for delivery in new:
                if await self._tell(delivery.user_id, delivery.post_code, await self._give_back(delivery)) is None:
                    later.add(delivery.claim_id)
                else:
                    await deletion_ops.settle_delivery(delivery.claim_id)
            count += len(new)
        return count

    async def _give_back(self, delivery: deletion_ops.Unfinished) -> bool:
        """The credit of a delivery without a promise: the one spent on this post since it was begun."""
        user = await user_ops.find(delivery.user_id)
        charge = None if user is None else user.charges.get(delivery.post_code)
        if charge is None or not delivery.opened_at <= charge.at < self._began:
            return False
        return await user_ops.give_back_credit(delivery.user_id, delivery.post_code, charge.update_key)

    async def _tell(self, chat_id: int, post_code: str, given_back: bool) -> int | None:
        """The message's id; 0 when the reader was told as well as can be; None when another try may reach them."""
        markup = user_keyboards.get_again(post_code)
        text = f"{user_texts.INTERRUPTED} {gate_texts.GIVEN_BACK}" if given_back else user_texts.INTERRUPTED
        try:
            message = await self._bot.send_message(chat_id, text, reply_markup=markup)
        except TELEGRAM_ERRORS as error:
            failure = classify(error)
            level = log.info if is_permanent_recipient(failure) else log.warning
            level("recovery.not_told", chat_id=chat_id, failure=failure.value)
            self._lost[chat_id, post_code] += failure is Failure.AMBIGUOUS
            return None if failure in _LATER and self._lost[chat_id, post_code] < TRIES else 0
        return message.message_id
