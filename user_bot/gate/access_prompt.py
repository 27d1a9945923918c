"""Ask the gate, and show a subscriber who may not pass what to do."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from aiogram import Bot
from aiogram.types import InlineKeyboardMarkup

from core.access import (
    Banned,
    NoAccess,
    NotSubscribed,
    Verdict,
    ban_of,
    decide,
    earned,
    is_unlock_ahead,
    needs_channel_check,
)
from core.clock import Clock
from core.posts import Post, PostAccess, PostStatus
from core.settings import BotSettings
from core.subscriptions import Subscription
from core.users import User
from core.verification import Token
from database.operations import settings_ops, token_ops, user_ops
from database.operations.posts import post_ops
from database.team import Team
from user_bot.gate.gate_messages import GateMessages, GateScreen
from user_bot.gate.subscriptions import Subscriptions
from user_bot.gate.unlock_links import AccessGranted, NoLinkNow, NoMoreToday, Unlock, UnlockLinks, UnlockStep
from user_bot.text_messages import send_text
from views.subscribers import gate_message, gate_texts
from views.subscribers import texts as user_texts
from views.subscribers.gate_message import GateSteps


@dataclass(frozen=True, slots=True)
class GateVisit:
    """A subscriber at the gate of a post; `update_key` identifies the update."""

    user: User
    post: Post
    settings: BotSettings
    update_key: str
    #: something has come below the gate message, like a link that was opened: it belongs below that
    moves_down: bool


class AccessPrompt:
    """One per bot and process; public methods may run concurrently."""

    def __init__(
        self,
        bot: Bot,
        clock: Clock,
        zone: ZoneInfo,
        team: Team,
        subscriptions: Subscriptions,
        unlock_links: UnlockLinks,
        messages: GateMessages,
    ) -> None:
        self._bot = bot
        self._clock = clock
        self._zone = zone
        self._team = team
        self._subscriptions = subscriptions
        self._unlock_links = unlock_links
        self._messages = messages

    async def ban_of(self, user: User, now: datetime) -> Banned | None:
        """Return the ban of this subscriber, which no post is opened for; None for all others."""
        return ban_of(user, now, is_admin=await self._team.role_of(user.user_id) is not None)

    async def verdict(
        self, user: User, code: str, settings: BotSettings, now: datetime, access: PostAccess = PostAccess.SETTINGS
    ) -> Verdict:
        """Return what the gate decides for this subscriber and post. Asks about channels only when they matter."""
        is_admin = await self._team.role_of(user.user_id) is not None
        subscription = Subscription()
        if needs_channel_check(user, now, access=access, is_admin=is_admin):
            subscription = await self._subscriptions.check(user.user_id)
        return decide(user, settings, subscription, now, code=code, access=access, is_admin=is_admin)

    async def refuse(self, user: User, verdict: Banned) -> None:
        """Send the reason and the end of the ban."""
        await send_text(self._bot, user.user_id, user_texts.banned(verdict, self._clock.now(), self._zone))

    async def show_next_step(self, visit: GateVisit, verdict: Verdict) -> User | None:
        """Show in the post's gate message what has to be done before the post is delivered; return None.

        When the subscriber turns out to have access now, nothing is shown and their new record is returned.
        """
        user, post = visit.user, visit.post
        if isinstance(verdict, NotSubscribed):
            await user_ops.set_pending_post(user.user_id, post.code, self._clock.now(), visit.update_key)
            await self.show_channels(visit, verdict.subscription)
            return None
        assert isinstance(verdict, NoAccess), verdict
        step = await self._unlock_links.next_step(user, visit.settings, post.code, visit.update_key)
        if isinstance(step, AccessGranted):
            return step.user
        await self._show_step(visit, verdict.subscription, step)
        return None

    async def show_channels(self, visit: GateVisit, subscription: Subscription) -> None:
        """Show which channels are joined and which are not."""
        screen = await self._channels_screen(visit, subscription)
        await self._messages.show(visit.user, visit.post.code, screen, moves_down=visit.moves_down)

    async def _channels_screen(self, visit: GateVisit, subscription: Subscription) -> GateScreen:
        steps = await self._steps(visit, subscription)
        return GateScreen(
            gate_message.gate_text(steps, gate_message.channels_remark(subscription)),
            gate_message.join_buttons(visit.post.code, subscription.channels),
        )

    async def show_progress(self, user: User, code: str, subscription: Subscription) -> None:
        """Show in the gate message of a post, where it is, which channels are joined by now."""
        visit = await self._visit(user, await settings_ops.current(self._clock.now()), code, "", moves_down=False)
        if visit is not None:
            await self.show_channels(visit, subscription)

    async def show_progress_of(self, user: User, codes: Sequence[str]) -> None:
        """Show in the gate messages of these posts which channels are joined by now; sends no message.

        A post that has come to its unlock is left alone: nothing is to be joined for it.
        """
        now = self._clock.now()
        unlocking = {token.post_code for token in await token_ops.open_tokens(user.user_id, now)}
        settings, subscription = await settings_ops.current(now), await self._subscriptions.check(user.user_id)
        for code in codes:
            visit = await self._visit(user, settings, code, "", moves_down=False)
            if (
                visit is not None
                and code not in unlocking
                and visit.post.access is not PostAccess.FREE_WITHOUT_CHANNELS
            ):
                await self._messages.update(user, code, await self._channels_screen(visit, subscription))

    async def show_unlock(
        self, user: User, settings: BotSettings, code: str | None, update_key: str, *, moves_down: bool
    ) -> AccessGranted | None:
        """Show an unlock that was asked for, for post `code` or the one that an open unlock is for; return None.

        When the subscriber turns out to have access now, nothing is shown and AccessGranted is returned.
        """
        visit = await self._visit(user, settings, code, update_key, moves_down=moves_down)
        code = None if visit is None else visit.post.code
        step = await self._unlock_links.next_step(user, settings, code, update_key)
        if isinstance(step, AccessGranted):
            return step
        if visit is None:
            visit = await self._visit(user, settings, _post_of(step), update_key, moves_down=moves_down)
        if visit is not None:
            await self._show_step(visit, await self.subscription_of(visit.user, visit.post), step)
        else:
            await self._messages.show(user, None, self._without_post(settings, step), moves_down=moves_down)
        return None

    async def show_remark(
        self, user: User, token: Token, settings: BotSettings, remark: str, markup: InlineKeyboardMarkup
    ) -> None:
        """Say what became of an unlock, in the gate message of its post, or in a message of its own without one."""
        visit = await self._visit(user, settings, token.post_code, "", moves_down=True)
        text = remark
        if visit is not None:
            text = gate_message.gate_text(
                await self._steps(visit, await self.subscription_of(visit.user, visit.post)), remark
            )
        await self._messages.show(user, token.post_code if visit else None, GateScreen(text, markup), moves_down=True)

    async def is_passed(self, user: User, code: str) -> None:
        """Delete the gate message of a post, if there is one."""
        await self._messages.remove(user, code)

    async def _visit(
        self, user: User, settings: BotSettings, code: str | None, update_key: str, *, moves_down: bool
    ) -> GateVisit | None:
        """Return the visit of the post with this code; None when there is no such post to be had."""
        post = None if code is None else await post_ops.find(code)
        if post is None or post.status is not PostStatus.LIVE:
            return None
        return GateVisit(user, post, settings, update_key, moves_down)

    async def subscription_of(self, user: User, post: Post) -> Subscription:
        """Return which channels the subscriber has joined, for this post."""
        if post.access is PostAccess.FREE_WITHOUT_CHANNELS:
            return Subscription()
        return await self._subscriptions.check(user.user_id)

    async def _steps(self, visit: GateVisit, subscription: Subscription) -> GateSteps:
        is_ahead = is_unlock_ahead(visit.user, visit.settings, self._clock.now(), visit.post)
        return GateSteps(
            visit.post.title,
            subscription,
            earned(visit.settings) if is_ahead else None,
            has_page=not is_ahead or await self._unlock_links.leads_over_page(),
        )

    async def _show_step(self, visit: GateVisit, subscription: Subscription, step: UnlockStep) -> None:
        screen = self._without_post(visit.settings, step)
        text = gate_message.gate_text(await self._steps(visit, subscription), self._remark(visit.settings, step))
        await self._messages.show(visit.user, visit.post.code, replace(screen, text=text), moves_down=visit.moves_down)

    def _without_post(self, settings: BotSettings, step: UnlockStep) -> GateScreen:
        """Return the screen of a step of the unlock, as it is without a post."""
        if not isinstance(step, Unlock):
            return GateScreen(self._remark(settings, step))
        link, how_to = step.token.link, settings.how_to_verify_url
        return GateScreen(
            gate_texts.unlock(earned(settings), step.number, settings.daily_token_limit),
            gate_message.unlock_buttons(link, how_to),
            gate_message.unlock_buttons(link, None) if how_to else None,
        )

    def _remark(self, settings: BotSettings, step: UnlockStep) -> str:
        limit = settings.daily_token_limit
        if isinstance(step, Unlock):
            return gate_message.unlock_number(step.number, limit)
        if isinstance(step, NoMoreToday):
            return gate_message.day_is_used_up(limit, step.again_at, self._zone)
        return gate_message.no_link_now(is_told=isinstance(step, NoLinkNow) and step.is_told)


def _post_of(step: UnlockStep) -> str | None:
    return step.token.post_code if isinstance(step, Unlock) else None
