"""What the routes about posts and the schedule share: links, announcements as they are shown, names of the team."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from core.announcements import Announcement, CoverMessage
from core.ids import is_code
from core.posts import Post
from core.publishing.steps import Step, is_allowed
from core.subscriptions import Channel
from core.team.rights import may_take_down
from database import bot_profiles
from database.operations import channel_ops, settings_ops
from database.operations.posts import post_ops
from database.publishing.contents import default_cover
from database.team import Team
from views.links import message_link, post_link
from views.page import post_refusals as texts
from web_app.api.access import ApiAccess, Operator
from web_app.api.posting.models import Announced
from web_app.problems import not_there

T = TypeVar("T")


@dataclass(slots=True)
class PostDesk:
    """What those routes are built with."""

    access: ApiAccess
    team: Team
    zone: ZoneInfo
    #: of the user bot, for links; "": another process may have stored it
    username: str = ""
    #: STORAGE_CHANNEL_ID, used while no channel is chosen
    storage_channel_id: int | None = None

    def now(self) -> datetime:
        return self.access.clock.now()

    async def bot_name(self) -> str:
        """Return the @name of the user bot, "" while nobody knows it; a command only in a process without bots."""
        if not self.username:
            self.username = (await bot_profiles.usernames()).user_bot
        return self.username

    async def find_post(self, code: str) -> Post:
        """Return a post in any status. Raises Problem 404."""
        post = await post_ops.find(code)
        if post is None:
            raise not_there(texts.no_such_post())
        return post

    async def default_cover(self) -> CoverMessage | None:
        """Return the picture of announcements whose post has none."""
        settings = await settings_ops.current(self.now())
        return default_cover(settings, await self.storage())

    async def storage(self) -> int | None:
        """Return the storage channel; None while there is none."""
        settings = await settings_ops.current(self.now())
        return settings.storage_channel_id or self.storage_channel_id

    async def name_of(self, user_id: int | None) -> str:
        """Return what a member of the team is called; "" when that is not known."""
        if user_id is None:
            return ""
        return next((member.name for member in await self.team.listed() if member.user_id == user_id), "")

    async def announced(self, found: Iterable[Announcement], operator: Operator) -> list[Announced]:
        """Return announcements as the page shows them to `operator`."""
        channels = {one.chat_id: one for one in await channel_ops.current(self.now())}
        return [_announced(one, channels.get(one.chat_id), operator) for one in found]


def link_of(username: str, code: str, source: str | None = None) -> str | None:
    """Return a post's link; None without the bot's name, or for a code that no link can have."""
    return post_link(username, code, source) if username and is_code(code) else None


def _announced(one: Announcement, channel: Channel | None, operator: Operator) -> Announced:
    is_mine = may_take_down(operator.role, operator.user_id, one.created_by)
    steps = [step for step in Step if is_allowed(step, one) and (is_mine or step is not Step.WITHDRAW)]
    username = None if channel is None else channel.username
    link = None if one.message_id is None else message_link(one.chat_id, username, one.message_id)
    return Announced(
        id=one.id,
        code=one.post_code,
        number=one.number,
        title=one.title,
        channel=channel.name if channel is not None else one.channel or str(one.chat_id),
        state=one.state,
        at=one.published_at or one.publish_at,
        leaves_at=one.leaves_at,
        error=one.error,
        link=link,
        moved_by=one.moved_by_name,
        may=[step.value for step in steps],
    )
