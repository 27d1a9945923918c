"""/broadcast: asks for the message to broadcast and takes it, an album as a whole."""

from zoneinfo import ZoneInfo

from aiogram import Router
from aiogram.filters import CommandObject, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import Message

from admin_bot.broadcasts.handlers.progress import show_list
from admin_bot.broadcasts.service import BroadcastService
from admin_bot.content import kind_of, title_of, written_title
from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.filters import is_copyable, is_of_album, is_refused
from admin_bot.screens import reply_to
from admin_bot.states import Composing
from admin_bot.storage.albums import AlbumCollector, AlbumItem, ItemOutcome
from admin_bot.storage.channel import StorageChannel
from core.clock import Clock
from database.operations import broadcast_ops
from views.admin_texts import FIRST_THE_BATCH
from views.broadcasts import compose_texts as texts
from views.storage.content_texts import LATE_MESSAGE, cannot_store
from views.storage.texts import NO_STORAGE


async def broadcast_command(
    message: Message,
    command: CommandObject,
    state: FSMContext,
    storage_channel: StorageChannel,
    broadcasts: BroadcastService,
    clock: Clock,
    zone: ZoneInfo,
) -> None:
    """Handle /broadcast and /broadcast list."""
    typed = (command.args or "").strip()
    if typed.lower() == "list":
        await show_list(message, clock, zone)
        return
    if typed:
        await message.answer(texts.NOT_AFTER_COMMAND)
    await _begin(message, Dialogue(state), storage_channel, broadcasts)


async def _begin(
    message: Message, dialogue: Dialogue, storage_channel: StorageChannel, broadcasts: BroadcastService
) -> None:
    """Ask for the message, or show the open draft."""
    if await storage_channel.find() is None:
        await message.answer(NO_STORAGE)
        return
    if await dialogue.batch_draft() is not None:
        await message.answer(FIRST_THE_BATCH)
        return
    draft = await dialogue.broadcast_draft()
    if draft is not None and await broadcast_ops.find_by_key(draft.id) is not None:
        await dialogue.close_broadcast_draft()
        draft = None
    if draft is not None:
        await broadcasts.present(dialogue, message.chat.id, draft)
        return
    await dialogue.ask(Composing.message, Question(None, None))
    await message.answer(texts.ASK_MESSAGE)


async def take_album_item(message: Message, albums: AlbumCollector, broadcast_albums: AlbumCollector) -> None:
    group_id = str(message.media_group_id)
    item = AlbumItem(message.chat.id, message.chat.id, group_id, message.message_id, written_title(message))
    if broadcast_albums.add(item) is ItemOutcome.LATE:
        await message.answer(LATE_MESSAGE, reply_parameters=reply_to(message.message_id))
    # its messages that arrive after the question has ended must not become a post
    albums.close_group(message.chat.id, group_id, frozenset({message.message_id}))


async def take_message(message: Message, state: FSMContext, broadcasts: BroadcastService) -> None:
    sentence = await broadcasts.take(Dialogue(state), message.chat.id, [message.message_id], title_of(message))
    if sentence is not None:
        await message.answer(sentence, reply_parameters=reply_to(message.message_id))


async def refuse(message: Message) -> None:
    sentence = cannot_store(kind_of(message), "broadcast")
    await message.answer(sentence, reply_parameters=reply_to(message.message_id))


def build() -> Router:
    router = Router(name="admin broadcast message")
    waiting = StateFilter(Composing.message)
    router.message.register(take_album_item, waiting, is_copyable, is_of_album)
    router.message.register(take_message, waiting, is_copyable)
    router.message.register(refuse, waiting, is_refused)
    return router
