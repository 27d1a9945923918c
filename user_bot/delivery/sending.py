"""Sending a claimed and paid delivery, and recording how it ended (docs/decisions/0015-deliveries.md)."""

from collections.abc import Awaitable, Callable
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot

from core.clock import Clock
from core.days import start_of_day
from core.delivery_states import FOREVER
from core.errors import StoreUnavailable
from core.retries import retry_while_unavailable
from core.statistics.events import Event, Mark
from database.operations import deletion_ops, delivery_ops
from database.operations.delivery_ops import Claim
from sender.certainty import Certainty, certainty_of, effect_of
from sender.failures import TELEGRAM_ERRORS, classify
from sender.message_ids import message_ids_of
from user_bot.delivery.explanations import Explanations
from user_bot.delivery.payment import give_back
from user_bot.delivery.request import DeliveryRequest, Outcome, Terms, from_now
from views.language import spoken
from views.subscribers import delivery_texts, gate_texts
from views.subscribers import keyboards as user_keyboards
from views.subscribers import texts as user_texts
from views.subscribers.delivery_texts import Cost, Note

log = structlog.get_logger("tollgate.delivery")


class Sending:
    """One per bot and process; `send` may run concurrently."""

    def __init__(self, bot: Bot, clock: Clock, zone: ZoneInfo, explanations: Explanations) -> None:
        self._bot = bot
        self._clock = clock
        self._zone = zone
        self._explanations = explanations

    async def send(self, request: DeliveryRequest, terms: Terms, claim: Claim, cost: Cost) -> Outcome:
        """Copy the post to the subscriber, tell them what it cost and when it goes, and record the outcome.

        A credit that this request cost is given back unless something certainly arrived.
        """
        try:
            sent = await self._copy(request, terms)
        except TELEGRAM_ERRORS as error:
            certainty = certainty_of(effect_of("copyMessages", len(terms.post.message_ids)), error)
            log.warning("delivery.failed", failure=classify(error).value, certainty=certainty.value, post=request.code)
            if certainty is Certainty.UNKNOWN:
                return await self._end_unknown(request, claim)
            return await self._end_refused(request, terms, claim, error)
        return await self._end_sent(request, terms, claim, sent, cost)

    async def _copy(self, request: DeliveryRequest, terms: Terms) -> tuple[int, ...]:
        copies = await self._bot.copy_messages(
            chat_id=request.user.user_id,
            from_chat_id=terms.post.storage_chat_id,
            message_ids=list(terms.post.message_ids),
            protect_content=terms.protect,
        )
        return tuple(copy.message_id for copy in copies)

    async def _end_sent(
        self, request: DeliveryRequest, terms: Terms, claim: Claim, sent: tuple[int, ...], cost: Cost
    ) -> Outcome:
        # the call may have waited for its turn, and the time until deletion counts from when the subscriber has it
        terms = from_now(terms, self._clock.now())
        notice = await self._send_notice(request, terms, len(sent), cost)
        # an id of 0 is a message that Telegram sends later: there is no id to delete it by (BOTAPI §2.5)
        known_ids = tuple(message_id for message_id in sent if message_id > 0)
        paid_until = None if cost.credits_left is None else (terms.delete_at or FOREVER)
        is_whole = terms.post.is_whole(len(sent))

        async def record() -> None:
            is_recorded = await delivery_ops.record_sent(
                claim,
                known_ids,
                notice,
                sent_at=terms.sent_at,
                delete_at=terms.delete_at,
                paid_until=paid_until,
                whole_on=start_of_day(terms.sent_at, self._zone) if is_whole else None,
                source=request.source,
                here_until=terms.here_until,
            )
            if not is_recorded:
                await self._promise_of_former_owner(request, terms, claim, known_ids, notice)

        await self._record(record)
        return await self._explanations.arrived(terms.post, len(sent))

    async def _promise_of_former_owner(
        self, request: DeliveryRequest, terms: Terms, claim: Claim, known_ids: tuple[int, ...], notice: int | None
    ) -> None:
        """Have copies deleted of a delivery that another process took over, called interrupted and gave back."""
        log.warning("delivery.was_taken_over", user_id=request.user.user_id, post=request.code)
        if terms.delete_at is None:
            return
        user_id = request.user.user_id
        await deletion_ops.promise(
            self._bot.id,
            user_id,
            user_id,
            request.code,
            terms.sent_at,
            terms.delete_at,
            known_ids,
            notice_message_id=notice,
            title=terms.post.title,
            language=spoken(),
            # the whole is tried again after a lost answer
            key=f"{claim.id}:{claim.count}:former owner",
        )

    async def _send_notice(self, request: DeliveryRequest, terms: Terms, sent: int, cost: Cost) -> int | None:
        """Send the message under the delivery; return its id, None when there is none or it could not be sent."""
        note = Note(terms.sent_at, terms.delete_at, terms.protect, cost, terms.password)
        lines = delivery_texts.under_delivery(note, self._zone)
        if not terms.post.is_whole(sent):
            lines.insert(0, await self._explanations.missing(terms.post, sent))
        if not lines:
            return None
        markup = user_keyboards.under_delivery(terms.password, is_last_credit=cost.credits_left == 0)
        return await self._explanations.send_notice(request, "\n\n".join(lines), markup)

    async def _end_unknown(self, request: DeliveryRequest, claim: Claim) -> Outcome:
        """The post may have arrived, in part or whole: never sent again, never charged, deleted in its time."""
        is_returned = await give_back(request, self._clock)
        words = [user_texts.not_confirmed()] + [gate_texts.nothing_charged()] * is_returned
        notice = await self._explanations.send(request, " ".join(words), with_retry_button=True)
        known: tuple[int, ...] = ()
        if notice is not None and claim.sweep_after is not None:
            known = message_ids_of(self._bot).seen_between(request.user.user_id, claim.sweep_after, notice)
        admitted = Mark(Event.ADMITTED, self._clock.now(), request.source)
        await self._record(
            lambda: delivery_ops.record_unknown(claim, notice, sweep_before=notice, known_ids=known, admitted=admitted)
        )
        return Outcome.UNKNOWN

    async def _end_refused(self, request: DeliveryRequest, terms: Terms, claim: Claim, error: BaseException) -> Outcome:
        await give_back(request, self._clock)
        outcome = await self._explanations.refused(request, terms.post, error)
        admitted = Mark(Event.ADMITTED, self._clock.now(), request.source)
        # last: when killed before, another process finds the delivery and tells the subscriber
        await self._record(lambda: delivery_ops.record_refused(claim, admitted))
        return outcome

    async def _record(self, write: Callable[[], Awaitable[object]]) -> None:
        """Store what has already happened at Telegram; retry while the database is away, then log the loss."""
        try:
            await retry_while_unavailable(write, self._clock)
        except StoreUnavailable:
            log.error("delivery.record_lost")
