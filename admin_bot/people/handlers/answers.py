"""Typed answers about a subscriber: credits, days, the reason of a ban. A wrong one leaves the question open."""

from collections.abc import Callable
from typing import TypeVar

from aiogram import Bot, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import Message

from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.people.giving import GivingService
from admin_bot.people.handlers.bans import ban_of
from admin_bot.people.inputs import read_credits, read_pass, read_reason
from admin_bot.people.service import PeopleService
from admin_bot.screens import move_below
from admin_bot.states import PeopleAsked
from core.errors import BadInput
from views.html import esc
from views.people.callbacks import PeopleList, SubscriberButton
from views.screens import Screen

T = TypeVar("T")


async def read_answer(message: Message, read: Callable[[str], T]) -> T | None:
    """Return what was typed; None, answered with what is expected, when it is wrong."""
    try:
        return read(message.text or "")
    except BadInput as problem:
        await message.answer(esc(problem.sentence))
        return None


async def asked_by(dialogue: Dialogue) -> tuple[Question | None, SubscriberButton | None]:
    """Return the waiting question and the button that asked it."""
    question = await dialogue.question()
    return question, question.asked_by(SubscriberButton) if question else None


async def end(message: Message, bot: Bot, dialogue: Dialogue, question: Question | None, screen: Screen) -> None:
    """End the question; the next screen takes its place below the answer."""
    await dialogue.end_question()
    await move_below(bot, message.chat.id, None if question is None else question.screen_id, screen)


async def credits_answered(
    message: Message, bot: Bot, state: FSMContext, people: PeopleService, giving: GivingService
) -> None:
    dialogue = Dialogue(state)
    question, button = await asked_by(dialogue)
    amount = await read_answer(message, read_credits)
    if amount is None:
        return
    screen = None
    if button is not None:
        key = f"admin {message.chat.id} {message.message_id}"
        screen = await giving.give(dialogue, message.chat.id, button.user_id, amount, key, button.place)
    await end(message, bot, dialogue, question, screen or await _instead(people, dialogue, button))


async def days_answered(
    message: Message, bot: Bot, state: FSMContext, people: PeopleService, giving: GivingService
) -> None:
    dialogue = Dialogue(state)
    question, button = await asked_by(dialogue)
    span = await read_answer(message, read_pass)
    if span is None:
        return
    screen = None
    if button is not None:
        key = f"admin {message.chat.id} {message.message_id}"
        screen = await giving.prolong(dialogue, message.chat.id, button.user_id, span, key, button.place)
    await end(message, bot, dialogue, question, screen or await _instead(people, dialogue, button))


async def _instead(people: PeopleService, dialogue: Dialogue, button: SubscriberButton | None) -> Screen:
    """Return what is shown when the question, or the subscriber, is not there any more."""
    if button is None:
        return await people.list_screen(PeopleList())
    return await people.card(dialogue, button.user_id, button.place)


async def reason_answered(message: Message, bot: Bot, state: FSMContext, people: PeopleService) -> None:
    dialogue = Dialogue(state)
    question, button = await asked_by(dialogue)
    reason = await read_answer(message, read_reason)
    if reason is None:
        return
    if button is not None:
        await people.ban(message.chat.id, ban_of(button, reason))
    await end(message, bot, dialogue, question, await _instead(people, dialogue, button))


def build() -> Router:
    router = Router(name="admin people answers")
    router.message.register(credits_answered, StateFilter(PeopleAsked.credits))
    router.message.register(days_answered, StateFilter(PeopleAsked.days))
    router.message.register(reason_answered, StateFilter(PeopleAsked.reason))
    return router
