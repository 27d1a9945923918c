"""Verification links: make one, and send the message that offers it to a subscriber without access."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot

from core.access import earned, has_pass
from core.clock import Clock
from core.days import start_of_day
from core.ids import new_token
from core.posts import Post
from core.retries import SHORT_S, retry_while_unavailable
from core.settings import BotSettings, ShortenerFailure
from core.users import User
from core.verification import Token, TokenStatus
from database.operations import token_counts, token_ops, user_credits, user_ops
from database.operations.posts import post_ops
from database.operations.shorteners import shortener_counts
from database.tolerated import tolerated
from monitoring.alerts import Alerts
from sender.failures import TELEGRAM_ERRORS, classify
from sender.lanes import at_least_once
from sender.refusals import Failure
from sender.updates.acknowledgement import acknowledge_after
from user_bot.gate.current_shorteners import CurrentShorteners
from user_bot.gate.payout import pay_out
from user_bot.text_messages import send_text
from views import links, owner_alerts
from views.subscribers import gate_keyboards, gate_texts

log = structlog.get_logger("tollgate.verification")

_INCIDENT = "shorteners"
#: seconds after which polling no longer waits for a shortener
QUICK_S = 1.0
#: the shorteners count as working again after this time without a failure
QUIET = timedelta(minutes=10)
#: a link that expires sooner is not shown again: the time would not suffice to verify
TIME_LEFT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _LinkRequest:
    """A subscriber's request for a link, for `post` if any, on `day`; `update_key` identifies the update."""

    user: User
    settings: BotSettings
    post: Post | None
    update_key: str
    day: datetime


@dataclass(frozen=True, slots=True)
class UnlockConfig:
    """How subscribers verify: the shorteners, the page, and how long a link is valid."""

    shorteners: CurrentShorteners
    #: base address of the page, without `/v/…`; empty: links lead straight back to the bot
    page_url: str
    expire_after: timedelta


@dataclass(frozen=True, slots=True)
class AccessGranted:
    """The subscriber has access now; `post_code` is the post they verified for."""

    user: User
    post_code: str | None = None


class UnlockLinks:
    """Makes and sends verification links. One per bot and process."""

    def __init__(
        self,
        bot: Bot,
        clock: Clock,
        zone: ZoneInfo,
        alerts: Alerts,
        config: UnlockConfig,
    ) -> None:
        self._bot = bot
        self._clock = clock
        self._zone = zone
        self._alerts = alerts
        self._config = config
        #: when no shortener answered, last
        self._failed_at: datetime | None = None

    async def offer(
        self, user: User, settings: BotSettings, post: Post | None, update_key: str
    ) -> AccessGranted | None:
        """Send a verification link, an open one for the same post or a new one; return None.

        When no link is needed, nothing is sent and AccessGranted is returned: a finished verification was not redeemed
        or paid out yet, or the owner grants access while no shortener answers. Idempotent per `update_key`, which
        identifies the update: it is counted against the daily limit once.
        """
        now = self._clock.now()
        open_tokens = await token_ops.open_tokens(user.user_id, now)
        granted = await self._pay_verified(user, settings, open_tokens, now)
        if granted is not None:
            return granted
        code = None if post is None else post.code
        token = next((token for token in open_tokens if self._is_reusable(token, code, now)), None)
        if token is not None:
            number = await token_counts.links_on(user.user_id, self._day(now))
            await self._send_offer(token, settings, post, number)
            return None
        return await self._make(user, settings, post, update_key, now)

    @staticmethod
    async def _pay_verified(
        user: User, settings: BotSettings, open_tokens: Sequence[Token], now: datetime
    ) -> AccessGranted | None:
        """Pay out a verified token whose back link was not opened, or whose payment a crash interrupted."""
        verified = [token for token in open_tokens if token.status is TokenStatus.VERIFIED]
        for token in verified:
            is_ours = token.redeemed_at is not None or await token_ops.redeem(token.token, user.user_id, now)
            paid_user = await pay_out(token, settings, now) if is_ours else None
            if paid_user is not None:
                return AccessGranted(paid_user, token.post_code)
        # another call redeems the token concurrently and may have paid already
        known = await user_ops.find(user.user_id) if verified else None
        return AccessGranted(known) if known is not None and (known.credits or has_pass(known, now)) else None

    def _is_reusable(self, token: Token, code: str | None, now: datetime) -> bool:
        """Whether an open link can be sent again: for the same post, with time left, and to where links lead now."""
        return (
            token.status is TokenStatus.UNUSED
            and code in (None, token.post_code)
            and token.expires_at - now >= TIME_LEFT
            and token.has_page == bool(self._config.page_url)
        )

    async def resend(self, token: Token, settings: BotSettings, lead: str) -> None:
        """Send an open link again, under the text `lead`."""
        with at_least_once():
            try:
                await self._send_link(token, lead, settings.how_to_verify_url)
            except TELEGRAM_ERRORS as error:
                log.warning("link.not_sent", failure=classify(error).value, user_id=token.user_id)
                if classify(error) is Failure.CONTENT:
                    await self._send_reduced(token, lead, error)

    async def _send_link(self, token: Token, lead: str, how_to: str | None) -> None:
        await self._bot.send_message(token.user_id, lead, reply_markup=gate_keyboards.verify(token.link, how_to))

    async def _send_reduced(self, token: Token, lead: str, why: BaseException) -> None:
        """Send the link without the owner's button, then a text without any: one bad URL makes Telegram refuse all."""
        reason = getattr(why, "message", type(why).__name__)
        is_told = await self._alerts.tell("offer", owner_alerts.offer_refused(reason))
        try:
            await self._send_link(token, lead, None)
        except TELEGRAM_ERRORS:
            await self._send_no_link(token.user_id, is_told=is_told)

    async def _send_no_link(self, user_id: int, *, is_told: bool) -> None:
        """Say that there is no link now. `is_told`: whether the owners know why."""
        await send_text(self._bot, user_id, gate_texts.NO_LINK_NOW_TOLD if is_told else gate_texts.NO_LINK_NOW)

    def _day(self, now: datetime) -> datetime:
        return start_of_day(now, self._zone)

    async def _make(
        self, user: User, settings: BotSettings, post: Post | None, update_key: str, now: datetime
    ) -> AccessGranted | None:
        link_request = _LinkRequest(user, settings, post, update_key, self._day(now))
        replaced = await token_ops.take_replacement(user.user_id, now, update_key)
        if replaced is not None:
            number = await token_counts.links_on(user.user_id, link_request.day)
        else:
            counted = await token_counts.count_link(
                user.user_id, link_request.day, settings.daily_token_limit, update_key
            )
            if counted is None:
                await self._send_limit_reached(link_request)
                return None
            number = counted
        direct = await self._new_token(link_request, replaced, now)
        token = await self._shorten(direct, settings)
        if token is None and settings.on_shortener_failure is not ShortenerFailure.DIRECT:
            return await self._grant_or_refuse(link_request, replaced, now)
        token = token or direct
        await retry_while_unavailable(lambda: token_ops.add(token), self._clock, SHORT_S)
        if token.shortener is not None:
            count = shortener_counts.count_made(token.shortener, link_request.day, now)
            await tolerated("shortener.not_counted", count)
        await self._send_offer(token, settings, post, number)
        return None

    async def _send_limit_reached(self, link_request: _LinkRequest) -> None:
        limit = link_request.settings.daily_token_limit
        again_at = start_of_day(link_request.day + timedelta(hours=36), self._zone)
        await send_text(self._bot, link_request.user.user_id, gate_texts.day_is_used_up(limit, again_at, self._zone))

    async def _new_token(self, link_request: _LinkRequest, replaced: Token | None, now: datetime) -> Token:
        """Return a new token, not stored yet, whose link is the unshortened destination."""
        token, username = new_token(), (await self._bot.me()).username or ""
        page = self._config.page_url
        post_code = None if replaced is None else replaced.post_code
        if link_request.post is not None:
            post_code = link_request.post.code
        return Token(
            token=token,
            user_id=link_request.user.user_id,
            post_code=post_code,
            link=links.page_link(page, token) if page else links.back_link(username, token),
            has_page=bool(page),
            bot_username=username,
            language=link_request.user.language,
            created_at=now,
            shown_at=now,
            expires_at=now + self._config.expire_after,
            is_replacement=replaced is not None,
        )

    async def _shorten(self, token: Token, settings: BotSettings) -> Token | None:
        """Return the token with a shortened link, unchanged without shorteners; None when no shortener answers."""
        shorteners = await self._config.shorteners.as_of_now()
        if not shorteners.is_configured:
            return token
        with acknowledge_after(QUICK_S):
            short = await shorteners.shorten(token.link)
        now = self._clock.now()
        if short is None:
            self._failed_at = now
            await self._alerts.raise_once(
                _INCIDENT, owner_alerts.shorteners_failing(settings.on_shortener_failure.value)
            )
            return None
        if self._failed_at is None or now - self._failed_at >= QUIET:  # not at each success of a flapping one
            await self._alerts.clear(_INCIDENT, owner_alerts.shorteners_work())
        await self._config.shorteners.note_host(short)
        # the shortener took its time: `min_verify_seconds` counts from when the button is shown
        return token.model_copy(update={"link": short.url, "shortener": short.provider, "shown_at": now})

    async def _grant_or_refuse(
        self, link_request: _LinkRequest, replaced: Token | None, now: datetime
    ) -> AccessGranted | None:
        """Grant access or send a refusal, as the owner chose for when no shortener answers; uncount the link."""
        user_id = link_request.user.user_id
        known = await user_ops.find(user_id) or link_request.user
        is_granted = link_request.settings.on_shortener_failure is ShortenerFailure.GRANT
        if is_granted and not known.credits and not has_pass(known, now):
            pays = earned(link_request.settings)
            key = f"instead of a link {link_request.update_key}"
            grant = await user_credits.grant(user_id, key, now, credits=pays.credits, pass_for=pays.pass_for)
            post_code = link_request.post.code if link_request.post else None
            return None if grant is None else AccessGranted(grant.user, post_code)
        if replaced is not None:
            await token_ops.return_replacement(replaced.token)
        else:
            await token_counts.uncount_link(user_id, link_request.day, link_request.update_key)
        if is_granted:
            return AccessGranted(known)
        mode = link_request.settings.on_shortener_failure.value
        is_told = await self._alerts.tell(_INCIDENT, owner_alerts.shorteners_failing(mode))
        await self._send_no_link(user_id, is_told=is_told)
        return None

    async def _send_offer(self, token: Token, settings: BotSettings, post: Post | None, number: int) -> None:
        title = await self._title(token, post)
        lead = gate_texts.to_verify(
            title,
            earned(settings),
            number=number,
            limit=settings.daily_token_limit,
            has_page=token.has_page or token.shortener is not None,
        )
        await self.resend(token, settings, lead)

    @staticmethod
    async def _title(token: Token, post: Post | None) -> str | None:
        """Return the title of the post the link is for, "" when it has none; None when it is for no post."""
        if post is not None:
            return post.title
        if token.post_code is None:
            return None
        return (await post_ops.titles([token.post_code])).get(token.post_code, "")
