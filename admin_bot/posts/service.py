"""The way from what an admin sent to the answer with its link; the same for one message and for an album."""

from collections.abc import Sequence
from functools import partial

from aiogram import Bot
from aiogram.types import ReplyParameters

from admin_bot.posts.posting import Made, PostMaker
from admin_bot.screens import quoting
from admin_bot.storage.albums import Album
from core.errors import StoreUnavailable, TollgateError
from core.posts import Post
from sender.failures import TELEGRAM_ERRORS, Failure, classify
from views.admin_texts import plain
from views.links import post_link
from views.posts import keyboards, texts


class PostService:
    """Makes posts and tells the admin what became of it."""

    def __init__(self, bot: Bot, posts: PostMaker, user_bot_username: str) -> None:
        self._bot = bot
        self._posts = posts
        self._username = user_bot_username

    async def receive(self, album: Album) -> None:
        title = album.title or texts.album_title(len(album.message_ids))
        await self.post(album.admin_id, album.chat_id, album.message_ids, title)

    async def tell(self, album: Album, error: TollgateError) -> None:
        sentence = texts.ALBUM_HELD if isinstance(error, StoreUnavailable) else plain(error.sentence)
        await self._bot.send_message(album.chat_id, sentence, reply_parameters=quoting(album.message_ids[0]))

    async def post(self, admin_id: int, chat_id: int, message_ids: Sequence[int], title: str) -> None:
        """Make the post and answer to its first message. Raises StoreUnavailable; then it may be repeated."""
        outcome = await self._posts.make(admin_id, chat_id, message_ids, title)
        quote = quoting(min(message_ids))
        if not isinstance(outcome, Made):
            await self._bot.send_message(chat_id, outcome.sentence, reply_parameters=quote)
            return
        await self._show(outcome.post, chat_id, quote)

    async def _show(self, post: Post, chat_id: int, quote: ReplyParameters) -> None:
        """Answer with the link; once more when nobody can say whether it arrived: twice is better than never."""
        link = post_link(self._username, post.code)
        answer = partial(
            self._bot.send_message,
            chat_id,
            texts.made(post, link),
            reply_markup=keyboards.made(post, link),
            reply_parameters=quote,
        )
        try:
            await answer()
        except TELEGRAM_ERRORS as error:
            if classify(error) is not Failure.AMBIGUOUS:
                raise
            await answer()
