"""Screens of one post: read, then shown in place of the pressed one."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from aiogram import Bot
from aiogram.types import CallbackQuery

from admin_bot.posts.lists import list_screen
from admin_bot.posts.preview import show_preview
from admin_bot.screens import toast, turn_to_fresh
from admin_bot.source_names import find_names
from core.access import StepsBefore, steps_before
from core.announcements import Announcement, AnnouncementState
from core.clock import Clock
from core.posts import Post
from core.statistics.periods import Figures
from core.subscriptions import required_channels
from database.operations import announcement_ops, channel_ops, settings_ops
from database.operations.counting import post_days
from database.operations.posts import post_ops
from views.links import post_link
from views.posts import cards as views
from views.posts import made as made_views
from views.posts.callbacks import PostList
from views.screens import Screen

#: before the first day
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: on a card: it is in a channel, or will be
_SHOWN = (AnnouncementState.PLANNED, AnnouncementState.PUBLISHED)


class CardService:
    """What the buttons of a card share."""

    def __init__(
        self,
        bot: Bot,
        user_bot_username: str,
        clock: Clock,
        zone: ZoneInfo,
        first_channel: Callable[[], Awaitable[str | None]],
    ) -> None:
        """`first_channel`: names the only channel to publish in while nothing was announced yet."""
        self._first_channel = first_channel
        self._bot = bot
        self._username = user_bot_username
        self._clock = clock
        self._zone = zone

    def link(self, post: Post, source: str | None = None) -> str:
        return post_link(self._username, post.code, source)

    async def screen(self, post: Post, place: PostList) -> Screen:
        """Return a post's card; at most two commands."""
        now = self._clock.now()
        found = await announcement_ops.find_of_post(post.code, _SHOWN)
        published = [one for one in found if one.state is AnnouncementState.PUBLISHED]
        # those planned last come first
        planned = [one for one in reversed(found) if one.state is AnnouncementState.PLANNED]
        facts = views.CardFacts(
            link=self.link(post),
            settings=await settings_ops.current(now),
            now=now,
            zone=self._zone,
            published=_first_of(published),
            planned=_first_of(planned),
        )
        return views.card(post, facts, place)

    async def numbers(self, post: Post, place: PostList) -> Screen:
        """Return how often it was opened and how far those came who tried to get it, ever; at most two commands."""
        now = self._clock.now()
        steps = await post_days.of_post(post.code, _EPOCH, now)
        names = await find_names([one.name for one in views.shown_places(post)], now, self._zone)
        return views.numbers(post, place, Figures(steps.model_dump()), names, self._zone)

    async def find_or_answer(self, query: CallbackQuery, code: str, place: PostList) -> Post | None:
        """Return the post of a button; None if it is gone, and then the list takes the place of the screen."""
        post = await post_ops.find(code)
        if post is None:
            await turn_to_fresh(query, self._bot, await list_screen(PostList(show=place.show), None))
        return post

    async def made(self, post: Post) -> Screen:
        """Return the answer to a new post."""
        return made_views.made(post, self.link(post), await self.steps(post), await self._first_channel())

    async def steps(self, post: Post) -> StepsBefore:
        """Return what stands before a post now."""
        now = self._clock.now()
        required = required_channels(await channel_ops.current(now))
        return steps_before(post, await settings_ops.current(now), len(required))

    async def preview(self, query: CallbackQuery, post: Post) -> None:
        """Show the post as a subscriber sees it."""
        now = self._clock.now()
        settings = await settings_ops.current(now)
        await toast(query)
        await show_preview(self._bot, query.from_user.id, post, settings, now=now, zone=self._zone)


def _first_of(found: list[Announcement]) -> views.Announced | None:
    if not found:
        return None
    first = found[0]
    return views.Announced(first.channel or str(first.chat_id), first.published_at or first.publish_at, len(found) - 1)
