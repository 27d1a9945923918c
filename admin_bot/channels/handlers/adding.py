"""Adding a channel: asked for, picked with Telegram's own picker or told by a forwarded post, tried again."""

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

from admin_bot.channels.adding import Added, ChannelAdder, Lacking, NotAdded, Outcome, Wanted
from admin_bot.channels.service import ChannelService, Screen
from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.filters import is_no_shared_chat, is_of_taken_album, is_shared_channel
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.once import SeenKeys
from admin_bot.screens import drop, screen_id, show_under, toast
from admin_bot.states import Asked
from views.channels import keyboards, texts
from views.channels.callbacks import AddChannel, AskChannel
from views.posts.batch_texts import FIRST_THE_BATCH


async def ask(query: CallbackQuery, bot: Bot, state: FSMContext) -> None:
    dialogue = Dialogue(state)
    if await dialogue.draft() is not None:
        await toast(query, FIRST_THE_BATCH, alert=True)
        return
    await dialogue.ask(Asked.channel, Question(None, screen_id(query)))
    await toast(query)
    # the picker needs a message of its own, which comes first: should it fail, the pressed button is still there
    await drop(bot, query.from_user.id, await dialogue.take_picker())
    sent = await bot.send_message(query.from_user.id, texts.PICK_HERE, reply_markup=keyboards.pick_channel())
    await dialogue.keep_picker(sent.message_id)
    await show_under(query, bot, texts.ASK_CHANNEL, keyboards.back_to_list())


async def picked(
    message: Message, bot: Bot, state: FSMContext, adder: ChannelAdder, channels: ChannelService, user_bot_username: str
) -> None:
    """The picker's answer; it counts also when the question has ended meanwhile: the picker is still there."""
    shared = message.chat_shared
    assert isinstance(shared, ChatShared), "the filter lets nothing else in"
    wanted = Wanted(shared.chat_id, shared.title, shared.request_id == keyboards.GROUP_REQUEST_ID)
    outcome = await adder.add(message.chat.id, wanted)
    await _answer(message, bot, Dialogue(state), outcome, channels, user_bot_username)


async def forwarded(
    message: Message,
    bot: Bot,
    state: FSMContext,
    adder: ChannelAdder,
    channels: ChannelService,
    user_bot_username: str,
    taken_albums: SeenKeys,
) -> None:
    origin = message.forward_origin
    if not isinstance(origin, MessageOriginChannel):
        _take_album(message, taken_albums)
        is_persons = isinstance(origin, MessageOriginUser | MessageOriginHiddenUser)
        await message.answer(texts.PERSON_FORWARDED if is_persons else texts.CHANNEL_EXPECTED)
        return
    outcome = await adder.add(message.chat.id, Wanted(origin.chat.id, origin.chat.title))
    _take_album(message, taken_albums)
    await _answer(message, bot, Dialogue(state), outcome, channels, user_bot_username)


def _take_album(message: Message, taken_albums: SeenKeys) -> None:
    """The rest of the album is neither another answer nor a post."""
    if message.media_group_id is not None:
        taken_albums.add((message.chat.id, message.media_group_id))


async def pass_over(message: Message) -> None:
    """More of an album that was an answer."""


async def _answer(
    message: Message, bot: Bot, dialogue: Dialogue, outcome: Outcome, channels: ChannelService, user_bot_username: str
) -> None:
    """Say what came of it. The question ends with the channel's screen on show: until then it may be answered again."""
    if isinstance(outcome, NotAdded):
        await message.answer(outcome.sentence, reply_markup=keyboards.pick_channel())
        return
    if isinstance(outcome, Lacking):
        html, keyboard = _lacking(outcome, user_bot_username)
        await message.answer(html, reply_markup=keyboard)
        return
    await message.answer(_added(outcome), reply_markup=ReplyKeyboardRemove())
    html, keyboard = await channels.screen(outcome.channel)
    await message.answer(html, reply_markup=keyboard)
    question = await dialogue.question()
    await dialogue.end_question()
    await drop(bot, message.chat.id, await dialogue.take_picker())
    await drop(bot, message.chat.id, question.screen_id if question else None)


async def try_again(
    query: CallbackQuery,
    callback_data: AddChannel,
    bot: Bot,
    state: FSMContext,
    adder: ChannelAdder,
    channels: ChannelService,
    user_bot_username: str,
) -> None:
    chat_id = query.from_user.id
    outcome = await adder.add(chat_id, Wanted(callback_data.chat_id, is_group=callback_data.is_group))
    await toast(query)
    if isinstance(outcome, NotAdded):
        await show_under(query, bot, outcome.sentence, keyboards.back_to_list())
    elif isinstance(outcome, Lacking):
        await show_under(query, bot, *_lacking(outcome, user_bot_username))
    else:
        await show_under(query, bot, *await channels.screen(outcome.channel))
        await drop(bot, chat_id, await Dialogue(state).take_picker())
        await bot.send_message(chat_id, _added(outcome), reply_markup=ReplyKeyboardRemove())


def _lacking(outcome: Lacking, username: str) -> Screen:
    wanted, lacks = outcome.wanted, outcome.lacks
    keyboard = keyboards.lacking_to_add(wanted.chat_id, username, lacks, is_group=wanted.is_group)
    return texts.lacking(wanted.title, username, lacks), keyboard


def _added(outcome: Added) -> str:
    return texts.added(outcome.channel) if outcome.is_new else texts.already_there(outcome.channel)


def build() -> Router:
    router = Router(name="admin channel adding")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(ask, AskChannel.filter())
    router.callback_query.register(try_again, AddChannel.filter())
    router.message.register(picked, is_shared_channel)
    router.message.register(pass_over, is_of_taken_album)
    # another picker's answer is for whoever showed that picker
    router.message.register(forwarded, StateFilter(Asked.channel), is_no_shared_chat)
    return router
