"""New posts: made from a message or an album, and answered with their link."""

from collections.abc import Sequence

from aiogram import Bot
from aiogram.types import ReplyParameters

from admin_bot.posts.cards import CardService
from admin_bot.posts.post_maker import Made, PostMaker
from admin_bot.screens import reply_to
from admin_bot.storage.albums import Album
from core.errors import StoreUnavailable, TollgateError
from core.posts import Post, PostItem
from sender.lanes import at_least_once
from views.html import esc
from views.storage import content_texts


class PostService:
    """Makes posts and answers the admin. Receives complete albums."""

    def __init__(self, bot: Bot, maker: PostMaker, cards: CardService) -> None:
        self._bot = bot
        self._maker = maker
        self._cards = cards

    async def receive(self, album: Album) -> None:
        """Make a post of an album. Raises StoreUnavailable; then it may be repeated."""
        title = album.title or content_texts.album_title(len(album.message_ids))
        await self.post(album.admin_id, album.chat_id, album.message_ids, title, album.contents)

    async def notify(self, album: Album, error: TollgateError) -> None:
        """Reply to the album that it takes longer (StoreUnavailable) or that it failed."""
        sentence = content_texts.album_held() if isinstance(error, StoreUnavailable) else esc(error.sentence)
        await self._bot.send_message(album.chat_id, sentence, reply_parameters=reply_to(album.message_ids[0]))

    async def post(
        self, admin_id: int, chat_id: int, message_ids: Sequence[int], title: str, contents: Sequence[PostItem] = ()
    ) -> None:
        """Make a post and reply to its first message. Raises StoreUnavailable; then it may be repeated."""
        outcome = await self._maker.make(admin_id, chat_id, message_ids, title, contents)
        reply = reply_to(min(message_ids))
        if not isinstance(outcome, Made):
            await self._bot.send_message(chat_id, outcome.sentence, reply_parameters=reply)
            return
        await self._answer(outcome.post, chat_id, reply)

    async def _answer(self, post: Post, chat_id: int, reply: ReplyParameters) -> None:
        """Send the link; at least once: a second one is better than none."""
        screen = await self._cards.made(post)
        with at_least_once():
            await self._bot.send_message(chat_id, screen.text, reply_markup=screen.keyboard, reply_parameters=reply)
