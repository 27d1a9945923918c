"""Gift links: choosing what they give, making, handing on and cancelling them."""

from aiogram import Bot, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.people.gifts import GiftService
from admin_bot.people.handlers.answers import end, read_answer
from admin_bot.people.inputs import read_gift
from admin_bot.screens import screen_id, toast, turn_to, turn_to_fresh
from admin_bot.states import PeopleAsked
from core.gifts.records import GIFT_HOURS, GiftTerms
from core.ids import is_code
from views.admin_texts import first_the_batch
from views.people import gifts as views
from views.people.callbacks import CancelGift, GiftAction, GiftButton, OpenGift, OpenGifts, ShowGift


async def begin(query: CallbackQuery, bot: Bot, gifts: GiftService) -> None:
    await turn_to(query, bot, gifts.begin())


def is_offered(button: GiftButton) -> bool:
    """Return whether the terms can be those of a link: credits or days, and one of the two times."""
    terms = button.terms
    return is_code(button.code) and bool(terms.credits) != bool(terms.days) and terms.hours in GIFT_HOURS


async def choose(
    query: CallbackQuery, callback_data: GiftButton, bot: Bot, state: FSMContext, gifts: GiftService
) -> None:
    """Show the terms as the button has them, ask for another amount, or make the link."""
    if not is_offered(callback_data):
        await turn_to_fresh(query, bot, gifts.begin())
        return
    terms, code = callback_data.terms, callback_data.code
    if callback_data.act is GiftAction.TERMS:
        await turn_to(query, bot, views.terms_screen(terms, code))
    elif callback_data.act is GiftAction.MAKE:
        made = await gifts.make(query.from_user.id, terms, code)
        await turn_to(query, bot, made or gifts.begin())
    elif await Dialogue(state).batch_draft() is not None:
        await toast(query, first_the_batch(), alert=True)
    else:
        await Dialogue(state).ask(PeopleAsked.gift, Question(callback_data.pack(), screen_id(query)))
        await turn_to(query, bot, views.ask_amount(terms, code))


async def amount_answered(message: Message, bot: Bot, state: FSMContext, gifts: GiftService) -> None:
    dialogue = Dialogue(state)
    question = await dialogue.question()
    button = question.asked_by(GiftButton) if question else None
    amount = await read_answer(message, read_gift)
    if amount is None:
        return
    screen = gifts.begin()
    if button is not None:
        terms = GiftTerms(*amount, button.is_for_one, button.hours)
        screen = views.terms_screen(terms, button.code)
    await end(message, bot, dialogue, question, screen)


async def show_open(query: CallbackQuery, callback_data: OpenGifts, bot: Bot, gifts: GiftService) -> None:
    await turn_to(query, bot, await gifts.open_links(callback_data.page))


async def show(query: CallbackQuery, callback_data: ShowGift, bot: Bot, gifts: GiftService) -> None:
    screen = await gifts.screen(callback_data.code)
    if screen is None:
        await turn_to(query, bot, await gifts.open_links(0), views.old_gift())
    else:
        await turn_to(query, bot, screen)


async def cancel(query: CallbackQuery, callback_data: CancelGift, bot: Bot, gifts: GiftService) -> None:
    screen = await gifts.cancel(query.from_user.id, callback_data.code)
    if screen is None:
        await toast(query, views.old_gift(), alert=True)
    else:
        await turn_to(query, bot, screen)


def build() -> Router:
    router = Router(name="admin people gifts")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(begin, OpenGift.filter())
    router.callback_query.register(choose, GiftButton.filter())
    router.callback_query.register(show_open, OpenGifts.filter())
    router.callback_query.register(show, ShowGift.filter())
    router.callback_query.register(cancel, CancelGift.filter())
    router.message.register(amount_answered, StateFilter(PeopleAsked.gift))
    return router
