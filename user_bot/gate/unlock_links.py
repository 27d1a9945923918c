"""The one message to somebody without access: what to do, and the link to do it with."""

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
from database.operations import post_ops, token_ops, user_ops
from monitoring.alerts import Alerts
from sender.acknowledgement import safe_after
from sender.failures import TELEGRAM_ERRORS, Failure, classify
from sender.lanes import may_arrive_twice
from shorteners.failover import Shorteners
from user_bot.gate.payout import pay_out
from user_bot.saying import say
from views import links, owner_alerts
from views.subscribers import gate_keyboards, gate_texts

log = structlog.get_logger("tollgate.verification")

_INCIDENT = "shorteners"
#: seconds after which nobody else waits for a shortener
QUICK_S = 1.0
#: without a failure for so long, the shorteners work again
QUIET = timedelta(minutes=10)
#: a link that expires sooner is not shown again: there would be no time for its way
TIME_LEFT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _LinkRequest:
    """Who wants a link, for which post, on which day; `update_key` names the update."""

    user: User
    settings: BotSettings
    post: Post | None
    update_key: str
    day: datetime


@dataclass(frozen=True, slots=True)
class UnlockConfig:
    """How people verify: through which shorteners, to which page, for how long a link holds."""

    shorteners: Shorteners
    #: address of the page without `/v/…`; empty: the link leads back to the bot itself
    page_url: str
    expire_after: timedelta


@dataclass(frozen=True, slots=True)
class AccessGranted:
    """Somebody has access now; `post_code` is what their verification was for."""

    user: User
    post_code: str | None = None


class UnlockLinks:
    """Makes verification links and shows them. One per bot and process."""

    def __init__(
        self,
        bot: Bot,
        clock: Clock,
        zone: ZoneInfo,
        alerts: Alerts,
        ways: UnlockConfig,
    ) -> None:
        self._bot = bot
        self._clock = clock
        self._zone = zone
        self._alerts = alerts
        self._ways = ways
        #: when last no shortener answered
        self._failed_at: datetime | None = None

    async def offer(
        self, user: User, settings: BotSettings, post: Post | None, update_key: str
    ) -> AccessGranted | None:
        """Show the way to access: an open link for the same post again, else a new one; None.

        AccessGranted, with nothing said, when no link is needed: a finished verification waits to be redeemed or paid
        out, or the owner gives access away while no shortener answers. `update_key` names the update: when it comes
        again, nothing is counted again.
        """
        now = self._clock.now()
        standing = await token_ops.open_tokens(user.user_id, now)
        paid = await self._pay_done(user, settings, standing, now)
        if paid is not None:
            return paid
        code = None if post is None else post.code
        token = next((token for token in standing if self._is_good(token, code, now)), None)
        if token is not None:
            number = await token_ops.links_on(user.user_id, self._day(now))
            await self._show(token, settings, post, number)
            return None
        return await self._make(user, settings, post, update_key, now)

    @staticmethod
    async def _pay_done(
        user: User, settings: BotSettings, standing: Sequence[Token], now: datetime
    ) -> AccessGranted | None:
        """Whoever went through the page and did not come back, or whom a crash kept from being paid."""
        done_ones = [token for token in standing if token.status is TokenStatus.VERIFIED]
        for done in done_ones:
            is_ours = done.redeemed_at is not None or await token_ops.redeem(done.token, user.user_id, now)
            paid = await pay_out(done, settings, now) if is_ours else None
            if paid is not None:
                return AccessGranted(paid, done.post_code)
        # somebody else redeems it just now: the way back may have paid already
        known = await user_ops.find(user.user_id) if done_ones else None
        return AccessGranted(known) if known is not None and (known.credits or has_pass(known, now)) else None

    def _is_good(self, token: Token, code: str | None, now: datetime) -> bool:
        """Whether an open link can be shown again: for the same wish, with time left, and still leading somewhere."""
        return (
            token.status is TokenStatus.UNUSED
            and code in (None, token.post_code)
            and token.expires_at - now >= TIME_LEFT
            and token.has_page == bool(self._ways.page_url)
        )

    async def show(self, token: Token, settings: BotSettings, lead: str) -> None:
        """An open link once more, under the sentence `lead`."""
        with may_arrive_twice():
            try:
                await self._send(token, lead, settings.how_to_verify_url)
            except TELEGRAM_ERRORS as error:
                log.warning("offer.not_sent", failure=classify(error).value, user_id=token.user_id)
                if classify(error) is Failure.CONTENT:
                    await self._show_plainly(token, lead, error)

    async def _send(self, token: Token, lead: str, how_to: str | None) -> None:
        await self._bot.send_message(token.user_id, lead, reply_markup=gate_keyboards.verify(token.link, how_to))

    async def _show_plainly(self, token: Token, lead: str, why: BaseException) -> None:
        """Telegram refuses the whole message for one bad address: without the owner's own, then without any."""
        reason = getattr(why, "message", type(why).__name__)
        await self._alerts.raise_once("offer", owner_alerts.offer_refused(reason))
        try:
            await self._send(token, lead, None)
        except TELEGRAM_ERRORS:
            await say(self._bot, token.user_id, gate_texts.NO_LINK_NOW)

    def _day(self, now: datetime) -> datetime:
        return start_of_day(now, self._zone)

    async def _make(
        self, user: User, settings: BotSettings, post: Post | None, update_key: str, now: datetime
    ) -> AccessGranted | None:
        link_request = _LinkRequest(user, settings, post, update_key, self._day(now))
        replaced = await token_ops.take_replacement(user.user_id, now, update_key)
        if replaced is not None:
            number = await token_ops.links_on(user.user_id, link_request.day)
        else:
            counted = await token_ops.count_link(user.user_id, link_request.day, settings.daily_token_limit, update_key)
            if counted is None:
                await self._say_used_up(link_request)
                return None
            number = counted
        plain = await self._token(link_request, replaced, now)
        token = await self._through_shortener(plain, settings)
        if token is None and settings.on_shortener_failure is not ShortenerFailure.DIRECT:
            return await self._do_without(link_request, replaced, now)
        token = token or plain
        await retry_while_unavailable(lambda: token_ops.add(token), self._clock, SHORT_S)
        await self._show(token, settings, post, number)
        return None

    async def _say_used_up(self, link_request: _LinkRequest) -> None:
        limit, again_at = (
            link_request.settings.daily_token_limit,
            start_of_day(link_request.day + timedelta(hours=36), self._zone),
        )
        await say(self._bot, link_request.user.user_id, gate_texts.day_is_used_up(limit, again_at, self._zone))

    async def _token(self, link_request: _LinkRequest, replaced: Token | None, now: datetime) -> Token:
        """A fresh token whose link is the destination itself."""
        token, username = new_token(), (await self._bot.me()).username or ""
        page = self._ways.page_url
        wanted = (
            link_request.post.code
            if link_request.post is not None
            else replaced.post_code
            if replaced is not None
            else None
        )
        return Token(
            token=token,
            user_id=link_request.user.user_id,
            post_code=wanted,
            link=links.page_link(page, token) if page else links.back_link(username, token),
            has_page=bool(page),
            bot_username=username,
            language=link_request.user.language,
            created_at=now,
            shown_at=now,
            expires_at=now + self._ways.expire_after,
            is_replacement=replaced is not None,
        )

    async def _through_shortener(self, token: Token, settings: BotSettings) -> Token | None:
        """The token with a shortener's link; None when none answers. Without shorteners the token as it is."""
        shorteners = self._ways.shorteners
        if not shorteners.is_configured:
            return token
        with safe_after(QUICK_S):
            short = await shorteners.shorten(token.link)
        now = self._clock.now()
        if short is None:
            self._failed_at = now
            await self._alerts.raise_once(
                _INCIDENT, owner_alerts.shorteners_failing(settings.on_shortener_failure.value)
            )
            return None
        if self._failed_at is None or now - self._failed_at >= QUIET:  # not at each success of one that comes and goes
            await self._alerts.clear(_INCIDENT, owner_alerts.shorteners_work())
        # asking took its time: the wait runs from when the button is shown
        return token.model_copy(update={"link": short.url, "shortener": short.provider, "shown_at": now})

    async def _do_without(
        self, link_request: _LinkRequest, replaced: Token | None, now: datetime
    ) -> AccessGranted | None:
        """No shortener answers and the owner does not want the destination shown."""
        reader = link_request.user.user_id
        known = await user_ops.find(reader) or link_request.user
        gives = link_request.settings.on_shortener_failure is ShortenerFailure.GRANT
        if gives and not known.credits and not has_pass(known, now):
            pays = earned(link_request.settings)
            key = f"instead of a link {link_request.update_key}"
            given = await user_ops.grant(reader, key, now, credits=pays.credits, pass_for=pays.pass_for)
            return (
                None
                if given is None
                else AccessGranted(given.user, link_request.post.code if link_request.post else None)
            )
        if replaced is not None:
            await token_ops.return_replacement(replaced.token)
        else:
            await token_ops.uncount_link(reader, link_request.day, link_request.update_key)
        if gives:
            return AccessGranted(known)
        await say(self._bot, reader, gate_texts.NO_LINK_NOW)
        return None

    async def _show(self, token: Token, settings: BotSettings, post: Post | None, number: int) -> None:
        title = await self._title(token, post)
        lead = gate_texts.to_verify(
            title,
            earned(settings),
            number=number,
            limit=settings.daily_token_limit,
            has_page=token.has_page or token.shortener is not None,
        )
        await self.show(token, settings, lead)

    @staticmethod
    async def _title(token: Token, post: Post | None) -> str | None:
        """The wanted post's title, "" when it has none; None when no post waits for this link."""
        if post is not None:
            return post.title
        if token.post_code is None:
            return None
        return (await post_ops.titles([token.post_code])).get(token.post_code, "")
