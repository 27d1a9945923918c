"""Complete albums that were sent for a broadcast; they arrive outside of handlers."""

from aiogram import Bot

from admin_bot.broadcasts.service import BroadcastService
from admin_bot.conversation.dialogue import Conversations
from admin_bot.screens import reply_to
from admin_bot.storage.albums import Album
from core.broadcasts import MESSAGES_MAX
from core.errors import BadInput, StoreUnavailable, TollgateError
from views.broadcasts import compose_texts as texts
from views.html import esc
from views.storage.content_texts import album_held, album_title


class BroadcastAlbums:
    """Receives albums for broadcasts, under the conversation's lock like an update."""

    def __init__(self, bot: Bot, broadcasts: BroadcastService, conversations: Conversations) -> None:
        self._bot = bot
        self._broadcasts = broadcasts
        self._conversations = conversations

    async def receive(self, album: Album) -> None:
        """Make it the broadcast's message if the conversation still waits for one.

        Raises StoreUnavailable; then it may be repeated.
        """
        if len(album.message_ids) > MESSAGES_MAX:
            raise BadInput(texts.too_many())
        async with self._conversations.of(album.admin_id) as dialogue:
            draft = await dialogue.broadcast_draft()
            if await dialogue.is_awaiting_broadcast():
                title = album.title or album_title(len(album.message_ids))
                sentence = await self._broadcasts.take(dialogue, album.chat_id, album.message_ids, title)
            elif draft is not None and draft.taken_from == album.message_ids:
                # taken by an earlier attempt whose last answer was lost
                return
            else:
                sentence = texts.album_stopped()
        if sentence is not None:
            await self._reply(album, sentence)

    async def notify(self, album: Album, error: TollgateError) -> None:
        """Reply to the album that it takes longer (StoreUnavailable) or that it failed."""
        await self._reply(album, album_held() if isinstance(error, StoreUnavailable) else esc(error.sentence))

    async def _reply(self, album: Album, sentence: str) -> None:
        await self._bot.send_message(album.chat_id, sentence, reply_parameters=reply_to(album.message_ids[0]))
