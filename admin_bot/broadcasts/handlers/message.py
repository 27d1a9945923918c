"""/broadcast: asks for the message to broadcast and takes it, an album as a whole."""

from aiogram import Bot, Router
from aiogram.filters import CommandObject, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from admin_bot.broadcasts.handlers.progress import show_list
from admin_bot.broadcasts.service import BroadcastService
from admin_bot.content import kind_of, title_of, written_title
from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.filters import is_copyable, is_of_album, is_refused
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import reply_to, screen_id, toast, turn_to
from admin_bot.states import Composing
from admin_bot.storage.albums import AlbumCollector, AlbumItem, ItemOutcome
from admin_bot.storage.channel import StorageChannel
from database.operations import broadcast_ops
from views.admin_texts import first_the_batch
from views.broadcasts import compose_texts as texts
from views.broadcasts.progress_callbacks import NewBroadcast
from views.storage.content_texts import cannot_broadcast, late_message
from views.storage.texts import no_storage


async def broadcast_command(
    message: Message,
    command: CommandObject,
    state: FSMContext,
    storage_channel: StorageChannel,
    broadcasts: BroadcastService,
) -> None:
    """Handle /broadcast and /broadcast list."""
    typed = (command.args or "").strip()
    if typed.lower() == "list":
        await show_list(message)
        return
    if typed:
        await message.answer(texts.not_after_command())
    dialogue = Dialogue(state)
    obstacle = await _obstacle(dialogue, storage_channel)
    if obstacle is not None:
        await message.answer(obstacle)
    elif not await _present_open_draft(dialogue, message.chat.id, broadcasts):
        await dialogue.ask(Composing.message, Question(None, None))
        await message.answer(texts.ask_message_text())


async def new_broadcast(
    query: CallbackQuery, bot: Bot, state: FSMContext, storage_channel: StorageChannel, broadcasts: BroadcastService
) -> None:
    """Ask for the message in place of the list; an open draft is shown instead."""
    dialogue = Dialogue(state)
    obstacle = await _obstacle(dialogue, storage_channel)
    if obstacle is not None:
        await toast(query, obstacle, alert=True)
    elif await _present_open_draft(dialogue, query.from_user.id, broadcasts):
        await toast(query)
    else:
        await dialogue.ask(Composing.message, Question(None, screen_id(query)))
        await turn_to(query, bot, texts.ask_message())


async def _obstacle(dialogue: Dialogue, storage_channel: StorageChannel) -> str | None:
    """Return why no broadcast can be begun now; None if one can."""
    if await storage_channel.find() is None:
        return no_storage()
    return first_the_batch() if await dialogue.batch_draft() is not None else None


async def _present_open_draft(dialogue: Dialogue, chat_id: int, broadcasts: BroadcastService) -> bool:
    """Show the open draft; False if there is none. One whose broadcast exists is closed."""
    draft = await dialogue.broadcast_draft()
    if draft is not None and await broadcast_ops.find_by_key(draft.id) is not None:
        await dialogue.close_broadcast_draft()
        draft = None
    if draft is None:
        return False
    await broadcasts.present(dialogue, chat_id, draft)
    return True


async def take_album_item(message: Message, albums: AlbumCollector, broadcast_albums: AlbumCollector) -> None:
    group_id = str(message.media_group_id)
    item = AlbumItem(message.chat.id, message.chat.id, group_id, message.message_id, written_title(message))
    if broadcast_albums.add(item) is ItemOutcome.LATE:
        await message.answer(late_message(), reply_parameters=reply_to(message.message_id))
    # its messages that arrive after the question has ended must not become a post
    albums.close_group(message.chat.id, group_id, frozenset({message.message_id}))


async def take_message(message: Message, state: FSMContext, broadcasts: BroadcastService) -> None:
    sentence = await broadcasts.take(Dialogue(state), message.chat.id, [message.message_id], title_of(message))
    if sentence is not None:
        await message.answer(sentence, reply_parameters=reply_to(message.message_id))


async def refuse(message: Message) -> None:
    sentence = cannot_broadcast(kind_of(message))
    await message.answer(sentence, reply_parameters=reply_to(message.message_id))


def build() -> Router:
    router = Router(name="admin broadcast message")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(new_broadcast, NewBroadcast.filter())
    waiting = StateFilter(Composing.message)
    router.message.register(take_album_item, waiting, is_copyable, is_of_album)
    router.message.register(take_message, waiting, is_copyable)
    router.message.register(refuse, waiting, is_refused)
    return router
