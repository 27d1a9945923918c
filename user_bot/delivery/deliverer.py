"""The only path by which a post is delivered (DESIGN §7.1 to 7.4): admit, claim, pay, send and record."""

from dataclasses import replace
from datetime import UTC, datetime

import structlog

from core.access import Admitted, NoAccess, Verdict
from core.clock import Clock
from core.delivery_states import DeliveryState, is_lapsed, is_paid
from core.errors import StoreUnavailable
from core.posts import Post
from core.retries import retry_while_unavailable
from core.settings import BotSettings
from core.users import User
from database.operations import delivery_ops, settings_ops, user_ops
from database.operations.posts import post_ops
from monitoring import metrics
from user_bot.delivery import payment
from user_bot.delivery.claims import Claims
from user_bot.delivery.deduplication import First, RequestDeduplicator
from user_bot.delivery.explanations import Explanations
from user_bot.delivery.ownership import Ownership
from user_bot.delivery.request import RETRYABLE_OUTCOMES, DeliveryRequest, Outcome, Terms, from_now, terms_of
from user_bot.delivery.sending import Sending
from user_bot.gate.access_prompt import AccessPrompt
from views.subscribers import gate_keyboards, gate_texts
from views.subscribers import texts as user_texts

log = structlog.get_logger("tollgate.delivery")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Deliverer:
    """Delivers posts. One per bot and process; public methods may run concurrently."""

    def __init__(
        self,
        bot_id: int,
        clock: Clock,
        ownership: Ownership,
        access_prompt: AccessPrompt,
        claims: Claims,
        sending: Sending,
        explanations: Explanations,
    ) -> None:
        self._bot_id = bot_id
        self._clock = clock
        self._ownership = ownership
        self._access_prompt = access_prompt
        self._claims = claims
        self._sending = sending
        self._explanations = explanations
        self._deduplicator = RequestDeduplicator()

    async def deliver(
        self, user: User, code: str, update_key: str, *, source: str | None = None, after_refusal: bool = False
    ) -> Outcome:
        """Deliver post `code` to `user`, or send one message that says why not. `update_key` identifies the update.

        `source`: of the link that was opened, which the post counts.
        A second request for the same post while the first is in progress, or within DOUBLE_TAP after its answer, does
        nothing. With `after_refusal` (the subscriber has just joined or verified) only a request in progress counts,
        and this one follows it if it is refused.

        Raises StoreUnavailable only when nothing was sent; calling it again is then safe.
        """
        request = DeliveryRequest(user, code, update_key, source)
        if not await self._try_start(request, after_refusal=after_refusal):
            return self._count(Outcome.DOUBLE_TAP, request)
        outcome = None
        try:
            outcome = await self._admit(request)
            return self._count(outcome, request)
        finally:
            self._deduplicator.end(request.key, was_refused=outcome in (Outcome.REFUSED, Outcome.UNPAID))

    async def was_delivered_since(self, user: User, code: str, since: datetime) -> bool:
        """Whether the post was delivered at `since` or later, or its delivery is in progress."""
        found = await delivery_ops.find(self._bot_id, user.user_id, code)
        if found is None or found.opened_at is None or found.opened_at < since:
            return False
        if found.state is DeliveryState.SENDING:
            return not is_lapsed(found, self._clock.now())
        return found.state is DeliveryState.SENT

    async def _try_start(self, request: DeliveryRequest, *, after_refusal: bool) -> bool:
        if self._deduplicator.try_start(request.key, self._clock.now(), ignore_answered=after_refusal):
            return True
        first = await self._deduplicator.wait_for_first(request.key, until_its_end=after_refusal)
        may_follow = first is First.SILENT or (after_refusal and first is First.REFUSED)
        return may_follow and self._deduplicator.try_start(request.key, self._clock.now(), ignore_answered=True)

    def _count(self, outcome: Outcome, request: DeliveryRequest) -> Outcome:
        metrics.DELIVERIES.labels(outcome=outcome.value).inc()
        log.debug("delivery.ended", outcome=outcome.value, user_id=request.user.user_id, post=request.code)
        return outcome

    async def _admit(self, request: DeliveryRequest) -> Outcome:
        now = self._clock.now()
        settings = await settings_ops.current(now)
        ban = await self._access_prompt.ban_of(request.user, now)
        if ban is not None:
            await self._access_prompt.refuse(request.user, ban)
            return Outcome.REFUSED
        post = await post_ops.open_post(request.code, request.source)
        if post is None:
            await self._explanations.send(request, user_texts.POST_GONE)
            return Outcome.NOT_FOUND
        return await self._admit_to(request, post, settings, now)

    async def _admit_to(self, request: DeliveryRequest, post: Post, settings: BotSettings, now: datetime) -> Outcome:
        verdict = await self._access_prompt.verdict(request.user, post.code, settings, now, post.access)
        if _has_spent(request) and isinstance(verdict, Admitted | NoAccess):
            # before an answer was lost
            verdict = Admitted(costs_credit=True)
        elif isinstance(verdict, NoAccess):
            verdict = await self._admitted_by_copy(request, verdict, now)
        if not isinstance(verdict, Admitted):
            granted = await self._access_prompt.show_next_step(
                request.user, verdict, post, settings, request.update_key
            )
            if granted is not None:
                request = replace(request, user=granted)
                verdict = await self._access_prompt.verdict(granted, post.code, settings, now, post.access)
            if not isinstance(verdict, Admitted):
                self._deduplicator.note_answered(request.key, now)
                return Outcome.REFUSED
        return await self._claim_and_send(request, terms_of(post, settings, now, verdict.costs_credit), settings)

    async def _admitted_by_copy(self, request: DeliveryRequest, verdict: Verdict, now: datetime) -> Verdict:
        """Admit a request for a post of which a paid copy stands; return `verdict` otherwise."""
        found = await delivery_ops.find(self._bot_id, request.user.user_id, request.code)
        return Admitted() if is_paid(found, now) else verdict

    async def _claim_and_send(self, request: DeliveryRequest, terms: Terms, settings: BotSettings) -> Outcome:
        # asking the gate may have taken longer than a lease lasts
        terms, since_s = from_now(terms, self._clock.now()), self._clock.monotonic()
        claim = await self._claims.claim(request, terms)
        if claim is None:
            return Outcome.DOUBLE_TAP
        with self._ownership.hold(claim.id, since_s):
            self._deduplicator.note_delivers(request.key)
            costs = payment.costs_now(claim, terms)
            if costs and not await payment.spend(request, terms, settings, self._clock):
                await delivery_ops.record_refused(claim)
                return await self._show_how_to_pay(request, terms.post, settings)
            if not await self._ownership.is_still_ours(claim.id):
                # who took it over has told the subscriber, and given back what was spent
                return Outcome.DOUBLE_TAP
            outcome = await self._sending.send(request, terms, claim, is_paid=costs)
        if outcome in RETRYABLE_OUTCOMES:
            return outcome
        self._deduplicator.note_answered(request.key, terms.sent_at)
        if request.user.pending_code == request.code:
            # a later join must not deliver it again
            await self._forget_pending(request)
        return outcome

    async def _show_how_to_pay(self, request: DeliveryRequest, post: Post, settings: BotSettings) -> Outcome:
        """Concurrent deliveries have spent the last credit."""
        granted = await self._access_prompt.show_next_step(request.user, NoAccess(), post, settings, request.update_key)
        if granted is not None:
            await self._explanations.send_with(request, gate_texts.TAKE_IT_NOW, gate_keyboards.get_it(request.code))
        return Outcome.UNPAID

    async def _forget_pending(self, request: DeliveryRequest) -> None:
        try:
            await retry_while_unavailable(
                lambda: user_ops.pop_pending_post(request.user.user_id, request.code, _EPOCH), self._clock
            )
        except StoreUnavailable:
            log.error("delivery.record_lost")


def _has_spent(request: DeliveryRequest) -> bool:
    """Whether this very update has spent a credit on the post."""
    charge = request.user.charges.get(request.code)
    return charge is not None and charge.update_key == request.update_key
