"""A subscriber's card: credits, pass, history, and telling the subscriber of it."""

from datetime import timedelta

from aiogram import Bot, F, Router
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery

from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.people.giving import GivingService
from admin_bot.people.service import PeopleService
from admin_bot.screens import screen_id, toast, turn_to, turn_to_fresh
from admin_bot.states import PeopleAsked
from core.users import User
from database.operations import user_ops
from views.admin_texts import first_the_batch
from views.people import cards as views
from views.people.callbacks import SubscriberAction, SubscriberButton
from views.screens import Screen


async def show(
    query: CallbackQuery, callback_data: SubscriberButton, bot: Bot, state: FSMContext, people: PeopleService
) -> None:
    await turn_to(query, bot, await people.card(Dialogue(state), callback_data.user_id, callback_data.place))


async def find_or_answer(
    query: CallbackQuery, button: SubscriberButton, bot: Bot, dialogue: Dialogue, people: PeopleService
) -> User | None:
    """Return the subscriber; None, and then the press is answered with what there is instead of the card."""
    user = await user_ops.find(button.user_id)
    if user is None:
        await turn_to_fresh(query, bot, await people.card(dialogue, button.user_id, button.place))
    return user


async def open_screen(
    query: CallbackQuery,
    callback_data: SubscriberButton,
    bot: Bot,
    state: FSMContext,
    people: PeopleService,
    giving: GivingService,
) -> None:
    """Open what is behind the card: credits, the pass or the history."""
    user = await find_or_answer(query, callback_data, bot, Dialogue(state), people)
    if user is None:
        return
    place = callback_data.place
    if callback_data.act is SubscriberAction.HISTORY:
        screen = await people.history(user, place)
    else:
        screen = await giving.screen(user, place, is_pass=callback_data.act is SubscriberAction.PASS)
    await turn_to(query, bot, screen)


async def change(
    query: CallbackQuery,
    callback_data: SubscriberButton,
    bot: Bot,
    state: FSMContext,
    people: PeopleService,
    giving: GivingService,
) -> None:
    """Give credits, prolong or end the pass; each press counts once, however often its update comes."""
    dialogue, admin_id, key = Dialogue(state), query.from_user.id, f"press {query.id}"
    user_id, value, place = callback_data.user_id, callback_data.value, callback_data.place
    screen: Screen | None
    if callback_data.act is SubscriberAction.END_PASS:
        screen = await giving.end_pass(dialogue, admin_id, user_id, place)
    elif callback_data.act is SubscriberAction.GIVE and value in views.CREDITS_STEPS:
        screen = await giving.give(dialogue, admin_id, user_id, value, key, place)
    elif callback_data.act is SubscriberAction.DAYS and value in views.DAYS_CHOICES:
        screen = await giving.prolong(dialogue, admin_id, user_id, timedelta(days=value), key, place)
    else:
        screen = None
    if screen is None:
        await turn_to_fresh(query, bot, await people.card(dialogue, user_id, place))
    else:
        await turn_to(query, bot, screen)


async def ask(
    query: CallbackQuery, callback_data: SubscriberButton, bot: Bot, state: FSMContext, people: PeopleService
) -> None:
    """Ask for credits or days: the next message is the answer."""
    dialogue = Dialogue(state)
    if await dialogue.batch_draft() is not None:
        await toast(query, first_the_batch(), alert=True)
        return
    user = await find_or_answer(query, callback_data, bot, dialogue, people)
    if user is None:
        return
    is_credits = callback_data.act is SubscriberAction.ASK_CREDITS
    waiting_for: State = PeopleAsked.credits if is_credits else PeopleAsked.days
    await dialogue.ask(waiting_for, Question(callback_data.pack(), screen_id(query)))
    question = views.ask_credits if is_credits else views.ask_days
    await turn_to(query, bot, question(user, callback_data.place))


async def tell(
    query: CallbackQuery,
    callback_data: SubscriberButton,
    bot: Bot,
    state: FSMContext,
    people: PeopleService,
    giving: GivingService,
) -> None:
    """Have the user bot tell the subscriber what they have now, once for each offer."""
    user = await find_or_answer(query, callback_data, bot, Dialogue(state), people)
    if user is None:
        return
    outcome = await giving.tell(query.from_user.id, user, callback_data.value)
    is_pass = callback_data.act is SubscriberAction.TELL_PASS
    screen = await giving.screen(user, callback_data.place, is_pass=is_pass)
    await turn_to(query, bot, screen.with_note(None if outcome is None else outcome.sentence))


def build() -> Router:
    router = Router(name="admin people card")
    router.callback_query.middleware(EndQuestion())
    act = SubscriberAction
    router.callback_query.register(show, SubscriberButton.filter(F.act == act.SHOW))
    opening = SubscriberButton.filter(F.act.in_({act.CREDITS, act.PASS, act.HISTORY}))
    router.callback_query.register(open_screen, opening)
    router.callback_query.register(change, SubscriberButton.filter(F.act.in_({act.GIVE, act.DAYS, act.END_PASS})))
    router.callback_query.register(ask, SubscriberButton.filter(F.act.in_({act.ASK_CREDITS, act.ASK_DAYS})))
    router.callback_query.register(tell, SubscriberButton.filter(F.act.in_({act.TELL_CREDITS, act.TELL_PASS})))
    return router
