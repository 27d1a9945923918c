"""Claiming a delivery: at most one is in progress per subscriber and post, in whatever process."""

from aiogram import Bot

from core.clock import Clock
from core.delivery_states import Delivery, DeliveryState, is_lapsed, is_second_tap
from database.operations import delivery_ops
from database.operations.delivery_ops import Claim, NewDelivery
from sender.message_ids import message_ids_of
from user_bot.delivery.interruptions import Interruptions
from user_bot.delivery.ownership import Ownership
from user_bot.delivery.request import DeliveryRequest, Terms


class Claims:
    """One per bot and process."""

    def __init__(self, bot: Bot, clock: Clock, ownership: Ownership, interruptions: Interruptions) -> None:
        self._bot = bot
        self._clock = clock
        self._ownership = ownership
        self._interruptions = interruptions

    async def claim(self, request: DeliveryRequest, terms: Terms) -> Claim | None:
        """Start the delivery, or continue one this process started for the same update; None: it is not to be sent.

        None when it is a second tap, when another process is at it, and when the same update was handled before. A
        delivery whose process died is taken over: the subscriber is told, and may ask again.
        """
        new = self._new(request, terms)
        claim = await delivery_ops.start(new)
        if claim is not None:
            return claim
        found = await delivery_ops.find(new.bot_id, new.user_id, new.post_code)
        if found is None:  # removed by the housekeeping between the two
            return await delivery_ops.start(new)
        if found.state is DeliveryState.SENDING:
            is_ours = found.owner == new.owner and not found.tellings
            if is_ours and found.update_key == new.update_key:
                # the answer to its start, or to a later command, was lost: nothing was sent
                return await self._resume(found, new)
            if is_lapsed(found, new.now):
                await self._interruptions.explain(found)
            return None
        if found.was_asked_by(new.update_key) or is_second_tap(found, new.now):
            return None
        await delivery_ops.put_aside(found)
        return await delivery_ops.restart(found, new)

    async def _resume(self, found: Delivery, new: NewDelivery) -> Claim | None:
        """Continue with a fresh lease: the update may have been held for longer than the first one lasted."""
        if not await delivery_ops.renew(new.owner, [found.id], new.now):
            return None
        return Claim(found.id, found.count, found, found.sweep_after)

    def _new(self, request: DeliveryRequest, terms: Terms) -> NewDelivery:
        return NewDelivery(
            bot_id=self._bot.id,
            user_id=request.user.user_id,
            post_code=request.code,
            update_key=request.update_key,
            owner=self._ownership.owner,
            now=terms.sent_at,
            delete_at=terms.delete_at,
            sweep_after=message_ids_of(self._bot).newest,
            refused_key=_refused_key(request),
        )


def _refused_key(request: DeliveryRequest) -> str:
    """Return the earlier update that was told to join the channels first; "" without one.

    It may come again to a process that does not know it, when the answer to its post was lost.
    """
    user = request.user
    popped = None if user.popped_post is None else user.popped_post.update_key
    is_met = user.pending_code == request.code or (user.pending_code is None and popped == request.update_key)
    return user.pending_key if is_met and user.pending_key != request.update_key else ""
