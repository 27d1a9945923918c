"""After a crash: readers whose delivery was cut off in the middle get a word and a button."""

from datetime import datetime

import structlog
from aiogram import Bot

from core.clock import Clock
from database.operations import deletion_ops
from sender.failures import TELEGRAM_ERRORS, classify, is_permanent_recipient
from sender.lanes import Lane, in_lane
from views import user_keyboards, user_texts

log = structlog.get_logger("tollgate.recovery")

#: cut-off deliveries read at once
BATCH = 100


class Recovery:
    """Looks for deliveries that began before this process and whose end nobody wrote down."""

    def __init__(self, bot: Bot, clock: Clock) -> None:
        self._bot = bot
        self._clock = clock

    async def tell_interrupted(self) -> int:
        """Tell each reader once; returns how many deliveries were cut off. Repeatable after a crash of its own.

        Raises StoreUnavailable when the database goes away; those not told yet are found by the next start.
        """
        began = self._clock.now()
        with in_lane(Lane.DELETION):
            count = await self._tell_promised(began) + await self._tell_unfinished(began)
        if count:
            log.warning("delivery.interrupted", count=count)
        return count

    async def _tell_promised(self, began: datetime) -> int:
        """Deliveries with a promise but without messages: the promise remembers that its reader was told."""
        count = 0
        while found := await deletion_ops.find_interrupted(self._bot.id, began, self._clock.now(), BATCH):
            for promise in found:
                # 0: told as well as can be; without it the same promise would be found for ever
                notice = await self._tell(promise.chat_id, promise.post_code) or 0
                await deletion_ops.record_notice(promise.id, notice)
            count += len(found)
        return count

    async def _tell_unfinished(self, began: datetime) -> int:
        """Deliveries of posts that are never taken back."""
        count = 0
        while found := await deletion_ops.find_unfinished(self._bot.id, began, BATCH):
            for delivery in found:
                await self._tell(delivery.user_id, delivery.post_code)
                await deletion_ops.settle_delivery(delivery.claim_id)
            count += len(found)
        return count

    async def _tell(self, chat_id: int, post_code: str) -> int | None:
        markup = user_keyboards.get_again(post_code)
        try:
            message = await self._bot.send_message(chat_id, user_texts.INTERRUPTED, reply_markup=markup)
        except TELEGRAM_ERRORS as error:
            failure = classify(error)
            level = log.info if is_permanent_recipient(failure) else log.warning
            level("recovery.not_told", chat_id=chat_id, failure=failure.value)
            return None
        return message.message_id
