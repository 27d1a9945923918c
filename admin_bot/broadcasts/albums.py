"""A complete album that was sent for a broadcast, outside of any handler."""

from aiogram import Bot

from admin_bot.broadcasts.service import BroadcastService
from admin_bot.conversation.dialogue import Conversations
from admin_bot.screens import quoting
from admin_bot.storage.albums import Album
from core.broadcasts import MESSAGES_MAX
from core.errors import BadInput, StoreUnavailable, TollgateError
from views.admin_texts import plain
from views.broadcasts import compose_texts as texts
from views.posts.texts import ALBUM_HELD, album_title


class BroadcastAlbums:
    """Receives albums for broadcasts. Each is looked at in its admin's turn, like an update."""

    def __init__(self, bot: Bot, desk: BroadcastService, conversations: Conversations) -> None:
        self._bot = bot
        self._desk = desk
        self._conversations = conversations

    async def receive(self, album: Album) -> None:
        """Make it the broadcast's message, if one is still waited for. Raises StoreUnavailable; it may be repeated."""
        if len(album.message_ids) > MESSAGES_MAX:
            raise BadInput(texts.TOO_MANY)
        async with self._conversations.of(album.admin_id) as dialogue:
            draft = await dialogue.broadcast()
            if await dialogue.is_awaiting_broadcast():
                title = album.title or album_title(len(album.message_ids))
                sentence = await self._desk.take(dialogue, album.chat_id, album.message_ids, title)
            elif draft is not None and draft.taken_from == album.message_ids:
                # taken in an earlier try, whose last answer was lost
                return
            else:
                sentence = texts.ALBUM_STOPPED
        if sentence is not None:
            await self._say(album, sentence)

    async def tell(self, album: Album, error: TollgateError) -> None:
        """Say that it takes longer, or that it failed."""
        await self._say(album, ALBUM_HELD if isinstance(error, StoreUnavailable) else plain(error.sentence))

    async def _say(self, album: Album, sentence: str) -> None:
        await self._bot.send_message(album.chat_id, sentence, reply_parameters=quoting(album.message_ids[0]))
