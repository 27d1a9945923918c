"""The one path a post is handed over (DESIGN §7.1 to 7.4)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError

from core.access import Admitted, Banned, NoAccess, forgotten_charges
from core.clock import Clock, to_milliseconds
from core.delivery import DOUBLE_TAP, minutes_to_live
from core.errors import StoreUnavailable
from core.posts import Post
from core.retries import SHORT_S, retry_while_unavailable
from core.settings import BotSettings
from core.users import User
from database.operations import deletion_ops, post_ops, settings_ops, user_ops
from monitoring import metrics
from monitoring.alerts import Alerts
from sender.failures import TELEGRAM_ERRORS, Failure, classify
from sender.refusals import is_partial
from user_bot.delivery.deduplication import RequestDeduplicator
from user_bot.delivery.request import WANTED_AGAIN, DeliveryRequest, Outcome, Terms, from_now, terms_of
from user_bot.gate.access_prompt import AccessPrompt
from user_bot.saying import say
from views import owner_alerts
from views.subscribers import gate_keyboards, gate_texts
from views.subscribers import keyboards as user_keyboards
from views.subscribers import texts as user_texts

log = structlog.get_logger("tollgate.delivery")

#: the storage channel, not the reader, is out of reach: the reader has just written to us
_STORAGE_FAILURES = frozenset({Failure.KICKED, Failure.UNREACHABLE, Failure.MIGRATED})
_EVER = datetime(1970, 1, 1, tzinfo=UTC)  # before any wish


class Deliverer:
    """Hands posts over. One per bot and process; every public method is safe to call at the same time."""

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
        self._began = to_milliseconds(clock.now())  # as precise as the times it is compared with
        self._deduplicator = RequestDeduplicator()
        self._lost_storages: set[int] = set()

    async def deliver(
        self, user: User, code: str, update_key: str, *, message_id: int = 0, again: bool = False
    ) -> Outcome:
        """Hand post `code` to `user`, or say in one sentence why not. `update_key` names the update that asks for it.

        A second wish for the same post while the first is under way, or within DOUBLE_TAP after it was answered, does
        nothing; with `again` only while it is under way, and if that one was turned away, it comes next: what kept the
        person out is done. One that came behind a
        sentence to press again, by `message_id` (its own, or that of its button's message), is no second wish. Raises
        StoreUnavailable only when nothing was sent; calling it again is then safe.
        """
        request = DeliveryRequest(user, code, update_key, message_id)
        begins = self._deduplicator.begin(request.key, self._clock.now(), again=again)
        if not begins and again and await self._deduplicator.is_turned_away(request.key):
            begins = self._deduplicator.begin(request.key, self._clock.now(), again=True)
        if not begins and not await self._is_pressed_again(request):
            return self._count(Outcome.DOUBLE_TAP, request)
        outcome = None
        try:
            outcome = await self._admit(request)
            return self._count(outcome, request)
        finally:
            self._deduplicator.end(request.key, was_turned_away=outcome is Outcome.REFUSED)

    async def has_come_since(self, user: User, code: str, since: datetime) -> bool:
        """Whether the post was handed over at `since` or later, or is under way."""
        holder = await deletion_ops.holder_of(self._bot.id, user.user_id, code)
        if holder is None or holder.opened_at is None or holder.opened_at < since:
            return False
        # a claim of an earlier process may be all there is of it
        return not self._is_from_before(holder.opened_at) or await deletion_ops.was_promised(
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
            await self._say(request, user_texts.POST_GONE)
            return Outcome.NOT_FOUND
        if not isinstance(verdict, Admitted):
            if await self._was_begun(request, post, settings):
                return Outcome.DOUBLE_TAP
            paid = await self._access_prompt.show_next_step(request.user, verdict, post, settings, request.update_key)
            if paid is not None:
                request = replace(request, user=paid)
                verdict = await self._access_prompt.verdict(paid, request.code, settings, now)
            if not isinstance(verdict, Admitted):
                self._deduplicator.answered(request.key, now)
                return Outcome.REFUSED
        return await self._hand_over(request, terms_of(post, settings, now, verdict.costs_credit), settings)

    async def _hand_over(self, request: DeliveryRequest, terms: Terms, settings: BotSettings) -> Outcome:
        claim = await self._claim(request, terms)
        if claim is None:
            return Outcome.DOUBLE_TAP
        outcome = await self._promise_and_send(request, terms, settings, claim)
        if outcome in WANTED_AGAIN:
            # the next try must not look like a second tap, nor like a repeated open
            await self._write_down(lambda: deletion_ops.release_delivery(claim, self._clock.now()))
            return outcome
        self._deduplicator.answered(request.key, terms.sent_at)
        if terms.delete_at is None:
            await self._write_down(lambda: deletion_ops.settle_delivery(claim.id))
        if request.user.wanted_code == request.code:
            # whoever joins another channel later is not waiting for it any more
            await self._write_down(lambda: user_ops.pop_pending_post(request.user.user_id, request.code, _EVER))
        return outcome

    async def _claim(self, request: DeliveryRequest, terms: Terms) -> deletion_ops.Claim | None:
        """The right to hand over; None when somebody has it, or an earlier process began this very delivery."""
        claim = await self._take(request, terms)
        if claim is None:
            holder = await deletion_ops.holder_of(self._bot.id, request.user.user_id, request.code)
            if holder is None:
                return None
            if await self._was_told_of(holder, request):
                return await self._take(request, terms, instead_of=holder.update_key)
            if not self._is_from_before(holder.opened_at):
                return None
            # whoever holds it is gone: its wish goes on as this one's
            request = replace(request, update_key=holder.update_key)
            claim = await self._take(request, terms)
        if claim is not None and await self._began_before(request, terms, claim):
            return None
        return claim

    async def _take(self, request: DeliveryRequest, terms: Terms, instead_of: str = "") -> deletion_ops.Claim | None:
        return await deletion_ops.claim_delivery(
            self._bot.id,
            request.user.user_id,
            request.code,
            terms.sent_at,
            DOUBLE_TAP,
            update_key=request.update_key,
            instead_of=instead_of,
            # without a promise the claim is what tells of a crash in the middle
            settle_later=terms.delete_at is None,
        )

    async def _is_pressed_again(self, request: DeliveryRequest) -> bool:
        """Whether a wish that looks like a second tap follows a sentence to press again."""
        if not request.message_id:
            return False
        try:
            holder = await deletion_ops.holder_of(self._bot.id, request.user.user_id, request.code)
            return holder is not None and await self._was_told_of(holder, request)
        except StoreUnavailable:
            return False

    async def _was_told_of(self, holder: deletion_ops.Holder, request: DeliveryRequest) -> bool:
        """Whether the reader was told, before `request`, that nobody knows if the holder's delivery arrived.

        The update of a wish that a kill cut off comes once more, and then it looks as if it were just answered.
        """
        if not request.message_id or not holder.update_key or holder.update_key == request.update_key:
            return False
        promise = await deletion_ops.find_promise(request.user.user_id, request.code, holder.update_key)
        return (
            promise is not None
            and not promise.message_ids
            and 0 < (promise.notice_message_id or 0) <= request.message_id
        )

    async def _began_before(self, request: DeliveryRequest, terms: Terms, claim: deletion_ops.Claim) -> bool:
        """Whether an earlier process began this very delivery: Telegram repeats the update it was killed with.

        Then the reader has the post, or `Recovery` tells them. The answer is the same after an outage in the middle.
        """
        if not claim.is_repeated:
            return False
        if terms.delete_at is not None:
            return await self._was_sent_before(request, claim, terms.delete_at - terms.sent_at)
        if not self._is_from_before(claim.first_opened_at):
            return False
        if claim.was_unfinished:  # and no Recovery has come to it yet
            given_back = await user_ops.give_back_credit(request.user.user_id, request.code, request.update_key)
            words = [user_texts.INTERRUPTED] + [gate_texts.GIVEN_BACK] * given_back
            await self._say(request, " ".join(words), again=True)
        await self._write_down(lambda: deletion_ops.settle_delivery(claim.id))
        return True

    async def _was_sent_before(self, request: DeliveryRequest, claim: deletion_ops.Claim, life: timedelta) -> bool:
        """Whether the post of a repeated wish may have left already; `life`: how long it stays."""
        if await deletion_ops.was_promised(request.user.user_id, request.code, request.update_key):
            promise = await deletion_ops.find_promise(request.user.user_id, request.code, request.update_key)
            # one of this process without ids: the database took it and its answer was lost, nothing has left
            return promise is None or bool(promise.message_ids) or promise.sent_at < self._began
        first = claim.first_opened_at
        if first is None or not self._is_from_before(first) or claim.opened_at < first + life:
            return False
        # its time was up before the update came again: nobody knows whether its promise has been kept or never was
        await deletion_ops.release_delivery(claim, self._clock.now())
        await self._say(request, user_texts.INTERRUPTED, again=True)
        return True

    async def _was_begun(self, request: DeliveryRequest, post: Post, settings: BotSettings) -> bool:
        """Whether an earlier process came to hand over for this very wish: its update comes once more after a kill.

        Asked of whoever is to be turned away: the delivery itself may have cost the last credit.
        """
        holder = await deletion_ops.holder_of(self._bot.id, request.user.user_id, request.code)
        if holder is None or holder.update_key != request.update_key or not self._is_from_before(holder.opened_at):
            return False
        is_permanent = minutes_to_live(post, settings) == 0
        return is_permanent or await deletion_ops.was_promised(request.user.user_id, request.code, request.update_key)

    def _is_from_before(self, opened_at: datetime | None) -> bool:
        """Whether a claim is an earlier process's; one without a time was released after its reader had been told."""
        return opened_at is None or opened_at < self._began

    async def _promise_and_send(
        self, request: DeliveryRequest, terms: Terms, settings: BotSettings, claim: deletion_ops.Claim
    ) -> Outcome:
        promise = None
        if terms.delete_at is not None:
            promise = await self._promised_before(request, claim)
            promise = promise or await self._promise(request, terms.sent_at, terms.delete_at)
        # behind the promise, which tells a start after a crash whom to give a credit back
        if terms.costs_credit and not await self._spend(request, terms, settings):
            return await self._not_paid(request, terms, promise, settings)
        try:
            sent = await self._copy(request, terms)
        except TELEGRAM_ERRORS as error:
            return await self._not_sent(request, terms, promise, error)
        return await self._sent(request, terms, promise, sent)

    async def _promised_before(self, request: DeliveryRequest, claim: deletion_ops.Claim) -> str | None:
        """The promise of an earlier try for the same wish: the database took it and its answer was lost."""
        if not claim.is_repeated:
            return None
        found = await deletion_ops.find_promise(request.user.user_id, request.code, request.update_key)
        return None if found is None or found.message_ids else found.id

    async def _spend(self, request: DeliveryRequest, terms: Terms, settings: BotSettings) -> bool:
        """One credit for this wish; False when other deliveries have just spent the last."""
        forget = forgotten_charges(request.user, settings, terms.sent_at)

        async def spend() -> bool:
            return await user_ops.spend_credit(
                request.user.user_id, request.code, request.update_key, terms.sent_at, forget
            )

        return await retry_while_unavailable(spend, self._clock, SHORT_S)

    async def _not_paid(
        self, request: DeliveryRequest, terms: Terms, promise: str | None, settings: BotSettings
    ) -> Outcome:
        if promise is not None:
            await self._write_down(lambda: deletion_ops.withdraw(promise))
        paid = await self._access_prompt.show_next_step(
            request.user, NoAccess(), terms.post, settings, request.update_key
        )
        if paid is not None:
            await say(self._bot, paid.user_id, gate_texts.TAKE_IT_NOW, gate_keyboards.get_it(request.code))
        return Outcome.UNPAID

    async def _give_back(self, request: DeliveryRequest) -> None:
        await self._write_down(
            lambda: user_ops.give_back_credit(request.user.user_id, request.code, request.update_key)
        )

    async def _promise(
        self, request: DeliveryRequest, sent_at: datetime, delete_at: datetime, message_ids: tuple[int, ...] = ()
    ) -> str:
        reader = request.user.user_id
        return await deletion_ops.promise(
            self._bot.id, reader, reader, request.code, sent_at, delete_at, message_ids, request_key=request.update_key
        )

    async def _copy(self, request: DeliveryRequest, terms: Terms) -> tuple[int, ...]:
        copies = await self._bot.copy_messages(
            chat_id=request.user.user_id,
            from_chat_id=terms.post.storage_chat_id,
            message_ids=list(terms.post.message_ids),
            protect_content=terms.protect,
        )
        return tuple(copy.message_id for copy in copies)

    async def _sent(
        self, request: DeliveryRequest, terms: Terms, promise: str | None, sent: tuple[int, ...]
    ) -> Outcome:
        # an id of 0 is a message Telegram has put off; there is nothing to delete by (BOTAPI §2.5)
        known = tuple(message_id for message_id in sent if message_id > 0)
        if promise is not None:
            terms = from_now(terms, self._clock.now())
            promise = await self._record(request, terms, promise, known)
        await self._storage_works(terms.post.storage_chat_id)
        complete = len(sent) >= terms.post.item_count
        notice = await self._send_notice(request, terms, len(sent))
        if promise is not None and notice is not None:
            await self._write_down(lambda: deletion_ops.record_notice(promise, notice))
        if complete:
            await self._alerts.clear(f"post:{terms.post.code}")
            return Outcome.DELIVERED
        await self._alerts.raise_once(f"post:{terms.post.code}", owner_alerts.post_damaged(terms.post, len(sent)))
        return Outcome.INCOMPLETE

    async def _record(self, request: DeliveryRequest, terms: Terms, promise: str, sent: tuple[int, ...]) -> str:
        """Write the copies' ids to the promise; its id, which is new when the promise was given up meanwhile."""
        assert terms.delete_at is not None
        delete_at, kept = terms.delete_at, promise

        async def write() -> None:
            nonlocal kept
            if not await deletion_ops.record_messages(kept, sent, delete_at, sent_at=terms.sent_at):
                kept = await self._promise(request, terms.sent_at, delete_at, sent)

        await self._write_down(write)
        return kept

    async def _send_notice(self, request: DeliveryRequest, terms: Terms, sent: int) -> int | None:
        """The warning under the delivery; None when there is nothing to warn of or it could not be sent."""
        lines = []
        if sent < terms.post.item_count:
            lines.append(user_texts.missing_items(sent, terms.post.item_count))
        if terms.delete_at is not None:
            lines.append(user_texts.deletion_warning(terms.delete_at, self._clock.now(), self._zone))
        return await self._say(request, "\n\n".join(lines)) if lines else None

    async def _not_sent(
        self, request: DeliveryRequest, terms: Terms, promise: str | None, error: BaseException
    ) -> Outcome:
        failure = classify(error)
        log.warning("delivery.failed", failure=failure.value, post=request.code, user_id=request.user.user_id)
        if failure is Failure.AMBIGUOUS:
            # the messages may be there: the promise stays, the call is never repeated by itself
            gives_back = _has_paid(request, terms) and not is_partial(_words_of(error))
            words = [user_texts.NOT_CONFIRMED] + [gate_texts.GIVEN_BACK] * gives_back
            notice = await self._say(request, " ".join(words), again=True)
            if gives_back:
                await self._give_back(request)
            if promise is not None and notice is not None:
                await self._write_down(lambda: deletion_ops.record_notice(promise, notice))
            return Outcome.UNKNOWN
        outcome = await self._explain(request, terms.post, failure, error)
        if _has_paid(request, terms):
            await self._give_back(request)
        if promise is not None:
            # not before the reader was told: killed in between, the next process finds the promise and tells them
            await self._write_down(lambda: deletion_ops.withdraw(promise))
        return outcome

    async def _explain(self, request: DeliveryRequest, post: Post, failure: Failure, error: BaseException) -> Outcome:
        if failure in (Failure.BLOCKED, Failure.DEACTIVATED):
            update_key = user_ops.mark_deactivated if failure is Failure.DEACTIVATED else user_ops.mark_blocked
            await self._write_down(lambda: update_key(request.user.user_id, self._clock.now()))
            return Outcome.BLOCKED
        if failure is Failure.SOURCE_GONE:
            await self._say(request, user_texts.POST_EMPTY)
            await self._alerts.raise_once(f"post:{post.code}", owner_alerts.post_damaged(post, 0))
            return Outcome.SOURCE_GONE
        if failure in _STORAGE_FAILURES:
            await self._say(request, user_texts.STORAGE_LOST, again=True)
            await self._storage_lost(post.storage_chat_id, error)
            return Outcome.STORAGE_LOST
        await self._say(request, user_texts.TRY_AGAIN, again=True)
        return Outcome.LATER

    async def _storage_lost(self, chat_id: int, error: BaseException) -> None:
        # the admin bot may have told of the same channel: the incident is shared, and ended by who began it
        if await self._alerts.raise_once(f"storage:{chat_id}", owner_alerts.storage_lost(_words_of(error))):
            self._lost_storages.add(chat_id)

    async def _storage_works(self, chat_id: int) -> None:
        if chat_id in self._lost_storages:
            self._lost_storages.discard(chat_id)
            await self._alerts.clear(f"storage:{chat_id}", owner_alerts.storage_back())

    async def _say(self, request: DeliveryRequest, text: str, *, again: bool = False) -> int | None:
        """Send one message; its id, or None when Telegram did not take it. `again`: with a button to try again."""
        markup = user_keyboards.get_again(request.code, "Try again") if again else None
        # the warning under a delivery is not repeated: twice the same announcement would be one too many
        return await say(self._bot, request.user.user_id, text, markup, better_twice=again)

    async def _write_down(self, write: Callable[[], Awaitable[object]]) -> None:
        """Record something that has already happened at Telegram: while the database is away, keep trying."""
        try:
            await retry_while_unavailable(write, self._clock)
        except StoreUnavailable:
            log.error("delivery.record_lost")


def _has_paid(request: DeliveryRequest, terms: Terms) -> bool:
    """Whether this wish has cost a credit, now or in an earlier try that an outage ended."""
    charge = request.user.charges.get(request.code)
    return terms.costs_credit or (charge is not None and charge.update_key == request.update_key)


def _words_of(error: BaseException) -> str:
    return error.message if isinstance(error, TelegramAPIError) else type(error).__name__
