"""Copies that are there when their post is opened again: pointed to, or replaced by new ones and deleted."""

from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot
from aiogram.types import ReplyParameters

from core.clock import Clock
from core.delivery_states import Delivery, DeliveryState
from core.errors import StoreUnavailable
from core.retries import SHORT_S, retry_while_unavailable
from database.operations import delivery_ops
from database.tolerated import tolerated
from sender.failures import TELEGRAM_ERRORS, classify
from sender.lanes import at_least_once
from sender.refusals import Failure
from user_bot.delivery.request import DeliveryRequest
from views.subscribers import delivery_texts, keyboards

log = structlog.get_logger("tollgate.delivery")

#: ids in one deleteMessages call (BOTAPI §2.6)
_IDS_MAX = 100


class StandingCopies:
    """One per bot and process; public methods may run concurrently."""

    def __init__(self, bot: Bot, clock: Clock, zone: ZoneInfo) -> None:
        self._bot = bot
        self._clock = clock
        self._zone = zone

    async def point_to(self, request: DeliveryRequest, delivery: Delivery) -> bool:
        """Reply to the copies of a delivery; False when they are gone: the subscriber deleted them, or the deleter.

        One reply stands at a time. Any other refusal of Telegram is logged and counts as an answer.
        """
        text = delivery_texts.here_it_is(delivery.delete_at, self._zone)
        try:
            with at_least_once():
                message = await self._bot.send_message(
                    request.user.user_id,
                    text,
                    reply_markup=keyboards.send_again(request.code),
                    # without it Telegram refuses the call: that is how a copy is known to be gone (BOTAPI §2.9)
                    reply_parameters=ReplyParameters(message_id=delivery.message_ids[0]),
                )
        except TELEGRAM_ERRORS as error:
            if classify(error) is Failure.GONE:
                return False
            log.warning("pointer.not_sent", failure=classify(error).value, user_id=request.user.user_id)
            return True
        return await self._record(request, delivery, message.message_id)

    async def _record(self, request: DeliveryRequest, delivery: Delivery, pointer: int) -> bool:
        try:
            before = await retry_while_unavailable(
                lambda: delivery_ops.record_pointer(delivery, pointer, request.update_key), self._clock, SHORT_S
            )
        except StoreUnavailable:
            # it points to a copy that is there, and stays when that is deleted
            log.error("pointer.record_lost", user_id=delivery.user_id)
            return True
        earlier = pointer if before is None else before.pointer_message_id
        if earlier is not None and (before is None or earlier != pointer):
            await self._delete(delivery.user_id, (earlier,))
        return before is not None

    async def delete_replaced(self, before: Delivery | None, *, is_asked: bool) -> None:
        """Delete the copies of the delivery before this one, with what stands under them, if it had arrived.

        Copies that stay are deleted only when that was asked for. What Telegram does not delete now is deleted in its
        time: it was put aside.
        """
        if before is None or before.state is not DeliveryState.SENT:
            return
        if before.delete_at is None and not is_asked:
            return
        others = (before.notice_message_id, before.pointer_message_id)
        ids = (*before.message_ids, *(one for one in others if one is not None))
        if ids and await self._delete(before.user_id, ids) and before.delete_at is not None:
            await tolerated("delivery.not_dropped", delivery_ops.drop_put_aside(before))

    async def _delete(self, user_id: int, ids: tuple[int, ...]) -> bool:
        """Delete messages; False when Telegram refused some."""
        try:
            for start in range(0, len(ids), _IDS_MAX):
                await self._bot.delete_messages(user_id, sorted(ids[start : start + _IDS_MAX]))
        except TELEGRAM_ERRORS as error:
            log.info("delivery.not_deleted", failure=classify(error).value, user_id=user_id)
            return False
        return True
