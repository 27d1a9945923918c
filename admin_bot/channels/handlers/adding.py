"""Adding a channel: the question, its answer from Telegram's chat picker or as a forwarded post, another attempt."""

from aiogram import Bot, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import (
    CallbackQuery,
    ChatShared,
    Message,
    MessageOriginChannel,
    MessageOriginHiddenUser,
    MessageOriginUser,
    ReplyKeyboardRemove,
)

from admin_bot.channels.adding import Added, Candidate, ChannelAdder, NotAdded, Outcome, RightsMissing
from admin_bot.channels.service import ChannelService
from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.filters import is_no_shared_chat
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import answer, remove_screen, screen_id, show_in_place, toast
from admin_bot.seen_keys import SeenKeys
from admin_bot.states import Asked
from views.admin_texts import first_the_batch
from views.channels import keyboards, texts
from views.channels.callbacks import AddChannel, AskChannel
from views.channels.keyboards import CHANNEL_REQUEST_ID, GROUP_REQUEST_ID
from views.navigation import Section, parent
from views.screens import Screen


async def is_shared_channel(message: Message) -> bool:
    """Return whether it is the answer of a picker for channels to join."""
    shared = message.chat_shared
    return isinstance(shared, ChatShared) and shared.request_id in (CHANNEL_REQUEST_ID, GROUP_REQUEST_ID)


async def is_of_answer_album(message: Message, answer_albums: SeenKeys) -> bool:
    """Return whether it is another message of an album whose first message was an answer."""
    return message.media_group_id is not None and (message.chat.id, message.media_group_id) in answer_albums


async def ask(query: CallbackQuery, callback_data: AskChannel, bot: Bot, state: FSMContext) -> None:
    dialogue = Dialogue(state)
    if await dialogue.batch_draft() is not None:
        await toast(query, first_the_batch(), alert=True)
        return
    await dialogue.ask(Asked.channel, Question(None, screen_id(query)))
    await toast(query)
    # the picker needs a message of its own. It is sent first: if that fails, the pressed button is still there
    await remove_screen(bot, query.from_user.id, await dialogue.pop_picker())
    picker, is_group = keyboards.pick_channel(is_group=callback_data.is_group), callback_data.is_group
    sent = await bot.send_message(query.from_user.id, texts.pick_here(is_group=is_group), reply_markup=picker)
    await dialogue.keep_picker(sent.message_id)
    await show_in_place(query, bot, Screen(texts.ask_channel(), (), parent(Section.CHANNELS)))


async def picked(
    message: Message,
    bot: Bot,
    state: FSMContext,
    channel_adder: ChannelAdder,
    channels: ChannelService,
    user_bot_username: str,
) -> None:
    """Take the picker's answer, also after the question has ended: the picker is still shown."""
    shared = message.chat_shared
    assert isinstance(shared, ChatShared), "checked by the filter"
    candidate = Candidate(shared.chat_id, shared.title, shared.request_id == GROUP_REQUEST_ID)
    outcome = await channel_adder.add(message.chat.id, candidate)
    await _answer(message, bot, Dialogue(state), outcome, channels, user_bot_username, is_group=candidate.is_group)


async def forwarded(
    message: Message,
    bot: Bot,
    state: FSMContext,
    channel_adder: ChannelAdder,
    channels: ChannelService,
    user_bot_username: str,
    answer_albums: SeenKeys,
) -> None:
    origin = message.forward_origin
    if not isinstance(origin, MessageOriginChannel):
        _remember_album(message, answer_albums)
        is_persons = isinstance(origin, MessageOriginUser | MessageOriginHiddenUser)
        await message.answer(texts.person_forwarded() if is_persons else texts.channel_expected())
        return
    outcome = await channel_adder.add(message.chat.id, Candidate(origin.chat.id, origin.chat.title))
    _remember_album(message, answer_albums)
    await _answer(message, bot, Dialogue(state), outcome, channels, user_bot_username)


def _remember_album(message: Message, answer_albums: SeenKeys) -> None:
    """Remember the album: its other messages are neither answers nor posts."""
    if message.media_group_id is not None:
        answer_albums.add((message.chat.id, message.media_group_id))


async def ignore(message: Message) -> None:
    """Another message of an album that was an answer."""


async def _answer(
    message: Message,
    bot: Bot,
    dialogue: Dialogue,
    outcome: Outcome,
    channels: ChannelService,
    user_bot_username: str,
    *,
    is_group: bool = False,
) -> None:
    """Answer with the outcome. The question ends after the channel's screen was sent: until then it may be repeated."""
    if isinstance(outcome, NotAdded):
        await message.answer(outcome.sentence, reply_markup=keyboards.pick_channel(is_group=is_group))
        return
    if isinstance(outcome, RightsMissing):
        await answer(message, _rights_screen(outcome, user_bot_username))
        return
    await message.answer(_added(outcome), reply_markup=ReplyKeyboardRemove())
    await answer(message, await channels.screen(outcome.channel))
    question = await dialogue.question()
    await dialogue.end_question()
    await remove_screen(bot, message.chat.id, await dialogue.pop_picker())
    await remove_screen(bot, message.chat.id, question.screen_id if question else None)


async def try_again(
    query: CallbackQuery,
    callback_data: AddChannel,
    bot: Bot,
    state: FSMContext,
    channel_adder: ChannelAdder,
    channels: ChannelService,
    user_bot_username: str,
) -> None:
    chat_id = query.from_user.id
    outcome = await channel_adder.add(chat_id, Candidate(callback_data.chat_id, is_group=callback_data.is_group))
    await toast(query)
    if isinstance(outcome, NotAdded):
        await show_in_place(query, bot, Screen(outcome.sentence, (), parent(Section.CHANNELS)))
    elif isinstance(outcome, RightsMissing):
        await show_in_place(query, bot, _rights_screen(outcome, user_bot_username))
    else:
        await show_in_place(query, bot, await channels.screen(outcome.channel))
        await remove_screen(bot, chat_id, await Dialogue(state).pop_picker())
        await bot.send_message(chat_id, _added(outcome), reply_markup=ReplyKeyboardRemove())


def _rights_screen(outcome: RightsMissing, username: str) -> Screen:
    candidate, lacks = outcome.candidate, outcome.lacks
    rows = keyboards.lacking_to_add(candidate.chat_id, username, lacks, is_group=candidate.is_group)
    return texts.lacking(candidate.title, username, lacks, rows, parent(Section.CHANNELS))


def _added(outcome: Added) -> str:
    return texts.added(outcome.channel) if outcome.is_new else texts.already_there(outcome.channel)


def build() -> Router:
    router = Router(name="admin channel adding")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(ask, AskChannel.filter())
    router.callback_query.register(try_again, AddChannel.filter())
    router.message.register(picked, is_shared_channel)
    router.message.register(ignore, is_of_answer_album)
    # the answer of another picker belongs to the handler that showed it
    router.message.register(forwarded, StateFilter(Asked.channel), is_no_shared_chat)
    return router
