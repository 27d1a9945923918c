"""The only path by which a post is delivered (DESIGN §7.1 to 7.4)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError

from core.access import Admitted, Banned, NoAccess, expired_charges
from core.clock import Clock, to_milliseconds
from core.delivery import DOUBLE_TAP, minutes_to_live
from core.errors import StoreUnavailable
from core.posts import Post
from core.retries import SHORT_S, retry_while_unavailable
from core.settings import BotSettings
from core.users import User
from database.operations import deletion_ops, delivery_claims, post_ops, settings_ops, user_credits, user_ops
from monitoring import metrics
from monitoring.alerts import Alerts
from sender.failures import TELEGRAM_ERRORS, classify
from sender.refusals import Failure, is_partial
from user_bot.delivery.deduplication import RequestDeduplicator
from user_bot.delivery.request import RETRYABLE_OUTCOMES, DeliveryRequest, Outcome, Terms, from_now, terms_of
from user_bot.gate.access_prompt import AccessPrompt
from user_bot.text_messages import send_text
from views import owner_alerts
from views.subscribers import gate_keyboards, gate_texts
from views.subscribers import keyboards as user_keyboards
from views.subscribers import texts as user_texts

log = structlog.get_logger("tollgate.delivery")

#: failures of the storage channel, not of the subscriber, who has just written to the bot
_STORAGE_FAILURES = frozenset({Failure.KICKED, Failure.UNREACHABLE, Failure.MIGRATED})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Deliverer:
    """Delivers posts. One per bot and process; public methods may run concurrently."""

    def __init__(
        self,
        bot: Bot,
        clock: Clock,
        zone: ZoneInfo,
        alerts: Alerts,
        access_prompt: AccessPrompt,
    ) -> None:
        self._bot = bot
        self._clock = clock
        self._zone = zone
        self._alerts = alerts
        self._access_prompt = access_prompt
        self._started_at = to_milliseconds(clock.now())  # as precise as the stored times it is compared with
        self._deduplicator = RequestDeduplicator()
        self._lost_storages: set[int] = set()

    async def deliver(
        self, user: User, code: str, update_key: str, *, message_id: int = 0, after_refusal: bool = False
    ) -> Outcome:
        """Deliver post `code` to `user`, or send one message that says why not. `update_key` identifies the update.

        A second request for the same post while the first is in progress, or within DOUBLE_TAP after its answer, does
        nothing. It is no second request when it follows a notice to try again, by `message_id` (its own, or that of
        the message with its button). With `after_refusal` (the subscriber has just joined or verified) only a request
        in progress counts, and this one follows it if it is refused.

        Raises StoreUnavailable only when nothing was sent; calling it again is then safe.
        """
        request = DeliveryRequest(user, code, update_key, message_id)
        is_started = self._deduplicator.try_start(request.key, self._clock.now(), ignore_answered=after_refusal)
        if not is_started and after_refusal and await self._deduplicator.wait_for_refusal(request.key):
            is_started = self._deduplicator.try_start(request.key, self._clock.now(), ignore_answered=True)
        if not is_started and not await self._follows_failure_notice(request):
            return self._count(Outcome.DOUBLE_TAP, request)
        outcome = None
        try:
            outcome = await self._admit(request)
            return self._count(outcome, request)
        finally:
            self._deduplicator.end(request.key, was_refused=outcome is Outcome.REFUSED)

    async def was_delivered_since(self, user: User, code: str, since: datetime) -> bool:
        """Whether the post was delivered at `since` or later, or its delivery is in progress."""
        holder = await delivery_claims.find_last_claim(self._bot.id, user.user_id, code)
        if holder is None or holder.opened_at is None or holder.opened_at < since:
            return False
        # an earlier process may have stored a claim and delivered nothing
        return not self._is_of_earlier_process(holder.opened_at) or await deletion_ops.was_promised(
            user.user_id, code, holder.update_key
        )

    def _count(self, outcome: Outcome, request: DeliveryRequest) -> Outcome:
        metrics.DELIVERIES.labels(outcome=outcome.value).inc()
        log.debug("delivery.ended", outcome=outcome.value, user_id=request.user.user_id, post=request.code)
        return outcome

    async def _admit(self, request: DeliveryRequest) -> Outcome:
        now = self._clock.now()
        settings = await settings_ops.current(now)
        verdict = await self._access_prompt.verdict(request.user, request.code, settings, now)
        if isinstance(verdict, Banned):
            await self._access_prompt.refuse(request.user, verdict)
            return Outcome.REFUSED
        post = await post_ops.open_post(request.code)
        if post is None:
            await self._send(request, user_texts.POST_GONE)
            return Outcome.NOT_FOUND
        if not isinstance(verdict, Admitted):
            if await self._was_admitted_before(request, post, settings):
                return Outcome.DOUBLE_TAP
            granted = await self._access_prompt.show_next_step(
                request.user, verdict, post, settings, request.update_key
            )
            if granted is not None:
                request = replace(request, user=granted)
                verdict = await self._access_prompt.verdict(granted, request.code, settings, now)
            if not isinstance(verdict, Admitted):
                self._deduplicator.note_answered(request.key, now)
                return Outcome.REFUSED
        return await self._claim_and_send(request, terms_of(post, settings, now, verdict.costs_credit), settings)

    async def _claim_and_send(self, request: DeliveryRequest, terms: Terms, settings: BotSettings) -> Outcome:
        claim = await self._claim(request, terms)
        if claim is None:
            return Outcome.DOUBLE_TAP
        outcome = await self._promise_and_send(request, terms, settings, claim)
        if outcome in RETRYABLE_OUTCOMES:
            # the next request must count neither as a second tap nor as a repeated open
            await self._record(lambda: delivery_claims.release_delivery(claim, self._clock.now()))
            return outcome
        self._deduplicator.note_answered(request.key, terms.sent_at)
        if terms.delete_at is None:
            await self._record(lambda: delivery_claims.settle_delivery(claim.id))
        if request.user.pending_code == request.code:
            # a later join must not deliver it again
            await self._record(lambda: user_ops.pop_pending_post(request.user.user_id, request.code, _EPOCH))
        return outcome

    async def _claim(self, request: DeliveryRequest, terms: Terms) -> delivery_claims.Claim | None:
        """Claim the delivery; None when another request holds the claim or an earlier process started this delivery."""
        claim = await self._try_claim(request, terms)
        if claim is None:
            holder = await delivery_claims.find_last_claim(self._bot.id, request.user.user_id, request.code)
            if holder is None:
                return None
            if await self._was_notified_of(holder, request):
                return await self._try_claim(request, terms, instead_of=holder.update_key)
            if not self._is_of_earlier_process(holder.opened_at):
                return None
            # its process is gone: continue the holder's request
            request = replace(request, update_key=holder.update_key)
            claim = await self._try_claim(request, terms)
        if claim is not None and await self._was_started_before(request, terms, claim):
            return None
        return claim

    async def _try_claim(
        self, request: DeliveryRequest, terms: Terms, instead_of: str = ""
    ) -> delivery_claims.Claim | None:
        return await delivery_claims.claim_delivery(
            self._bot.id,
            request.user.user_id,
            request.code,
            terms.sent_at,
            DOUBLE_TAP,
            update_key=request.update_key,
            instead_of=instead_of,
            # without a promise only the claim shows that a crash interrupted the delivery
            settle_later=terms.delete_at is None,
        )

    async def _follows_failure_notice(self, request: DeliveryRequest) -> bool:
        """Whether a request that looks like a second tap answers a notice to try again."""
        if not request.message_id:
            return False
        try:
            holder = await delivery_claims.find_last_claim(self._bot.id, request.user.user_id, request.code)
            return holder is not None and await self._was_notified_of(holder, request)
        except StoreUnavailable:
            return False

    async def _was_notified_of(self, holder: delivery_claims.LastClaim, request: DeliveryRequest) -> bool:
        """Whether the subscriber was notified, before `request`, that the holder's delivery may not have arrived.

        The update of an interrupted request is received again after a kill, which makes the claim look recent.
        """
        if not request.message_id or not holder.update_key or holder.update_key == request.update_key:
            return False
        promise = await deletion_ops.find_promise(request.user.user_id, request.code, holder.update_key)
        return (
            promise is not None
            and not promise.message_ids
            and 0 < (promise.notice_message_id or 0) <= request.message_id
        )

    async def _was_started_before(self, request: DeliveryRequest, terms: Terms, claim: delivery_claims.Claim) -> bool:
        """Whether an earlier process started this very delivery: Telegram repeats the update it was killed with.

        Then the subscriber has the post, or `Recovery` notifies them. The result is the same after an outage.
        """
        if not claim.is_repeated:
            return False
        if terms.delete_at is not None:
            return await self._may_have_been_sent(request, claim, terms.delete_at - terms.sent_at)
        if not self._is_of_earlier_process(claim.first_opened_at):
            return False
        if claim.was_unfinished:  # Recovery has not handled it yet
            is_returned = await user_credits.give_back_credit(request.user.user_id, request.code, request.update_key)
            words = [user_texts.INTERRUPTED] + [gate_texts.GIVEN_BACK] * is_returned
            await self._send(request, " ".join(words), with_retry_button=True)
        await self._record(lambda: delivery_claims.settle_delivery(claim.id))
        return True

    async def _may_have_been_sent(
        self, request: DeliveryRequest, claim: delivery_claims.Claim, life: timedelta
    ) -> bool:
        """Whether the post of a repeated request may have been sent already; `life`: the time until its deletion."""
        if await deletion_ops.was_promised(request.user.user_id, request.code, request.update_key):
            promise = await deletion_ops.find_promise(request.user.user_id, request.code, request.update_key)
            # a promise of this process without ids: the database stored it, its answer was lost, nothing was sent
            return promise is None or bool(promise.message_ids) or promise.sent_at < self._started_at
        first = claim.first_opened_at
        if first is None or not self._is_of_earlier_process(first) or claim.opened_at < first + life:
            return False
        # due before the update came again: its promise was either fulfilled or never stored
        await delivery_claims.release_delivery(claim, self._clock.now())
        await self._send(request, user_texts.INTERRUPTED, with_retry_button=True)
        return True

    async def _was_admitted_before(self, request: DeliveryRequest, post: Post, settings: BotSettings) -> bool:
        """Whether an earlier process admitted this very request: its update is received again after a kill.

        Asked before a refusal, since that delivery may have cost the last credit.
        """
        holder = await delivery_claims.find_last_claim(self._bot.id, request.user.user_id, request.code)
        if (
            holder is None
            or holder.update_key != request.update_key
            or not self._is_of_earlier_process(holder.opened_at)
        ):
            return False
        is_permanent = minutes_to_live(post, settings) == 0
        return is_permanent or await deletion_ops.was_promised(request.user.user_id, request.code, request.update_key)

    def _is_of_earlier_process(self, opened_at: datetime | None) -> bool:
        """Whether a claim was made by an earlier process; one without a time was released after a notice."""
        return opened_at is None or opened_at < self._started_at

    async def _promise_and_send(
        self, request: DeliveryRequest, terms: Terms, settings: BotSettings, claim: delivery_claims.Claim
    ) -> Outcome:
        promise = None
        if terms.delete_at is not None:
            promise = await self._find_earlier_promise(request, claim)
            promise = promise or await self._promise(request, terms.sent_at, terms.delete_at)
        # after the promise, by which Recovery finds the credits to return after a crash
        if terms.costs_credit and not await self._spend(request, terms, settings):
            return await self._end_unpaid(request, terms, promise, settings)
        try:
            sent = await self._copy(request, terms)
        except TELEGRAM_ERRORS as error:
            return await self._end_failed(request, terms, promise, error)
        return await self._end_sent(request, terms, promise, sent)

    async def _find_earlier_promise(self, request: DeliveryRequest, claim: delivery_claims.Claim) -> str | None:
        """Return the promise that an earlier attempt at this request stored although the database's answer was lost."""
        if not claim.is_repeated:
            return None
        found = await deletion_ops.find_promise(request.user.user_id, request.code, request.update_key)
        return None if found is None or found.message_ids else found.id

    async def _spend(self, request: DeliveryRequest, terms: Terms, settings: BotSettings) -> bool:
        """Spend one credit on this request; False when concurrent deliveries have spent the last one."""
        forget = expired_charges(request.user, settings, terms.sent_at)

        async def spend() -> bool:
            return await user_credits.spend_credit(
                request.user.user_id, request.code, request.update_key, terms.sent_at, forget
            )

        return await retry_while_unavailable(spend, self._clock, SHORT_S)

    async def _end_unpaid(
        self, request: DeliveryRequest, terms: Terms, promise: str | None, settings: BotSettings
    ) -> Outcome:
        if promise is not None:
            await self._record(lambda: deletion_ops.withdraw(promise))
        granted = await self._access_prompt.show_next_step(
            request.user, NoAccess(), terms.post, settings, request.update_key
        )
        if granted is not None:
            await send_text(self._bot, granted.user_id, gate_texts.TAKE_IT_NOW, gate_keyboards.get_it(request.code))
        return Outcome.UNPAID

    async def _return_credit(self, request: DeliveryRequest) -> None:
        await self._record(
            lambda: user_credits.give_back_credit(request.user.user_id, request.code, request.update_key)
        )

    async def _promise(
        self, request: DeliveryRequest, sent_at: datetime, delete_at: datetime, message_ids: tuple[int, ...] = ()
    ) -> str:
        user_id = request.user.user_id
        return await deletion_ops.promise(
            self._bot.id,
            user_id,
            user_id,
            request.code,
            sent_at,
            delete_at,
            message_ids,
            request_key=request.update_key,
        )

    async def _copy(self, request: DeliveryRequest, terms: Terms) -> tuple[int, ...]:
        copies = await self._bot.copy_messages(
            chat_id=request.user.user_id,
            from_chat_id=terms.post.storage_chat_id,
            message_ids=list(terms.post.message_ids),
            protect_content=terms.protect,
        )
        return tuple(copy.message_id for copy in copies)

    async def _end_sent(
        self, request: DeliveryRequest, terms: Terms, promise: str | None, sent: tuple[int, ...]
    ) -> Outcome:
        # an id of 0 is a message that Telegram sends later: there is no id to delete it by (BOTAPI §2.5)
        known_ids = tuple(message_id for message_id in sent if message_id > 0)
        if promise is not None:
            terms = from_now(terms, self._clock.now())
            promise = await self._record_messages(request, terms, promise, known_ids)
        await self._report_storage_works(terms.post.storage_chat_id)
        is_complete = len(sent) >= terms.post.item_count
        notice = await self._send_notice(request, terms, len(sent))
        if promise is not None and notice is not None:
            await self._record(lambda: deletion_ops.record_notice(promise, notice))
        if is_complete:
            await self._alerts.clear(f"post:{terms.post.code}")
            return Outcome.DELIVERED
        await self._alerts.raise_once(f"post:{terms.post.code}", owner_alerts.post_damaged(terms.post, len(sent)))
        return Outcome.INCOMPLETE

    async def _record_messages(
        self, request: DeliveryRequest, terms: Terms, promise: str, sent: tuple[int, ...]
    ) -> str:
        """Store the copies' ids in the promise; return its id, a new one when the promise was deleted meanwhile."""
        assert terms.delete_at is not None
        delete_at, stored = terms.delete_at, promise

        async def write() -> None:
            nonlocal stored
            if not await deletion_ops.record_messages(stored, sent, delete_at, sent_at=terms.sent_at):
                stored = await self._promise(request, terms.sent_at, delete_at, sent)

        await self._record(write)
        return stored

    async def _send_notice(self, request: DeliveryRequest, terms: Terms, sent: int) -> int | None:
        """Send the warning under the delivery; return its id, None when there is none or it could not be sent."""
        lines = []
        if sent < terms.post.item_count:
            lines.append(user_texts.missing_items(sent, terms.post.item_count))
        if terms.delete_at is not None:
            lines.append(user_texts.deletion_warning(terms.delete_at, self._clock.now(), self._zone))
        return await self._send(request, "\n\n".join(lines)) if lines else None

    async def _end_failed(
        self, request: DeliveryRequest, terms: Terms, promise: str | None, error: BaseException
    ) -> Outcome:
        failure = classify(error)
        log.warning("delivery.failed", failure=failure.value, post=request.code, user_id=request.user.user_id)
        if failure is Failure.AMBIGUOUS:
            # the messages may have arrived: the promise stays and the call is not retried
            returns_credit = _has_paid(request, terms) and not is_partial(_error_text(error))
            words = [user_texts.NOT_CONFIRMED] + [gate_texts.GIVEN_BACK] * returns_credit
            notice = await self._send(request, " ".join(words), with_retry_button=True)
            if returns_credit:
                await self._return_credit(request)
            if promise is not None and notice is not None:
                await self._record(lambda: deletion_ops.record_notice(promise, notice))
            return Outcome.UNKNOWN
        outcome = await self._explain_failure(request, terms.post, failure, error)
        if _has_paid(request, terms):
            await self._return_credit(request)
        if promise is not None:
            # after the notice: when killed in between, the next process finds the promise and notifies the subscriber
            await self._record(lambda: deletion_ops.withdraw(promise))
        return outcome

    async def _explain_failure(
        self, request: DeliveryRequest, post: Post, failure: Failure, error: BaseException
    ) -> Outcome:
        if failure in (Failure.BLOCKED, Failure.DEACTIVATED):
            mark = user_ops.mark_deactivated if failure is Failure.DEACTIVATED else user_ops.mark_blocked
            await self._record(lambda: mark(request.user.user_id, self._clock.now()))
            return Outcome.BLOCKED
        if failure is Failure.SOURCE_GONE:
            await self._send(request, user_texts.POST_EMPTY)
            await self._alerts.raise_once(f"post:{post.code}", owner_alerts.post_damaged(post, 0))
            return Outcome.SOURCE_GONE
        if failure in _STORAGE_FAILURES:
            await self._send(request, user_texts.STORAGE_LOST, with_retry_button=True)
            await self._report_storage_lost(post.storage_chat_id, error)
            return Outcome.STORAGE_LOST
        await self._send(request, user_texts.TRY_AGAIN, with_retry_button=True)
        return Outcome.LATER

    async def _report_storage_lost(self, chat_id: int, error: BaseException) -> None:
        # the admin bot may report the same channel: the incident is shared, and closed by the bot that opened it
        if await self._alerts.raise_once(f"storage:{chat_id}", owner_alerts.storage_lost(_error_text(error))):
            self._lost_storages.add(chat_id)

    async def _report_storage_works(self, chat_id: int) -> None:
        if chat_id in self._lost_storages:
            self._lost_storages.discard(chat_id)
            await self._alerts.clear(f"storage:{chat_id}", owner_alerts.storage_back())

    async def _send(self, request: DeliveryRequest, text: str, *, with_retry_button: bool = False) -> int | None:
        """Send one message; return its id, or None when Telegram did not take it."""
        markup = user_keyboards.get_again(request.code, "Try again") if with_retry_button else None
        # the warning under a delivery must not be duplicated
        return await send_text(self._bot, request.user.user_id, text, markup, may_duplicate=with_retry_button)

    async def _record(self, write: Callable[[], Awaitable[object]]) -> None:
        """Store what has already happened at Telegram; retry while the database is away, then log the loss."""
        try:
            await retry_while_unavailable(write, self._clock)
        except StoreUnavailable:
            log.error("delivery.record_lost")


def _has_paid(request: DeliveryRequest, terms: Terms) -> bool:
    """Whether this request has cost a credit, now or in an earlier attempt that an outage ended."""
    charge = request.user.charges.get(request.code)
    return terms.costs_credit or (charge is not None and charge.update_key == request.update_key)


def _error_text(error: BaseException) -> str:
    return error.message if isinstance(error, TelegramAPIError) else type(error).__name__
