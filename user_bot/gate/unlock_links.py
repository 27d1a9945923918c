"""Verification links: find the open one of a subscriber without access, or make one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot

from core.access import earned, has_pass
from core.clock import Clock
from core.days import start_of_day
from core.ids import new_token
from core.retries import SHORT_S, retry_while_unavailable
from core.settings import BotSettings, ShortenerFailure
from core.users import User
from core.verification import Token, TokenStatus, takes_time
from database.operations import token_counts, token_ops, user_credits, user_ops
from database.operations.shorteners import shortener_counts
from database.tolerated import tolerated
from monitoring.alerts import Alerts
from sender.updates.acknowledgement import acknowledge_after
from shorteners.failures import NoProviderAsked
from user_bot.gate.current_shorteners import CurrentShorteners
from user_bot.gate.payout import pay_out
from views import links, owner_alerts
from views.language import spoken

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
    """A subscriber's request for a link, for post `post_code` if any, on `day`; `update_key` identifies the update."""

    user: User
    settings: BotSettings
    post_code: str | None
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


@dataclass(frozen=True, slots=True)
class Unlock:
    """An unlock to be shown, and which of the day it is."""

    token: Token
    number: int


@dataclass(frozen=True, slots=True)
class NoMoreToday:
    """The day is used up until `again_at`."""

    again_at: datetime


@dataclass(frozen=True, slots=True)
class NoLinkNow:
    """No shortener answers. `is_told`: the owners know."""

    is_told: bool


UnlockStep = AccessGranted | Unlock | NoMoreToday | NoLinkNow


class UnlockLinks:
    """Makes verification links. One per bot and process."""

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

    async def leads_over_page(self) -> bool:
        """Return whether an unlock made now leads over a page, and not straight back to the bot."""
        return bool(self._config.page_url) or (await self._config.shorteners.as_of_now()).is_configured

    async def next_step(self, user: User, settings: BotSettings, code: str | None, update_key: str) -> UnlockStep:
        """Return how the subscriber gets access: an open unlock for the same post, a new one, or why there is none.

        AccessGranted when none is needed: a finished unlock was not redeemed or paid out yet, or the owner grants
        access while no shortener answers. Idempotent per `update_key`, which identifies the update: it is counted
        against the daily limit once.
        """
        now = self._clock.now()
        open_tokens = await token_ops.open_tokens(user.user_id, now)
        granted = await self._pay_verified(user, settings, open_tokens, now)
        if granted is not None:
            return granted
        is_timed = (await self._config.shorteners.as_of_now()).is_configured
        token = next((token for token in open_tokens if self._is_reusable(token, code, now, is_timed)), None)
        if token is not None:
            return Unlock(token, await token_counts.links_on(user.user_id, self._day(now)))
        return await self._make(_LinkRequest(user, settings, code, update_key, self._day(now)), now)

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

    def _is_reusable(self, token: Token, code: str | None, now: datetime, is_timed: bool) -> bool:
        """Whether an open link can be sent again: for the same post, with time left, and to where links lead now.

        `is_timed`: there are shorteners now, so none from before them is used, which would take no time.
        """
        return (
            token.status is TokenStatus.UNUSED
            and code in (None, token.post_code)
            and token.expires_at - now >= TIME_LEFT
            and token.has_page == bool(self._config.page_url)
            and (takes_time(token) or not is_timed)
        )

    def _day(self, now: datetime) -> datetime:
        return start_of_day(now, self._zone)

    async def _make(self, request: _LinkRequest, now: datetime) -> UnlockStep:
        user_id, settings = request.user.user_id, request.settings
        replaced = await token_ops.take_replacement(user_id, now, request.update_key)
        if replaced is not None:
            number = await token_counts.links_on(user_id, request.day)
        else:
            counted = await token_counts.count_link(
                user_id, request.day, settings.daily_token_limit, request.update_key
            )
            if counted is None:
                return NoMoreToday(start_of_day(request.day + timedelta(hours=36), self._zone))
            number = counted
        direct = await self._new_token(request, replaced, now)
        try:
            token = await self._shorten(direct, settings)
        except NoProviderAsked:
            # what the owner chose for an outage of the shorteners is not for one of ours
            await self._uncount(request, replaced)
            return NoLinkNow(is_told=False)
        if token is None and settings.on_shortener_failure is not ShortenerFailure.DIRECT:
            return await self._grant_or_refuse(request, replaced, now)
        # asking them took its time, which is none of the subscriber's
        token = token or direct.model_copy(update={"shown_at": self._clock.now()})
        await retry_while_unavailable(lambda: token_ops.add(token), self._clock, SHORT_S)
        if token.shortener is not None:
            count = shortener_counts.count_made(token.shortener, request.day, now)
            await tolerated("shortener.not_counted", count)
        return Unlock(token, number)

    async def _new_token(self, link_request: _LinkRequest, replaced: Token | None, now: datetime) -> Token:
        """Return a new token, not stored yet, whose link is the unshortened destination."""
        token, username = new_token(), (await self._bot.me()).username or ""
        page = self._config.page_url
        post_code = link_request.post_code or (None if replaced is None else replaced.post_code)
        return Token(
            token=token,
            user_id=link_request.user.user_id,
            post_code=post_code,
            link=links.page_link(page, token) if page else links.back_link(username, token),
            is_timed=(await self._config.shorteners.as_of_now()).is_configured,
            has_page=bool(page),
            bot_username=username,
            language=spoken(),
            created_at=now,
            shown_at=now,
            expires_at=now + self._config.expire_after,
            is_replacement=replaced is not None,
        )

    async def _shorten(self, token: Token, settings: BotSettings) -> Token | None:
        """Return the token with a shortened link, unchanged without shorteners; None when no shortener answers.

        Raises NoProviderAsked.
        """
        shorteners = await self._config.shorteners.as_of_now()
        if not shorteners.is_configured:
            return token
        with acknowledge_after(QUICK_S):
            short = await shorteners.shorten(token.link)
        now = self._clock.now()
        if short is None:
            self._failed_at = now
            await self._alerts.raise_once(
                _INCIDENT, partial(owner_alerts.shorteners_failing, settings.on_shortener_failure.value)
            )
            return None
        if self._failed_at is None or now - self._failed_at >= QUIET:  # not at each success of a flapping one
            await self._alerts.clear(_INCIDENT, owner_alerts.shorteners_work)
        await self._config.shorteners.note_host(short)
        # the shortener took its time: `min_verify_seconds` counts from when the button is shown
        return token.model_copy(update={"link": short.url, "shortener": short.provider, "shown_at": now})

    async def _grant_or_refuse(self, request: _LinkRequest, replaced: Token | None, now: datetime) -> UnlockStep:
        """Grant access, or refuse it, as the owner chose for when no shortener answers; uncount the unlock."""
        user_id, settings = request.user.user_id, request.settings
        known = await user_ops.find(user_id) or request.user
        is_granted = settings.on_shortener_failure is ShortenerFailure.GRANT
        if is_granted and not known.credits and not has_pass(known, now):
            pays = earned(settings)
            key = f"instead of a link {request.update_key}"
            grant = await user_credits.grant(user_id, key, now, credits=pays.credits, pass_for=pays.pass_for)
            return AccessGranted(known if grant is None else grant.user, request.post_code)
        await self._uncount(request, replaced)
        if is_granted:
            return AccessGranted(known)
        told = self._alerts.tell(
            _INCIDENT, partial(owner_alerts.shorteners_failing, settings.on_shortener_failure.value)
        )
        return NoLinkNow(is_told=await told)

    @staticmethod
    async def _uncount(request: _LinkRequest, replaced: Token | None) -> None:
        """Take back that an unlock was counted: there is none."""
        if replaced is not None:
            await token_ops.return_replacement(replaced.token)
        else:
            await token_counts.uncount_link(request.user.user_id, request.day, request.update_key)
