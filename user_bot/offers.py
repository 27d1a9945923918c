"""The one message to somebody without access: what to do, and the link to do it with."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot

from core.access import earned
from core.clock import Clock
from core.days import start_of_day
from core.ids import new_token
from core.patience import SHORT_S, keep_trying
from core.posts import Post
from core.settings import BotSettings, ShortenerFailure
from core.users import User
from core.verification import Token, TokenStatus
from database.operations import post_ops, token_ops, user_ops
from monitoring.alerts import Alerts
from shorteners.failover import Shorteners
from user_bot.payout import pay_out
from user_bot.saying import say
from views import gate_keyboards, gate_texts, links, owner_alerts

log = structlog.get_logger("tollgate.verification")

_INCIDENT = "shorteners"


@dataclass(frozen=True, slots=True)
class Ways:
    """How people verify: through which shorteners, to which page, for how long a link holds."""

    shorteners: Shorteners
    #: address of the page without `/v/…`; empty: the link leads back to the bot itself
    page_url: str
    expire_after: timedelta


class Offers:
    """Makes verification links and shows them. One per bot and process."""

    def __init__(self, bot: Bot, clock: Clock, zone: ZoneInfo, alerts: Alerts, ways: Ways) -> None:
        self._bot = bot
        self._clock = clock
        self._zone = zone
        self._alerts = alerts
        self._ways = ways

    async def offer(self, user: User, settings: BotSettings, post: Post | None) -> User | None:
        """Show the way to access: an open link for the same post again, else a new one; None.

        The person's record instead, with access, when none is needed: a verification that was done waits to be
        redeemed, or the owner gives access away while no shortener answers. Then nothing was said.
        """
        now = self._clock.now()
        standing = await token_ops.open_tokens(user.user_id, now)
        for done in (token for token in standing if token.status is TokenStatus.VERIFIED):
            if await token_ops.redeem(done.token, user.user_id, now) is not None:
                return await pay_out(done, settings, now)
        code = None if post is None else post.code
        same = (token for token in standing if token.status is TokenStatus.UNUSED and code in (None, token.post_code))
        token = next(same, None)
        if token is not None:
            await self._show(token, settings, post, await token_ops.links_on(user.user_id, self._day(now)))
            return None
        return await self._make(user, settings, post, now)

    async def show(self, token: Token, settings: BotSettings, lead: str) -> None:
        """An open link once more, under the sentence `lead`."""
        await say(self._bot, token.user_id, lead, gate_keyboards.verify(token.link, settings.how_to_verify_url))

    def _day(self, now: datetime) -> datetime:
        return start_of_day(now, self._zone)

    async def _make(self, user: User, settings: BotSettings, post: Post | None, now: datetime) -> User | None:
        day = self._day(now)
        replaced = await token_ops.take_replacement(user.user_id, now)
        if replaced is not None:
            number = await token_ops.links_on(user.user_id, day)
        else:
            counted = await token_ops.count_link(user.user_id, day, settings.daily_token_limit)
            if counted is None:
                again_at = start_of_day(day + timedelta(hours=36), self._zone)
                await say(
                    self._bot,
                    user.user_id,
                    gate_texts.day_is_used_up(settings.daily_token_limit, again_at, self._zone),
                )
                return None
            number = counted
        token = await self._token(user, post, replaced, now)
        through = await self._through_shortener(token)
        if through is None:
            mode = settings.on_shortener_failure
            await self._alerts.raise_once(_INCIDENT, owner_alerts.shorteners_failing(mode.value))
            if mode is not ShortenerFailure.DIRECT:
                return await self._do_without(user, settings, token, replaced, day)
        token = through or token
        await keep_trying(lambda: token_ops.add(token), SHORT_S)
        await self._show(token, settings, post, number)
        return None

    async def _token(self, user: User, post: Post | None, replaced: Token | None, now: datetime) -> Token:
        """A fresh token whose link is the destination itself."""
        token, username = new_token(), (await self._bot.me()).username or ""
        page = self._ways.page_url
        wanted = post.code if post is not None else replaced.post_code if replaced is not None else None
        return Token(
            token=token,
            user_id=user.user_id,
            post_code=wanted,
            link=links.page_link(page, token) if page else links.back_link(username, token),
            has_page=bool(page),
            bot_username=username,
            language=user.language,
            created_at=now,
            shown_at=now,
            expires_at=now + self._ways.expire_after,
            is_replacement=replaced is not None,
        )

    async def _through_shortener(self, token: Token) -> Token | None:
        """The token with a shortener's link; None when none answers. Without shorteners the token as it is."""
        shorteners = self._ways.shorteners
        if not shorteners.is_configured:
            return token
        short = await shorteners.shorten(token.link)
        if short is None:
            return None
        await self._alerts.clear(_INCIDENT, owner_alerts.shorteners_work())
        # asking took its time: the wait runs from when the button is shown
        return token.model_copy(update={"link": short.url, "shortener": short.provider, "shown_at": self._clock.now()})

    async def _do_without(
        self, user: User, settings: BotSettings, token: Token, replaced: Token | None, day: datetime
    ) -> User | None:
        """No shortener answers and the owner does not want the destination shown."""
        if settings.on_shortener_failure is ShortenerFailure.GRANT:
            return await self._give_away(user, settings, token)
        if replaced is not None:
            await token_ops.return_replacement(replaced.token)
        else:
            await token_ops.uncount_link(user.user_id, day)
        await say(self._bot, user.user_id, gate_texts.NO_LINK_NOW)
        return None

    @staticmethod
    async def _give_away(user: User, settings: BotSettings, token: Token) -> User | None:
        """What the token would have paid, without it."""
        pays, key = earned(settings), f"instead of {token.token}"
        given = await user_ops.grant(user.user_id, key, token.created_at, credits=pays.credits, pass_for=pays.pass_for)
        return None if given is None else given.user

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
