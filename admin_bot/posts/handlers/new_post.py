"""Every message that can be copied becomes a post; albums become one post."""

from aiogram import Router
from aiogram.types import Message

from admin_bot.content import kind_of, post_item, title_of, written_title
from admin_bot.filters import is_copyable, is_of_album, is_refused
from admin_bot.posts.service import PostService
from admin_bot.screens import reply_to
from admin_bot.storage.albums import AlbumCollector, AlbumItem, ItemOutcome
from views.storage.content_texts import cannot_store, late_message


async def take_album_item(message: Message, albums: AlbumCollector) -> None:
    item = AlbumItem(
        admin_id=message.chat.id,
        chat_id=message.chat.id,
        group_id=str(message.media_group_id),
        message_id=message.message_id,
        title=written_title(message),
        content=post_item(message),
    )
    if albums.add(item) is ItemOutcome.LATE:
        await message.answer(late_message(), reply_parameters=reply_to(message.message_id))


async def post_message(message: Message, post_service: PostService) -> None:
    contents = [post_item(message)]
    await post_service.post(message.chat.id, message.chat.id, [message.message_id], title_of(message), contents)


async def refuse(message: Message) -> None:
    await message.answer(cannot_store(kind_of(message)), reply_parameters=reply_to(message.message_id))


def build() -> Router:
    router = Router(name="admin posting")
    router.message.register(take_album_item, is_copyable, is_of_album)
    router.message.register(post_message, is_copyable)
    router.message.register(refuse, is_refused)
    return router
