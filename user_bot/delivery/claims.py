"""Claiming a delivery: at most one is in progress per subscriber and post, in whatever process."""

from aiogram import Bot

from core.delivery_states import Delivery, DeliveryState, is_second_tap, is_standing
from core.posts import PostAccess
from database.operations import delivery_ops
from database.operations.delivery_ops import Claim, NewDelivery
from sender.message_ids import message_ids_of
from user_bot.delivery.interruptions import Interruptions
from user_bot.delivery.lapses import Lapses
from user_bot.delivery.ownership import Ownership
from user_bot.delivery.request import DeliveryRequest, Terms
from views.language import spoken


class Claims:
    """One per bot and process."""

    def __init__(self, bot: Bot, ownership: Ownership, lapses: Lapses, interruptions: Interruptions) -> None:
        self._bot = bot
        self._ownership = ownership
        self._lapses = lapses
        self._interruptions = interruptions

    async def claim(self, request: DeliveryRequest, terms: Terms) -> Claim | Delivery | None:
        """Start the delivery, or continue one this process started for the same update; None: it is not to be sent.

        A Delivery when its copies are there, to be pointed to; unless the request replaces them.

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
            if self._lapses.may_take(found):
                await self._interruptions.explain(found)
            return None
        if found.was_asked_by(new.update_key) or is_second_tap(found, new.now):
            return None
        if is_standing(found, new.now) and not request.replaces:
            return found
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
            process=self._ownership.process,
            now=terms.sent_at,
            delete_at=terms.delete_at,
            sweep_after=message_ids_of(self._bot).newest,
            refused_key=_refused_key(request),
            title=terms.post.title,
            is_free=terms.post.access is not PostAccess.SETTINGS,
            language=spoken(),
        )


def _refused_key(request: DeliveryRequest) -> str:
    """Return the earlier update that was told to join the channels first; "" without one.

    It may come again to a process that does not know it, when the answer to its post was lost.
    """
    user = request.user
    popped = None if user.popped_post is None else user.popped_post.update_key
    is_met = user.pending_code == request.code or (user.pending_code is None and popped == request.update_key)
    return user.pending_key if is_met and user.pending_key != request.update_key else ""
