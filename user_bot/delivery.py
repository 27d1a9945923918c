"""The one path a post is handed over (DESIGN §7.1 to 7.4)."""

import asyncio
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
from core.patience import SHORT_S, keep_trying
from core.posts import Post
from core.settings import BotSettings
from core.users import User
from database.operations import deletion_ops, post_ops, settings_ops, user_ops
from monitoring import metrics
from monitoring.alerts import Alerts
from sender.failures import TELEGRAM_ERRORS, Failure, classify
from sender.refusals import is_partial
from user_bot.doorkeeper import Doorkeeper
from user_bot.saying import say
from user_bot.taps import Taps
from user_bot.wish import WANTED_AGAIN, Outcome, Terms, Wish, from_now, terms_of
from views import gate_keyboards, gate_texts, owner_alerts, user_keyboards, user_texts

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
        doorkeeper: Doorkeeper,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._bot = bot
        self._clock = clock
        self._zone = zone
        self._alerts = alerts
        self._doorkeeper = doorkeeper
        self._sleep = sleep
        self._began = to_milliseconds(clock.now())  # as precise as the times it is compared with
        self._taps = Taps()
        self._lost_storages: set[int] = set()

    async def deliver(self, user: User, code: str, mark: str, *, message_id: int = 0, again: bool = False) -> Outcome:
        """Hand post `code` to `user`, or say in one sentence why not. `mark` names the update that asks for it.

        A second wish for the same post while the first is under way, or within DOUBLE_TAP after it was answered, does
        nothing; with `again` only while it is under way, and if that one was turned away, it comes next: what kept the
        person out is done. One that came behind a
        sentence to press again, by `message_id` (its own, or that of its button's message), is no second wish. Raises
        StoreUnavailable only when nothing was sent; calling it again is then safe.
        """
        wish = Wish(user, code, mark, message_id)
        begins = self._taps.begin(wish.key, self._clock.now(), again=again)
        if not begins and again and await self._taps.is_turned_away(wish.key):
            begins = self._taps.begin(wish.key, self._clock.now(), again=True)
        if not begins and not await self._is_pressed_again(wish):
            return self._count(Outcome.DOUBLE_TAP, wish)
        outcome = None
        try:
            outcome = await self._admit(wish)
            return self._count(outcome, wish)
        finally:
            self._taps.end(wish.key, was_turned_away=outcome is Outcome.REFUSED)

    async def has_come_since(self, user: User, code: str, since: datetime) -> bool:
        """Whether the post was handed over at `since` or later, or is under way."""
        holder = await deletion_ops.holder_of(self._bot.id, user.user_id, code)
        if holder is None or holder.opened_at is None or holder.opened_at < since:
            return False
        # a claim of an earlier process may be all there is of it
        return not self._is_from_before(holder.opened_at) or await deletion_ops.was_promised(
            user.user_id, code, holder.mark
        )

    def _count(self, outcome: Outcome, wish: Wish) -> Outcome:
        metrics.DELIVERIES.labels(outcome=outcome.value).inc()
        log.debug("delivery.ended", outcome=outcome.value, user_id=wish.user.user_id, post=wish.code)
        return outcome

    async def _admit(self, wish: Wish) -> Outcome:
        now = self._clock.now()
        settings = await settings_ops.current(now)
        verdict = await self._doorkeeper.verdict(wish.user, wish.code, settings, now)
        if isinstance(verdict, Banned):
            await self._doorkeeper.refuse(wish.user, verdict)
            return Outcome.REFUSED
        post = await post_ops.open_post(wish.code)
        if post is None:
            await self._say(wish, user_texts.POST_GONE)
            return Outcome.NOT_FOUND
        if not isinstance(verdict, Admitted):
            if await self._was_begun(wish, post, settings):
                return Outcome.DOUBLE_TAP
            paid = await self._doorkeeper.turn_away(wish.user, verdict, post, settings, wish.mark)
            if paid is not None:
                wish = replace(wish, user=paid)
                verdict = await self._doorkeeper.verdict(paid, wish.code, settings, now)
            if not isinstance(verdict, Admitted):
                self._taps.answered(wish.key, now)
                return Outcome.REFUSED
        return await self._hand_over(wish, terms_of(post, settings, now, verdict.costs_credit), settings)

    async def _hand_over(self, wish: Wish, terms: Terms, settings: BotSettings) -> Outcome:
        claim = await self._claim(wish, terms)
        if claim is None:
            return Outcome.DOUBLE_TAP
        outcome = await self._promise_and_send(wish, terms, settings, claim)
        if outcome in WANTED_AGAIN:
            # the next try must not look like a second tap, nor like a repeated open
            await self._write_down(lambda: deletion_ops.release_delivery(claim, self._clock.now()))
            return outcome
        self._taps.answered(wish.key, terms.sent_at)
        if terms.delete_at is None:
            await self._write_down(lambda: deletion_ops.settle_delivery(claim.id))
        if wish.user.wanted_code == wish.code:
            # whoever joins another channel later is not waiting for it any more
            await self._write_down(lambda: user_ops.take_wanted(wish.user.user_id, wish.code, _EVER))
        return outcome

    async def _claim(self, wish: Wish, terms: Terms) -> deletion_ops.Claim | None:
        """The right to hand over; None when somebody has it, or an earlier process began this very delivery."""
        claim = await self._take(wish, terms)
        if claim is None:
            holder = await deletion_ops.holder_of(self._bot.id, wish.user.user_id, wish.code)
            if holder is None:
                return None
            if await self._was_told_of(holder, wish):
                return await self._take(wish, terms, instead_of=holder.mark)
            if not self._is_from_before(holder.opened_at):
                return None
            # whoever holds it is gone: its wish goes on as this one's
            wish = replace(wish, mark=holder.mark)
            claim = await self._take(wish, terms)
        if claim is not None and await self._began_before(wish, terms, claim):
            return None
        return claim

    async def _take(self, wish: Wish, terms: Terms, instead_of: str = "") -> deletion_ops.Claim | None:
        return await deletion_ops.claim_delivery(
            self._bot.id,
            wish.user.user_id,
            wish.code,
            terms.sent_at,
            DOUBLE_TAP,
            mark=wish.mark,
            instead_of=instead_of,
            # without a promise the claim is what tells of a crash in the middle
            settle_later=terms.delete_at is None,
        )

    async def _is_pressed_again(self, wish: Wish) -> bool:
        """Whether a wish that looks like a second tap follows a sentence to press again."""
        if not wish.message_id:
            return False
        try:
            holder = await deletion_ops.holder_of(self._bot.id, wish.user.user_id, wish.code)
            return holder is not None and await self._was_told_of(holder, wish)
        except StoreUnavailable:
            return False

    async def _was_told_of(self, holder: deletion_ops.Holder, wish: Wish) -> bool:
        """Whether the reader was told, before `wish`, that nobody knows if the holder's delivery arrived.

        The update of a wish that a kill cut off comes once more, and then it looks as if it were just answered.
        """
        if not wish.message_id or not holder.mark or holder.mark == wish.mark:
            return False
        promise = await deletion_ops.find_promise(wish.user.user_id, wish.code, holder.mark)
        return (
            promise is not None and not promise.message_ids and 0 < (promise.notice_message_id or 0) <= wish.message_id
        )

    async def _began_before(self, wish: Wish, terms: Terms, claim: deletion_ops.Claim) -> bool:
        """Whether an earlier process began this very delivery: Telegram repeats the update it was killed with.

        Then the reader has the post, or `Recovery` tells them. The answer is the same after an outage in the middle.
        """
        if not claim.is_repeated:
            return False
        if terms.delete_at is not None:
            return await self._was_sent_before(wish, claim, terms.delete_at - terms.sent_at)
        if not self._is_from_before(claim.first_opened_at):
            return False
        if claim.was_unfinished:  # and no Recovery has come to it yet
            given_back = await user_ops.give_back_credit(wish.user.user_id, wish.code, wish.mark)
            words = [user_texts.INTERRUPTED] + [gate_texts.GIVEN_BACK] * given_back
            await self._say(wish, " ".join(words), again=True)
        await self._write_down(lambda: deletion_ops.settle_delivery(claim.id))
        return True

    async def _was_sent_before(self, wish: Wish, claim: deletion_ops.Claim, life: timedelta) -> bool:
        """Whether the post of a repeated wish may have left already; `life`: how long it stays."""
        if await deletion_ops.was_promised(wish.user.user_id, wish.code, wish.mark):
            promise = await deletion_ops.find_promise(wish.user.user_id, wish.code, wish.mark)
            # one of this process without ids: the database took it and its answer was lost, nothing has left
            return promise is None or bool(promise.message_ids) or promise.sent_at < self._began
        first = claim.first_opened_at
        if first is None or not self._is_from_before(first) or claim.opened_at < first + life:
            return False
        # its time was up before the update came again: nobody knows whether its promise has been kept or never was
        await deletion_ops.release_delivery(claim, self._clock.now())
        await self._say(wish, user_texts.INTERRUPTED, again=True)
        return True

    async def _was_begun(self, wish: Wish, post: Post, settings: BotSettings) -> bool:
        """Whether an earlier process came to hand over for this very wish: its update comes once more after a kill.

        Asked of whoever is to be turned away: the delivery itself may have cost the last credit.
        """
        holder = await deletion_ops.holder_of(self._bot.id, wish.user.user_id, wish.code)
        if holder is None or holder.mark != wish.mark or not self._is_from_before(holder.opened_at):
            return False
        is_permanent = minutes_to_live(post, settings) == 0
        return is_permanent or await deletion_ops.was_promised(wish.user.user_id, wish.code, wish.mark)

    def _is_from_before(self, opened_at: datetime | None) -> bool:
        """Whether a claim is an earlier process's; one without a time was released after its reader had been told."""
        return opened_at is None or opened_at < self._began

    async def _promise_and_send(
        self, wish: Wish, terms: Terms, settings: BotSettings, claim: deletion_ops.Claim
    ) -> Outcome:
        promise = None
        if terms.delete_at is not None:
            promise = await self._promised_before(wish, claim)
            promise = promise or await self._promise(wish, terms.sent_at, terms.delete_at)
        # behind the promise, which tells a start after a crash whom to give a credit back
        if terms.costs_credit and not await self._spend(wish, terms, settings):
            return await self._not_paid(wish, terms, promise, settings)
        try:
            sent = await self._copy(wish, terms)
        except TELEGRAM_ERRORS as error:
            return await self._not_sent(wish, terms, promise, error)
        return await self._sent(wish, terms, promise, sent)

    async def _promised_before(self, wish: Wish, claim: deletion_ops.Claim) -> str | None:
        """The promise of an earlier try for the same wish: the database took it and its answer was lost."""
        if not claim.is_repeated:
            return None
        found = await deletion_ops.find_promise(wish.user.user_id, wish.code, wish.mark)
        return None if found is None or found.message_ids else found.id

    async def _spend(self, wish: Wish, terms: Terms, settings: BotSettings) -> bool:
        """One credit for this wish; False when other deliveries have just spent the last."""
        forget = forgotten_charges(wish.user, settings, terms.sent_at)

        async def spend() -> bool:
            return await user_ops.spend_credit(wish.user.user_id, wish.code, wish.mark, terms.sent_at, forget)

        return await keep_trying(spend, SHORT_S, sleep=self._sleep)

    async def _not_paid(self, wish: Wish, terms: Terms, promise: str | None, settings: BotSettings) -> Outcome:
        if promise is not None:
            await self._write_down(lambda: deletion_ops.withdraw(promise))
        paid = await self._doorkeeper.turn_away(wish.user, NoAccess(), terms.post, settings, wish.mark)
        if paid is not None:
            await say(self._bot, paid.user_id, gate_texts.TAKE_IT_NOW, gate_keyboards.get_it(wish.code))
        return Outcome.UNPAID

    async def _give_back(self, wish: Wish) -> None:
        await self._write_down(lambda: user_ops.give_back_credit(wish.user.user_id, wish.code, wish.mark))

    async def _promise(
        self, wish: Wish, sent_at: datetime, delete_at: datetime, message_ids: tuple[int, ...] = ()
    ) -> str:
        reader = wish.user.user_id
        return await deletion_ops.promise(
            self._bot.id, reader, reader, wish.code, sent_at, delete_at, message_ids, wish=wish.mark
        )

    async def _copy(self, wish: Wish, terms: Terms) -> tuple[int, ...]:
        copies = await self._bot.copy_messages(
            chat_id=wish.user.user_id,
            from_chat_id=terms.post.storage_chat_id,
            message_ids=list(terms.post.message_ids),
            protect_content=terms.protect,
        )
        return tuple(copy.message_id for copy in copies)

    async def _sent(self, wish: Wish, terms: Terms, promise: str | None, sent: tuple[int, ...]) -> Outcome:
        # an id of 0 is a message Telegram has put off; there is nothing to delete by (BOTAPI §2.5)
        known = tuple(message_id for message_id in sent if message_id > 0)
        if promise is not None:
            terms = from_now(terms, self._clock.now())
            promise = await self._record(wish, terms, promise, known)
        await self._storage_works(terms.post.storage_chat_id)
        complete = len(sent) >= terms.post.item_count
        notice = await self._send_notice(wish, terms, len(sent))
        if promise is not None and notice is not None:
            await self._write_down(lambda: deletion_ops.record_notice(promise, notice))
        if complete:
            await self._alerts.clear(f"post:{terms.post.code}")
            return Outcome.DELIVERED
        await self._alerts.raise_once(f"post:{terms.post.code}", owner_alerts.post_damaged(terms.post, len(sent)))
        return Outcome.INCOMPLETE

    async def _record(self, wish: Wish, terms: Terms, promise: str, sent: tuple[int, ...]) -> str:
        """Write the copies' ids to the promise; its id, which is new when the promise was given up meanwhile."""
        assert terms.delete_at is not None
        delete_at, kept = terms.delete_at, promise

        async def write() -> None:
            nonlocal kept
            if not await deletion_ops.record_messages(kept, sent, delete_at, sent_at=terms.sent_at):
                kept = await self._promise(wish, terms.sent_at, delete_at, sent)

        await self._write_down(write)
        return kept

    async def _send_notice(self, wish: Wish, terms: Terms, sent: int) -> int | None:
        """The warning under the delivery; None when there is nothing to warn of or it could not be sent."""
        lines = []
        if sent < terms.post.item_count:
            lines.append(user_texts.missing_items(sent, terms.post.item_count))
        if terms.delete_at is not None:
            lines.append(user_texts.deletion_warning(terms.delete_at, self._clock.now(), self._zone))
        return await self._say(wish, "\n\n".join(lines)) if lines else None

    async def _not_sent(self, wish: Wish, terms: Terms, promise: str | None, error: BaseException) -> Outcome:
        failure = classify(error)
        log.warning("delivery.failed", failure=failure.value, post=wish.code, user_id=wish.user.user_id)
        if failure is Failure.AMBIGUOUS:
            # the messages may be there: the promise stays, the call is never repeated by itself
            gives_back = _has_paid(wish, terms) and not is_partial(_words_of(error))
            words = [user_texts.NOT_CONFIRMED] + [gate_texts.GIVEN_BACK] * gives_back
            notice = await self._say(wish, " ".join(words), again=True)
            if gives_back:
                await self._give_back(wish)
            if promise is not None and notice is not None:
                await self._write_down(lambda: deletion_ops.record_notice(promise, notice))
            return Outcome.UNKNOWN
        outcome = await self._explain(wish, terms.post, failure, error)
        if _has_paid(wish, terms):
            await self._give_back(wish)
        if promise is not None:
            # not before the reader was told: killed in between, the next process finds the promise and tells them
            await self._write_down(lambda: deletion_ops.withdraw(promise))
        return outcome

    async def _explain(self, wish: Wish, post: Post, failure: Failure, error: BaseException) -> Outcome:
        if failure in (Failure.BLOCKED, Failure.DEACTIVATED):
            mark = user_ops.mark_deactivated if failure is Failure.DEACTIVATED else user_ops.mark_blocked
            await self._write_down(lambda: mark(wish.user.user_id, self._clock.now()))
            return Outcome.BLOCKED
        if failure is Failure.SOURCE_GONE:
            await self._say(wish, user_texts.POST_EMPTY)
            await self._alerts.raise_once(f"post:{post.code}", owner_alerts.post_damaged(post, 0))
            return Outcome.SOURCE_GONE
        if failure in _STORAGE_FAILURES:
            await self._say(wish, user_texts.STORAGE_LOST, again=True)
            await self._storage_lost(post.storage_chat_id, error)
            return Outcome.STORAGE_LOST
        await self._say(wish, user_texts.TRY_AGAIN, again=True)
        return Outcome.LATER

    async def _storage_lost(self, chat_id: int, error: BaseException) -> None:
        # the admin bot may have told of the same channel: the incident is shared, and ended by who began it
        if await self._alerts.raise_once(f"storage:{chat_id}", owner_alerts.storage_lost(_words_of(error))):
            self._lost_storages.add(chat_id)

    async def _storage_works(self, chat_id: int) -> None:
        if chat_id in self._lost_storages:
            self._lost_storages.discard(chat_id)
            await self._alerts.clear(f"storage:{chat_id}", owner_alerts.storage_back())

    async def _say(self, wish: Wish, text: str, *, again: bool = False) -> int | None:
        """Send one message; its id, or None when Telegram did not take it. `again`: with a button to try again."""
        markup = user_keyboards.get_again(wish.code, "Try again") if again else None
        # the warning under a delivery is not repeated: twice the same announcement would be one too many
        return await say(self._bot, wish.user.user_id, text, markup, better_twice=again)

    async def _write_down(self, write: Callable[[], Awaitable[object]]) -> None:
        """Record something that has already happened at Telegram: while the database is away, keep trying."""
        try:
            await keep_trying(write, sleep=self._sleep)
        except StoreUnavailable:
            log.error("delivery.record_lost")


def _has_paid(wish: Wish, terms: Terms) -> bool:
    """Whether this wish has cost a credit, now or in an earlier try that an outage ended."""
    charge = wish.user.charges.get(wish.code)
    return terms.costs_credit or (charge is not None and charge.mark == wish.mark)


def _words_of(error: BaseException) -> str:
    return error.message if isinstance(error, TelegramAPIError) else type(error).__name__
