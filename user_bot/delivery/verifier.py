"""Verification: make a link on request; redeem a token once, for its owner, and deliver its post at once."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot
from aiogram.types import InlineKeyboardMarkup

from core.access import Banned, has_pass, requires_access
from core.clock import Clock
from core.days import start_of_day
from core.settings import BotSettings
from core.users import User, is_banned
from core.verification import (
    BYPASSING,
    Token,
    TokenStatus,
    VerificationResult,
    check_token,
    elapsed,
    ends_when_bypassed,
    may_be_replaced,
    seconds_left,
    seconds_needed,
)
from database.operations import settings_ops, token_ops, user_ops
from database.operations.shorteners import shortener_counts
from database.tolerated import tolerated
from user_bot.delivery.deduplication import RequestDeduplicator
from user_bot.delivery.deliverer import Deliverer
from user_bot.delivery.request import ARRIVED, Outcome
from user_bot.gate.access_prompt import AccessPrompt
from user_bot.gate.payout import pay
from user_bot.text_messages import send_text
from views.subscribers import gate_keyboards, gate_message, gate_texts

log = structlog.get_logger("tollgate.verification")

#: opening a link used less than this ago still delivers its post, if that did not come yet
JUST_USED_FOR = timedelta(minutes=10)
#: longest time from opening a post to redeeming the token that pays for it
OPENING_TAKES = timedelta(minutes=1)


class Verifier:
    """One per bot and process; public methods may run concurrently."""

    def __init__(
        self,
        bot: Bot,
        clock: Clock,
        zone: ZoneInfo,
        access_prompt: AccessPrompt,
        deliverer: Deliverer,
    ) -> None:
        self._bot = bot
        self._clock = clock
        self._zone = zone
        self._access_prompt = access_prompt
        self._deliverer = deliverer
        self._deduplicator = RequestDeduplicator()

    async def new_link(self, user: User, update_key: str, code: str | None = None, *, moves_down: bool = True) -> None:
        """Show an unlock, for post `code` if given; does nothing while one is being made for this user.

        `moves_down`: something has come below the gate message of the post.
        """
        key = (user.user_id, "")
        if not self._deduplicator.try_start(key, self._clock.now()):
            return
        try:
            await self._new_link(user, update_key, code, moves_down=moves_down)
        finally:
            self._deduplicator.end(key)

    async def _new_link(self, user: User, update_key: str, code: str | None, *, moves_down: bool) -> None:
        now = self._clock.now()
        settings = await settings_ops.current(now)
        if is_banned(user, now):
            await self._access_prompt.refuse(user, Banned(user.ban_reason, user.banned_until))
            return
        if not requires_access(settings):
            await self._send(user, gate_texts.nothing_to_unlock())
            return
        granted = await self._access_prompt.show_unlock(user, settings, code, update_key, moves_down=moves_down)
        if granted is not None:
            await self._send_access(granted.user, granted.post_code)

    async def redeem(self, user: User, text: str, update_key: str) -> None:
        """Redeem the token `text` for `user`, deliver its post and send what was earned. Idempotent.

        `update_key` identifies the update. Does nothing while the same token is being redeemed. Raises
        StoreUnavailable; then it may be called again.
        """
        key = (user.user_id, text)
        if not self._deduplicator.try_start(key, self._clock.now(), ignore_answered=True):
            return
        try:
            await self._redeem(user, text, update_key)
        finally:
            self._deduplicator.end(key)

    async def redeem_only(self, user: User, text: str) -> str | None:
        """Redeem and pay the token `text` and deliver nothing; return the code of its post, None for none. Idempotent.

        What cannot be redeemed is left for `redeem`, which explains it. Raises StoreUnavailable.
        """
        token = await token_ops.find(text)
        if token is None or token.user_id != user.user_id:
            return None
        now = self._clock.now()
        settings = await settings_ops.current(now)
        if check_token(token, settings, now) in BYPASSING:
            return token.post_code
        if await self._judge_and_redeem(token, settings) is VerificationResult.VERIFIED:
            await pay(token, settings, now)
            await token_ops.mark_granted(token.token, now)
        return token.post_code

    async def _redeem(self, user: User, text: str, update_key: str) -> None:
        token = await token_ops.find(text)
        if token is None:
            await self._send(user, gate_texts.link_unknown())
            return
        if token.user_id != user.user_id:
            log.info("token.of_another_user", user_id=user.user_id)
            await self._send(user, gate_texts.not_your_link())
            return
        now = self._clock.now()
        if is_banned(user, now):
            await self._access_prompt.refuse(user, Banned(user.ban_reason, user.banned_until))
            return
        settings = await settings_ops.current(now)
        result = await self._judge_and_redeem(token, settings)
        if result is VerificationResult.USED:
            if token.redeemed_at is None:
                # the opening of another post redeemed it, and paid, since both were read
                token = await token_ops.find(text) or token
                user = await user_ops.find(user.user_id) or user
            if await self._is_post_outstanding(user, token, now):
                await self._deliver(user, token, update_key)
                return
        if result is not VerificationResult.VERIFIED:
            await self._explain(user, token, settings, result)
            return
        paid_user = await pay(token, settings, now) or user
        outcome = None
        if not await self._has_its_post(user, token):
            outcome = await self._deliver(paid_user, token, update_key)
        # last: after a crash before this, the repeated update or a recovery finds the token owed and pays it
        is_ours = await token_ops.mark_granted(token.token, now)
        # the message under the post says what is left of the credits
        if is_ours and (outcome not in ARRIVED or has_pass(paid_user, now)):
            await self._send_access(paid_user, None)

    async def _has_its_post(self, user: User, token: Token) -> bool:
        """Whether nothing is to be delivered for the token.

        An earlier update redeemed it, in whatever process, and has come to its post since. Or the post came in another
        way after the token was made, paid by another one for instance, and is still in the chat.
        """
        code = token.post_code
        if code is None:
            return False
        if token.redeemed_at is not None:
            return await self._deliverer.was_delivered_since(user, code, token.redeemed_at)
        return await self._deliverer.stands_since(user, code, token.created_at)

    async def _judge_and_redeem(self, token: Token, settings: BotSettings) -> VerificationResult | None:
        """Return VERIFIED when the token is to be paid out now; None when its page was not completed yet."""
        now = self._clock.now()
        if token.redeemed_at is not None and token.granted_at is None:
            return VerificationResult.VERIFIED  # redeemed before a crash and not paid out
        result = check_token(token, settings, now)
        if result in BYPASSING and not token.has_page:
            if not ends_when_bypassed(token):
                return result
            if await token_ops.mark_bypassed(token.token, now) and token.shortener is not None:
                count = shortener_counts.count_too_fast(token.shortener, start_of_day(now, self._zone))
                await tolerated("shortener.not_counted", count)
            return result
        if token.status is TokenStatus.UNUSED and token.has_page and result is not VerificationResult.EXPIRED:
            return None
        if result is not VerificationResult.VERIFIED:
            return result
        took_s = None if token.has_page else max(elapsed(token, now).total_seconds(), 0.0)
        if await token_ops.redeem(token.token, token.user_id, now, elapsed_seconds=took_s) is not None:
            # with a page, the page has counted it
            if took_s is not None and token.shortener is not None:
                count = shortener_counts.count_finished(token.shortener, start_of_day(now, self._zone), took_s)
                await tolerated("shortener.not_counted", count)
            return VerificationResult.VERIFIED
        # another call changed the token meanwhile: judge what is stored now
        stored = await token_ops.find(token.token)
        return (
            VerificationResult.USED
            if stored is None or stored.redeemed_at is not None
            else check_token(stored, settings, now)
        )

    async def _is_post_outstanding(self, user: User, token: Token, now: datetime) -> bool:
        """Whether the token just paid for another post, by opening that one, and its own was not delivered since."""
        if token.post_code is None or token.redeemed_at is None or now - token.redeemed_at > JUST_USED_FOR:
            return False
        # the request that redeemed the token started before: it asked the gate first
        since = token.redeemed_at - OPENING_TAKES
        return not await self._deliverer.was_delivered_since(user, token.post_code, since)

    async def _explain(
        self, user: User, token: Token, settings: BotSettings, result: VerificationResult | None
    ) -> None:
        if result is VerificationResult.USED:
            markup = gate_keyboards.get_it(token.post_code) if token.post_code else None
            await self._send(user, gate_texts.link_used(), markup)
            return
        wait_s = seconds_left(token, settings, self._clock.now())
        if result is None:
            remark, buttons = gate_message.page_not_done(), gate_message.unlock_buttons(token.link, None)
        elif result is VerificationResult.TOO_FAST and not ends_when_bypassed(token):
            remark, buttons = gate_message.not_yet(wait_s), gate_message.unlock_buttons(token.link, None)
        else:
            remark, buttons = await self._remark(token, settings, result), gate_message.new_page(token.post_code)
        await self._access_prompt.show_remark(user, token, settings, remark, buttons)

    @staticmethod
    async def _remark(token: Token, settings: BotSettings, result: VerificationResult) -> str:
        if result is VerificationResult.EXPIRED:
            return gate_message.link_expired()
        # as it is stored now: this very update may have found it too fast
        token = await token_ops.find(token.token) or token
        return gate_message.too_fast(seconds_needed(token, settings), is_free=may_be_replaced(token))

    async def _deliver(self, user: User, token: Token, update_key: str) -> Outcome | None:
        """Deliver the token's post, if it is for one.

        Before any message: until the promise is stored the update is not acknowledged.
        """
        if token.post_code is None:
            return None
        return await self._deliverer.deliver(user, token.post_code, update_key, after_refusal=True, moves_down=True)

    async def _send_access(self, user: User, code: str | None) -> None:
        now = self._clock.now()
        known = await user_ops.find(user.user_id) or user
        text = gate_texts.unlocked(known.credits, known.pass_until, now, self._zone)
        await self._send(user, text, None if code is None else gate_keyboards.get_it(code))

    async def _send(self, user: User, html: str, markup: InlineKeyboardMarkup | None = None) -> None:
        await send_text(self._bot, user.user_id, html, markup)
