"""Connecting a channel to publish in: Telegram's picker, its answer, another attempt after a right was given."""

from aiogram import Bot, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, ChatShared, Message, ReplyKeyboardRemove

from admin_bot.channel_connector import ChannelConnector, Connected, NotConnected, Outcome, RightsMissing
from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.publishing.drafts import PublishDraftService
from admin_bot.publishing.handlers.slots import list_of_slots
from admin_bot.publishing.lookups import Lookups
from admin_bot.screens import answer, move_below, remove_screen, screen_id, show_in_place, toast, turn_to
from admin_bot.states import PublishAsked
from core.subscriptions import Channel
from views.admin_texts import first_the_batch
from views.navigation import ConnectChannel, Section, parent
from views.publishing import result_screens as views
from views.publishing.callbacks import CheckRights, ConnectButton
from views.publishing.picker import PUBLISH_REQUEST_ID, pick_channel
from views.screens import Parent, Screen


async def is_publishing_channel(message: Message) -> bool:
    """Return whether it is the answer of the picker for a channel to publish in."""
    shared = message.chat_shared
    return isinstance(shared, ChatShared) and shared.request_id == PUBLISH_REQUEST_ID


def _back(draft_id: str) -> Parent:
    return views.connect_parent(draft_id) or parent(Section.SLOTS)


async def ask(query: CallbackQuery, callback_data: ConnectButton, bot: Bot, state: FSMContext) -> None:
    dialogue = Dialogue(state)
    if await dialogue.batch_draft() is not None:
        await toast(query, first_the_batch(), alert=True)
        return
    await dialogue.ask(PublishAsked.channel, Question(callback_data.pack(), screen_id(query)))
    await toast(query)
    # the picker needs a message of its own. It is sent first: if that fails, the pressed button is still there
    await remove_screen(bot, query.from_user.id, await dialogue.pop_picker())
    sent = await bot.send_message(query.from_user.id, views.pick_here(), reply_markup=pick_channel())
    await dialogue.keep_picker(sent.message_id)
    await show_in_place(query, bot, views.ask_channel_screen(_back(callback_data.draft)))


async def picked(
    message: Message,
    bot: Bot,
    state: FSMContext,
    channel_connector: ChannelConnector,
    publish_drafts: PublishDraftService,
    publishing_lookups: Lookups,
) -> None:
    """Take the picker's answer, also after the question has ended: the picker is still shown."""
    shared = message.chat_shared
    assert isinstance(shared, ChatShared), "checked by the filter"
    dialogue = Dialogue(state)
    question = await dialogue.question()
    asked = question.asked_by(ConnectButton) if question is not None else None
    draft_id = asked.draft if asked is not None else ""
    outcome = await channel_connector.connect(message.chat.id, shared.chat_id, shared.title)
    if isinstance(outcome, NotConnected):
        await message.answer(outcome.sentence, reply_markup=pick_channel())
        return
    if isinstance(outcome, RightsMissing):
        await answer(message, await _rights(bot, outcome, draft_id))
        return
    await message.answer(views.connected(outcome.channel.name), reply_markup=ReplyKeyboardRemove())
    old_id = question.screen_id if question is not None else None
    await _go_on(bot, dialogue, message.chat.id, outcome.channel, draft_id, old_id, publish_drafts, publishing_lookups)
    await dialogue.end_question()
    await remove_screen(bot, message.chat.id, await dialogue.pop_picker())


async def _go_on(
    bot: Bot,
    dialogue: Dialogue,
    chat_id: int,
    channel: Channel,
    draft_id: str,
    old_id: int | None,
    drafts: PublishDraftService,
    lookups: Lookups,
) -> None:
    """Show the draft the channel was connected for, with a tick at it; without one the slots of all channels."""
    draft = await dialogue.publish_draft(draft_id) if draft_id else None
    if draft is None:
        await move_below(bot, chat_id, old_id, await list_of_slots(lookups, 0))
        return
    if channel.chat_id not in draft.chat_ids:
        draft = draft.changed(chat_ids=(*draft.chat_ids, channel.chat_id))
    await drafts.present(dialogue, chat_id, draft)


async def switch_on(
    query: CallbackQuery, callback_data: ConnectChannel, bot: Bot, channel_connector: ChannelConnector
) -> None:
    """“Publish here” on a channel's card."""
    outcome = await channel_connector.connect(query.from_user.id, callback_data.chat_id)
    if isinstance(outcome, NotConnected):
        await turn_to(query, bot, Screen(outcome.sentence, (), parent(Section.CHANNELS)))
    elif isinstance(outcome, RightsMissing):
        username = (await bot.me()).username or ""
        await turn_to(query, bot, views.rights_for_switch(outcome.title, username, outcome.chat_id))
    else:
        await turn_to(query, bot, views.switched_on(outcome.channel))


async def check_again(
    query: CallbackQuery,
    callback_data: CheckRights,
    bot: Bot,
    state: FSMContext,
    channel_connector: ChannelConnector,
    publish_drafts: PublishDraftService,
    publishing_lookups: Lookups,
) -> None:
    dialogue, chat_id = Dialogue(state), query.from_user.id
    outcome: Outcome = await channel_connector.connect(chat_id, callback_data.chat_id)
    if isinstance(outcome, NotConnected):
        await turn_to(query, bot, Screen(outcome.sentence, (), _back(callback_data.draft)))
        return
    if isinstance(outcome, RightsMissing):
        await turn_to(query, bot, await _rights(bot, outcome, callback_data.draft))
        return
    assert isinstance(outcome, Connected)
    await toast(query)
    await bot.send_message(chat_id, views.connected(outcome.channel.name), reply_markup=ReplyKeyboardRemove())
    await _go_on(
        bot,
        dialogue,
        chat_id,
        outcome.channel,
        callback_data.draft,
        screen_id(query),
        publish_drafts,
        publishing_lookups,
    )
    await remove_screen(bot, chat_id, await dialogue.pop_picker())


async def _rights(bot: Bot, missing: RightsMissing, draft_id: str) -> Screen:
    username = (await bot.me()).username or ""
    return views.rights_screen(missing.title, username, missing.chat_id, draft_id, _back(draft_id))


def build() -> Router:
    router = Router(name="admin publishing channels")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(ask, ConnectButton.filter())
    router.callback_query.register(check_again, CheckRights.filter())
    router.callback_query.register(switch_on, ConnectChannel.filter())
    router.message.register(picked, is_publishing_channel)
    return router
