"""Back from a verification: the token is redeemed once, for its owner, and the wanted post comes at once."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot
from aiogram.types import InlineKeyboardMarkup

from core.access import Banned, requires_access
from core.clock import Clock
from core.posts import PostStatus
from core.settings import BotSettings
from core.users import User, is_banned
from core.verification import BYPASSING, Token, TokenStatus, VerificationResult, check_token, elapsed
from database.operations import post_ops, settings_ops, token_ops, user_ops
from user_bot.delivery.deduplication import RequestDeduplicator
from user_bot.delivery.deliverer import Deliverer
from user_bot.gate.access_prompt import AccessPrompt
from user_bot.gate.payout import pay
from user_bot.gate.unlock_links import UnlockLinks
from user_bot.saying import say
from views.subscribers import gate_keyboards, gate_texts

log = structlog.get_logger("tollgate.verification")

#: whoever comes back by a link that was used so lately still waits for its post
JUST_USED_FOR = timedelta(minutes=10)
#: from the opening of a post to the use of the link that pays for it, at most
OPENING_TAKES = timedelta(minutes=1)
#: what is said of a token that pays nothing
_SENTENCES = {
    VerificationResult.EXPIRED: gate_texts.LINK_EXPIRED,
    VerificationResult.USED: gate_texts.LINK_USED,
    VerificationResult.TOO_FAST: gate_texts.TOO_QUICK,
    VerificationResult.WRONG_ORIGIN: gate_texts.TOO_QUICK,
    VerificationResult.BYPASSED: gate_texts.TOO_QUICK,
}


class Verifier:
    """One per bot and process; safe to call at the same time."""

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
        """Answer the wish for a verification link; a second wish while one is being made does nothing."""
        key = (user.user_id, "")
        if not self._deduplicator.begin(key, self._clock.now()):
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
            await self._say(user, gate_texts.NOTHING_TO_VERIFY)
            return
        post = None if code is None else await post_ops.find(code)
        if post is not None and post.status is not PostStatus.LIVE:
            post = None
        paid = await self._unlock_links.offer(user, settings, post, update_key)
        if paid is not None:
            await self._congratulate(paid.user, paid.post_code)

    async def redeem(self, user: User, text: str, update_key: str) -> None:
        """Redeem the token `text` for `user`; `update_key` names the update. Idempotent. Raises StoreUnavailable.

        The same link opened again while it is being redeemed does nothing.
        """
        key = (user.user_id, text)
        if not self._deduplicator.begin(key, self._clock.now(), again=True):
            return
        try:
            await self._redeem(user, text, update_key)
        finally:
            self._deduplicator.end(key)

    async def _redeem(self, user: User, text: str, update_key: str) -> None:
        token = await token_ops.find(text)
        if token is None:
            await self._say(user, gate_texts.LINK_UNKNOWN)
            return
        if token.user_id != user.user_id:
            log.info("token.of_somebody_else", user_id=user.user_id)
            await self._say(user, gate_texts.NOT_YOUR_LINK)
            return
        now = self._clock.now()
        if is_banned(user, now):
            await self._access_prompt.refuse(user, Banned(user.ban_reason, user.banned_until))
            return
        settings = await settings_ops.current(now)
        result = await self._judge_and_redeem(token, settings)
        if result is VerificationResult.USED and await self._has_its_post_to_come(user, token, now):
            await self._hand_over(user, token, update_key)
            return
        if result is not VerificationResult.VERIFIED:
            await self._explain(user, token, settings, result)
            return
        paid = await pay(token, settings, now) or user
        await self._hand_over(paid, token, update_key)
        # only now: cut off before, the update comes again, or the next start tells what is owed
        await token_ops.mark_granted(token.token, now)
        await self._congratulate(paid, None)

    async def _judge_and_redeem(self, token: Token, settings: BotSettings) -> VerificationResult | None:
        """VERIFIED when the token is to be paid out now; None when its page is not done yet."""
        now = self._clock.now()
        if token.redeemed_at is not None and token.granted_at is None:
            return VerificationResult.VERIFIED  # a crash came before it was paid out
        result = check_token(token, settings, now)
        if result in BYPASSING and not token.has_page:
            await token_ops.mark_bypassed(token.token, now)
            return result
        if token.status is TokenStatus.UNUSED and token.has_page and result is not VerificationResult.EXPIRED:
            return None
        if result is not VerificationResult.VERIFIED:
            return result
        took_s = None if token.has_page else max(elapsed(token, now).total_seconds(), 0.0)
        if await token_ops.redeem(token.token, token.user_id, now, elapsed_seconds=took_s) is not None:
            return VerificationResult.VERIFIED
        # somebody was first: what stands now says who
        again = await token_ops.find(token.token)
        return (
            VerificationResult.USED
            if again is None or again.redeemed_at is not None
            else check_token(again, settings, now)
        )

    async def _has_its_post_to_come(self, user: User, token: Token, now: datetime) -> bool:
        """Whether the link was used a moment ago, by another post's opening, and its own post has not come since."""
        if token.post_code is None or token.redeemed_at is None or now - token.redeemed_at > JUST_USED_FOR:
            return False
        # the opening that used it began before: it asked who may pass first
        since = token.redeemed_at - OPENING_TAKES
        return not await self._deliverer.has_come_since(user, token.post_code, since)

    async def _explain(
        self, user: User, token: Token, settings: BotSettings, result: VerificationResult | None
    ) -> None:
        if result is None:
            await self._unlock_links.show(token, settings, gate_texts.PAGE_NOT_DONE)
            return
        markup: InlineKeyboardMarkup | None = gate_keyboards.new_link(token.post_code)
        if result is VerificationResult.USED:
            markup = gate_keyboards.get_it(token.post_code) if token.post_code else None
        await self._say(user, _SENTENCES.get(result, gate_texts.LINK_UNKNOWN), markup)

    async def _hand_over(self, user: User, token: Token, update_key: str) -> None:
        """The post first: until its promise stands, Telegram keeps the update for us."""
        if token.post_code is not None:
            await self._deliverer.deliver(user, token.post_code, update_key, again=True)

    async def _congratulate(self, user: User, code: str | None) -> None:
        now = self._clock.now()
        known = await user_ops.find(user.user_id) or user
        text = gate_texts.verified(known.credits, known.pass_until, now, self._zone)
        await self._say(user, text, None if code is None else gate_keyboards.get_it(code))

    async def _say(self, user: User, html: str, markup: InlineKeyboardMarkup | None = None) -> None:
        await say(self._bot, user.user_id, html, markup)
