"""Verification: make a link on request; redeem a token once, for its owner, and deliver its post at once."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot
from aiogram.types import InlineKeyboardMarkup

from core.access import Banned, requires_access
from core.clock import Clock
from core.days import start_of_day
from core.posts import PostStatus
from core.settings import BotSettings
from core.users import User, is_banned
from core.verification import BYPASSING, Token, TokenStatus, VerificationResult, check_token, elapsed
from database.operations import settings_ops, token_ops, user_ops
from database.operations.posts import post_ops
from database.operations.shorteners import shortener_counts
from database.tolerated import tolerated
from user_bot.delivery.deduplication import RequestDeduplicator
from user_bot.delivery.deliverer import Deliverer
from user_bot.gate.access_prompt import AccessPrompt
from user_bot.gate.payout import pay
from user_bot.gate.unlock_links import UnlockLinks
from user_bot.text_messages import send_text
from views.subscribers import gate_keyboards, gate_texts

log = structlog.get_logger("tollgate.verification")

#: opening a link used less than this ago still delivers its post, if that did not come yet
JUST_USED_FOR = timedelta(minutes=10)
#: longest time from opening a post to redeeming the token that pays for it
OPENING_TAKES = timedelta(minutes=1)
#: the text for a token that pays nothing
_TEXTS = {
    VerificationResult.EXPIRED: gate_texts.LINK_EXPIRED,
    VerificationResult.USED: gate_texts.LINK_USED,
    VerificationResult.TOO_FAST: gate_texts.TOO_QUICK,
    VerificationResult.WRONG_ORIGIN: gate_texts.TOO_QUICK,
    VerificationResult.BYPASSED: gate_texts.TOO_QUICK,
}


class Verifier:
    """One per bot and process; public methods may run concurrently."""

    def __init__(
        self,
        bot: Bot,
        clock: Clock,
        zone: ZoneInfo,
        access_prompt: AccessPrompt,
        unlock_links: UnlockLinks,
        deliverer: Deliverer,
    ) -> None:
        self._bot = bot
        self._clock = clock
        self._zone = zone
        self._access_prompt = access_prompt
        self._unlock_links = unlock_links
        self._deliverer = deliverer
        self._deduplicator = RequestDeduplicator()

    async def new_link(self, user: User, update_key: str, code: str | None = None) -> None:
        """Send a verification link, for post `code` if given; does nothing while one is being made for this user."""
        key = (user.user_id, "")
        if not self._deduplicator.try_start(key, self._clock.now()):
            return
        try:
            await self._new_link(user, update_key, code)
        finally:
            self._deduplicator.end(key)

    async def _new_link(self, user: User, update_key: str, code: str | None) -> None:
        now = self._clock.now()
        settings = await settings_ops.current(now)
        if is_banned(user, now):
            await self._access_prompt.refuse(user, Banned(user.ban_reason, user.banned_until))
            return
        if not requires_access(settings):
            await self._send(user, gate_texts.NOTHING_TO_VERIFY)
            return
        post = None if code is None else await post_ops.find(code)
        if post is not None and post.status is not PostStatus.LIVE:
            post = None
        granted = await self._unlock_links.offer(user, settings, post, update_key)
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

    async def _redeem(self, user: User, text: str, update_key: str) -> None:
        token = await token_ops.find(text)
        if token is None:
            await self._send(user, gate_texts.LINK_UNKNOWN)
            return
        if token.user_id != user.user_id:
            log.info("token.of_another_user", user_id=user.user_id)
            await self._send(user, gate_texts.NOT_YOUR_LINK)
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
        if not await self._is_being_finished(user, token):
            await self._deliver(paid_user, token, update_key)
        # last: after a crash before this, the repeated update or a recovery finds the token owed and pays it
        if await token_ops.mark_granted(token.token, now):
            await self._send_access(paid_user, None)

    async def _is_being_finished(self, user: User, token: Token) -> bool:
        """Whether an earlier update redeemed the token, in whatever process, and has come to its post since."""
        if token.redeemed_at is None or token.post_code is None:
            return False
        return await self._deliverer.was_delivered_since(user, token.post_code, token.redeemed_at)

    async def _judge_and_redeem(self, token: Token, settings: BotSettings) -> VerificationResult | None:
        """Return VERIFIED when the token is to be paid out now; None when its page was not completed yet."""
        now = self._clock.now()
        if token.redeemed_at is not None and token.granted_at is None:
            return VerificationResult.VERIFIED  # redeemed before a crash and not paid out
        result = check_token(token, settings, now)
        if result in BYPASSING and not token.has_page:
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
        if result is None:
            await self._unlock_links.resend(token, settings, gate_texts.PAGE_NOT_DONE)
            return
        markup: InlineKeyboardMarkup | None = gate_keyboards.new_link(token.post_code)
        if result is VerificationResult.USED:
            markup = gate_keyboards.get_it(token.post_code) if token.post_code else None
        await self._send(user, _TEXTS.get(result, gate_texts.LINK_UNKNOWN), markup)

    async def _deliver(self, user: User, token: Token, update_key: str) -> None:
        """Deliver the token's post. Before any message: until the promise is stored the update is not acknowledged."""
        if token.post_code is not None:
            await self._deliverer.deliver(user, token.post_code, update_key, after_refusal=True)

    async def _send_access(self, user: User, code: str | None) -> None:
        now = self._clock.now()
        known = await user_ops.find(user.user_id) or user
        text = gate_texts.verified(known.credits, known.pass_until, now, self._zone)
        await self._send(user, text, None if code is None else gate_keyboards.get_it(code))

    async def _send(self, user: User, html: str, markup: InlineKeyboardMarkup | None = None) -> None:
        await send_text(self._bot, user.user_id, html, markup)
