"""One message to one subscriber: it is sent here, shown as it will look, and then the user bot sends it."""

from aiogram import Bot, F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.people.handlers.answers import asked_by, end
from admin_bot.people.handlers.card import find_or_answer
from admin_bot.people.service import PeopleService
from admin_bot.people.stored_message import MessageKeeper
from admin_bot.screens import screen_id, toast, turn_to
from admin_bot.states import PeopleAsked
from admin_bot.storage.copier import NotStored
from database.operations import user_ops
from views.admin_texts import first_the_batch
from views.people import messages as views
from views.people.callbacks import PeopleList, SubscriberAction, SubscriberButton


async def ask(
    query: CallbackQuery, callback_data: SubscriberButton, bot: Bot, state: FSMContext, people: PeopleService
) -> None:
    dialogue = Dialogue(state)
    if await dialogue.batch_draft() is not None:
        await toast(query, first_the_batch(), alert=True)
        return
    user = await find_or_answer(query, callback_data, bot, dialogue, people)
    if user is None:
        return
    await dialogue.ask(PeopleAsked.message, Question(callback_data.pack(), screen_id(query)))
    await turn_to(query, bot, views.ask_message(user, callback_data.place, people.username))


async def answered(
    message: Message, bot: Bot, state: FSMContext, people: PeopleService, message_keeper: MessageKeeper
) -> None:
    dialogue = Dialogue(state)
    question, button = await asked_by(dialogue)
    user = None if button is None else await user_ops.find(button.user_id)
    if button is None or user is None:
        await end(message, bot, dialogue, question, await people.list_screen(PeopleList()))
        return
    stored = await message_keeper.take(message)
    if isinstance(stored, NotStored):
        await message.answer(stored.sentence)
        return
    screen = views.confirm(user, button.place, stored.message_ids[0], people.username)
    await end(message, bot, dialogue, question, screen)


async def send(
    query: CallbackQuery,
    callback_data: SubscriberButton,
    bot: Bot,
    state: FSMContext,
    people: PeopleService,
    message_keeper: MessageKeeper,
) -> None:
    dialogue, place = Dialogue(state), callback_data.place
    user = await find_or_answer(query, callback_data, bot, dialogue, people)
    if user is None:
        return
    outcome = await message_keeper.send(query.from_user.id, user, callback_data.value)
    if outcome.is_over:
        screen = await people.card(dialogue, user.user_id, place)
    else:
        # it certainly did not arrive: it can be tried again
        screen = views.confirm(user, place, callback_data.value, people.username)
    await turn_to(query, bot, screen.with_note(outcome.sentence))


async def discard(
    query: CallbackQuery,
    callback_data: SubscriberButton,
    bot: Bot,
    state: FSMContext,
    people: PeopleService,
    message_keeper: MessageKeeper,
) -> None:
    screen = await people.card(Dialogue(state), callback_data.user_id, callback_data.place)
    await turn_to(query, bot, screen.with_note(views.not_sent()))
    await message_keeper.discard(callback_data.value)


def build() -> Router:
    router = Router(name="admin people messages")
    router.callback_query.middleware(EndQuestion())
    act = SubscriberAction
    router.callback_query.register(ask, SubscriberButton.filter(F.act == act.MESSAGE))
    router.callback_query.register(send, SubscriberButton.filter(F.act == act.SEND))
    router.callback_query.register(discard, SubscriberButton.filter(F.act == act.DISCARD))
    router.message.register(answered, StateFilter(PeopleAsked.message))
    return router
