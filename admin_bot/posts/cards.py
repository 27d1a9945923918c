"""Cards of posts: shown in place of the pressed screen, changed one field at a time."""

from collections.abc import Awaitable
from zoneinfo import ZoneInfo

from aiogram import Bot
from aiogram.types import CallbackQuery

from admin_bot.audit import note
from admin_bot.posts.preview import show_preview
from admin_bot.screens import Screen, show_in_place, toast
from core.clock import Clock
from core.posts import Post
from database.operations import post_ops, settings_ops
from views.links import post_link
from views.posts import keyboards, texts
from views.posts.callbacks import PostList


class CardService:
    """What the buttons of a card share."""

    def __init__(self, bot: Bot, user_bot_username: str, clock: Clock, zone: ZoneInfo) -> None:
        self._bot = bot
        self._username = user_bot_username
        self._clock = clock
        self._zone = zone

    async def screen(self, post: Post, place: PostList) -> Screen:
        """Return a post's card. `place`: the place in the list its Back button leads to."""
        link = post_link(self._username, post.code)
        settings = await settings_ops.current(self._clock.now())
        return Screen(texts.card(post, link, settings, self._zone), keyboards.card(post, link, place))

    async def find_or_answer(self, query: CallbackQuery, code: str) -> Post | None:
        """Return the post of a button; None if it is gone, and then the button is answered."""
        post = await post_ops.find(code)
        if post is None:
            await toast(query, texts.POST_GONE)
        return post

    async def show(self, query: CallbackQuery, post: Post | None, place: PostList) -> None:
        """Show the card in place of the pressed screen; None answers the button that the post is gone."""
        if post is None:
            await toast(query, texts.POST_GONE)
            return
        screen = await self.screen(post, place)
        await toast(query)
        await show_in_place(query, self._bot, screen)

    async def change(
        self, admin_id: int, before: Post | None, changing: Awaitable[Post | None], action: str, field: str
    ) -> Post | None:
        """Await a change of one field and write it to the audit log. Returns the changed post, None if it is gone."""
        after = await changing
        if before is not None and after is not None:
            old, new = getattr(before, field), getattr(after, field)
            await note(self._clock.now(), admin_id, action, after.code, old, new)
        return after

    async def preview(self, query: CallbackQuery, post: Post) -> None:
        """Show the post as a subscriber sees it."""
        now = self._clock.now()
        settings = await settings_ops.current(now)
        await toast(query)
        await show_preview(self._bot, query.from_user.id, post, settings, now=now, zone=self._zone)
