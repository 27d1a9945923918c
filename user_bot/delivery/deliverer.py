"""The only path by which a post is delivered (DESIGN §7.1 to 7.4): admit, claim, pay, send and record."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import structlog

from core import access
from core.access import Admitted, NoAccess, NotSubscribed, Verdict
from core.clock import Clock
from core.days import start_of_day
from core.delivery_states import Delivery, DeliveryState, is_lapsed, is_paid, is_standing
from core.errors import StoreUnavailable
from core.posts import Post
from core.retries import retry_while_unavailable
from core.settings import BotSettings
from core.statistics.events import Step
from core.users import User
from database.operations import delivery_ops, settings_ops, user_ops
from database.operations.counting import tries
from database.operations.delivery_ops import Claim
from database.operations.posts import post_ops
from database.tolerated import tolerated
from monitoring import metrics
from user_bot.delivery import payment
from user_bot.delivery.claims import Claims
from user_bot.delivery.deduplication import First, RequestDeduplicator
from user_bot.delivery.explanations import Explanations
from user_bot.delivery.ownership import Ownership
from user_bot.delivery.request import (
    ARRIVED,
    RETRYABLE_OUTCOMES,
    DeliveryRequest,
    Outcome,
    Terms,
    from_now,
    terms_of,
    with_known_source,
)
from user_bot.delivery.sending import Sending
from user_bot.delivery.standing_copies import StandingCopies
from user_bot.gate.access_prompt import AccessPrompt, GateVisit
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
        zone: ZoneInfo,
        ownership: Ownership,
        access_prompt: AccessPrompt,
        claims: Claims,
        sending: Sending,
        explanations: Explanations,
        standing_copies: StandingCopies,
    ) -> None:
        self._bot_id = bot_id
        self._clock = clock
        self._zone = zone
        self._ownership = ownership
        self._access_prompt = access_prompt
        self._claims = claims
        self._sending = sending
        self._explanations = explanations
        self._standing_copies = standing_copies
        self._deduplicator = RequestDeduplicator()

    async def deliver(
        self,
        user: User,
        code: str,
        update_key: str,
        *,
        opening: int | None = None,
        source: str | None = None,
        after_refusal: bool = False,
        moves_down: bool = False,
        replaces: bool = False,
        may_cost: bool = True,
    ) -> Outcome:
        """Deliver post `code` to `user`, or show what it needs first. `update_key` identifies the update.

        `opening`: id of the update that opened a link, which the post counts; `source`: of that link. `moves_down`:
        something has come below the gate message. A copy that is there is pointed to; with `replaces` it is deleted
        when the new one is there. Without `may_cost` nothing happens when the post costs a credit.
        A second request for the same post while the first is in progress, or within DOUBLE_TAP after its answer, does
        nothing. With `after_refusal` (the subscriber has just joined or verified) only a request in progress counts,
        and this one follows it if it is refused.

        Raises StoreUnavailable only when nothing was sent; calling it again is then safe.
        """
        request = DeliveryRequest(user, code, update_key, source, opening, moves_down, replaces, may_cost)
        # the button that replaces a copy may be pressed as soon as it is there
        ignore_answered = after_refusal or replaces
        if not self._deduplicator.try_start(request.key, self._clock.now(), ignore_answered=ignore_answered):
            if not await self._follows(request, after_refusal=after_refusal):
                return self._count(Outcome.DOUBLE_TAP, request)
            # what the first has stored, like the gate message
            request = replace(request, user=await user_ops.find(user.user_id) or user)
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

    async def stands_since(self, user: User, code: str, since: datetime) -> bool:
        """Whether the post was delivered at `since` or later and was not deleted yet."""
        found = await delivery_ops.find(self._bot_id, user.user_id, code)
        if found is None or found.opened_at is None or found.opened_at < since:
            return False
        return found.stands(self._clock.now())

    async def _follows(self, request: DeliveryRequest, *, after_refusal: bool) -> bool:
        """Wait for the request in progress; whether this one starts after it."""
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
        post = await post_ops.open_post(request.code, request.source, opening=request.opening)
        if post is None:
            is_known = await post_ops.find(request.code) is not None
            await self._explanations.send(request, user_texts.post_gone() if is_known else user_texts.invalid_link())
            return Outcome.NOT_FOUND
        return await self._admit_to(with_known_source(request, post), post, settings, now)

    async def _admit_to(self, request: DeliveryRequest, post: Post, settings: BotSettings, now: datetime) -> Outcome:
        verdict = await self._access_prompt.verdict(request.user, post.code, settings, now, post.access)
        if _has_spent(request) and isinstance(verdict, Admitted | NoAccess):
            # before an answer was lost
            verdict = Admitted(costs_credit=True)
        elif isinstance(verdict, NoAccess):
            verdict = await self._admitted_by_copy(request, verdict, now)
        if not isinstance(verdict, Admitted):
            await self._note_refused(request, verdict, now)
            granted = await self._access_prompt.show_next_step(_visit(request, post, settings), verdict)
            if granted is not None:
                request = replace(request, user=granted)
                verdict = await self._access_prompt.verdict(granted, post.code, settings, now, post.access)
            if not isinstance(verdict, Admitted):
                self._deduplicator.note_answered(request.key, now)
                return Outcome.REFUSED
        if verdict.costs_credit and not request.may_cost and not await self._is_paid(request, now):
            return Outcome.NOT_FREE
        terms = terms_of(
            post,
            settings,
            now,
            costs_credit=verdict.costs_credit,
            is_paid_before=access.is_paid(request.user, settings, now, post.code),
        )
        return await self._point_or_send(request, terms, settings)

    async def _note_refused(self, request: DeliveryRequest, verdict: Verdict, now: datetime) -> None:
        """Store how far the try came; before anything is sent, since it may raise StoreUnavailable."""
        step = Step.TRIED if isinstance(verdict, NotSubscribed) else Step.JOINED
        day = start_of_day(now, self._zone)
        await tries.step_up(request.user.user_id, request.code, day, step, request.source)

    async def _admitted_by_copy(self, request: DeliveryRequest, verdict: Verdict, now: datetime) -> Verdict:
        """Admit a request for a post of which a copy is there, or a paid one stands; return `verdict` otherwise."""
        found = await delivery_ops.find(self._bot_id, request.user.user_id, request.code)
        return Admitted(costs_credit=True) if is_paid(found, now) or is_standing(found, now) else verdict

    async def _is_paid(self, request: DeliveryRequest, now: datetime) -> bool:
        return is_paid(await delivery_ops.find(self._bot_id, request.user.user_id, request.code), now)

    async def _point_or_send(self, request: DeliveryRequest, terms: Terms, settings: BotSettings) -> Outcome:
        # asking the gate may have taken longer than a lease lasts
        terms, since_s = from_now(terms, self._clock.now()), self._clock.monotonic()
        claim = await self._claims.claim(request, terms)
        if isinstance(claim, Delivery):
            self._deduplicator.note_delivers(request.key)
            if await self._standing_copies.point_to(request, claim):
                await self._access_prompt.is_passed(request.user, request.code)
                self._deduplicator.note_answered(request.key, self._clock.now())
                return Outcome.POINTED
            return await self._point_or_send(replace(request, replaces=True), terms, settings)
        if claim is None:
            await self._access_prompt.is_passed(request.user, request.code)
            return Outcome.DOUBLE_TAP
        return await self._send(request, terms, settings, claim, since_s)

    async def _send(
        self, request: DeliveryRequest, terms: Terms, settings: BotSettings, claim: Claim, since_s: float
    ) -> Outcome:
        with self._ownership.hold(claim.id, since_s):
            self._deduplicator.note_delivers(request.key)
            costs = payment.costs_now(claim, terms)
            left = await payment.spend(request, terms, settings, self._clock) if costs else None
            if costs and left is None:
                await delivery_ops.record_refused(claim)
                return await self._show_how_to_pay(request, terms.post, settings)
            if not await self._ownership.is_still_ours(claim.id):
                # who took it over has told the subscriber, and given back what was spent
                return Outcome.DOUBLE_TAP
            cost = payment.cost_of(request, terms, left)
            outcome = await self._sending.send(request, terms, claim, cost)
        if outcome in ARRIVED:
            await self._standing_copies.delete_replaced(claim.before, is_asked=request.replaces)
        await self._access_prompt.is_passed(request.user, request.code)
        if outcome in RETRYABLE_OUTCOMES:
            return outcome
        self._deduplicator.note_answered(request.key, terms.sent_at)
        if request.user.pending_code == request.code:
            # a later join must not deliver it again
            await self._forget_pending(request)
        return outcome

    async def _show_how_to_pay(self, request: DeliveryRequest, post: Post, settings: BotSettings) -> Outcome:
        """Concurrent deliveries have spent the last credit."""
        user = await user_ops.find(request.user.user_id) or request.user
        verdict = NoAccess(await self._access_prompt.subscription_of(user, post))
        # the delivery is recorded as refused: the update would not be handled again
        await tolerated("try.not_counted", self._note_refused(request, verdict, self._clock.now()))
        granted = await self._access_prompt.show_next_step(_visit(replace(request, user=user), post, settings), verdict)
        if granted is not None:
            await self._explanations.send_with(request, gate_texts.take_it_now(), gate_keyboards.get_it(request.code))
        return Outcome.UNPAID

    async def _forget_pending(self, request: DeliveryRequest) -> None:
        try:
            await retry_while_unavailable(
                lambda: user_ops.pop_pending_post(request.user.user_id, request.code, _EPOCH), self._clock
            )
        except StoreUnavailable:
            log.error("delivery.record_lost")


def _visit(request: DeliveryRequest, post: Post, settings: BotSettings) -> GateVisit:
    return GateVisit(request.user, post, settings, request.update_key, request.moves_down)


def _has_spent(request: DeliveryRequest) -> bool:
    """Whether this very update has spent a credit on the post."""
    charge = request.user.charges.get(request.code)
    return charge is not None and charge.update_key == request.update_key
