"""Ask the gate, and show a subscriber who may not pass what to do."""

from datetime import datetime
from zoneinfo import ZoneInfo

from aiogram import Bot

from core.access import Banned, NoAccess, NotSubscribed, Verdict, ban_of, decide, needs_channel_check
from core.clock import Clock
from core.posts import Post, PostAccess
from core.settings import BotSettings
from core.subscriptions import Subscription
from core.users import User
from database.operations import user_ops
from database.team import Team
from user_bot.gate.subscriptions import Subscriptions
from user_bot.gate.unlock_links import UnlockLinks
from user_bot.text_messages import send_text
from views.subscribers import gate_keyboards, gate_texts
from views.subscribers import texts as user_texts


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
    ) -> None:
        self._bot = bot
        self._clock = clock
        self._zone = zone
        self._team = team
        self._subscriptions = subscriptions
        self._unlock_links = unlock_links

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

    async def show_next_step(
        self, user: User, verdict: Verdict, post: Post, settings: BotSettings, update_key: str
    ) -> User | None:
        """Send what has to be done before this post is delivered; return None.

        When the subscriber turns out to have access now, nothing is sent and their new record is returned.
        """
        if isinstance(verdict, NotSubscribed):
            await user_ops.set_pending_post(user.user_id, post.code, self._clock.now(), update_key)
            await self._send_channels_to_join(user, verdict, post)
            return None
        assert isinstance(verdict, NoAccess), verdict
        granted = await self._unlock_links.offer(user, settings, post, update_key)
        return None if granted is None else granted.user

    async def _send_channels_to_join(self, user: User, verdict: NotSubscribed, post: Post) -> None:
        markup = gate_keyboards.channels_to_join(post.code, verdict.subscription.channels)
        await send_text(self._bot, user.user_id, gate_texts.to_join(verdict.subscription, post.title), markup)
