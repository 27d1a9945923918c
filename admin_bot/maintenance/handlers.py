"""The buttons of maintenance; for owners (`admin_bot.section_rights`)."""

from aiogram import Bot, F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.maintenance.service import MaintenanceService
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import move_below, screen_id, toast, turn_to, turn_to_fresh
from admin_bot.states import MaintenanceAsked
from core.settings.changes import Editor
from views.admin_texts import first_the_batch
from views.maintenance import screens
from views.maintenance.callbacks import (
    AskMaintenance,
    BeginMaintenance,
    EndMaintenance,
    TypeMaintenance,
    from_minutes,
)
from views.navigation import Open, Section


async def show(query: CallbackQuery, bot: Bot, maintenance: MaintenanceService) -> None:
    await turn_to(query, bot, await maintenance.screen())


async def ask(query: CallbackQuery, callback_data: AskMaintenance, bot: Bot, maintenance: MaintenanceService) -> None:
    question = maintenance.question(from_minutes(callback_data.until))
    if question is None:
        await turn_to_fresh(query, bot, await maintenance.screen())
    else:
        await turn_to(query, bot, question)


async def ask_end(query: CallbackQuery, bot: Bot, state: FSMContext) -> None:
    dialogue = Dialogue(state)
    if await dialogue.batch_draft() is not None:
        await toast(query, first_the_batch(), alert=True)
        return
    await dialogue.ask(MaintenanceAsked.end, Question(None, screen_id(query)))
    await turn_to(query, bot, screens.ask_end())


async def end_typed(message: Message, bot: Bot, state: FSMContext, maintenance: MaintenanceService) -> None:
    dialogue = Dialogue(state)
    asked, screen = await dialogue.question(), maintenance.typed(message.text or "")
    if screen is None:
        await message.answer(screens.end_expected())
        return
    await dialogue.end_question()
    await move_below(bot, message.chat.id, None if asked is None else asked.screen_id, screen)


async def begin(
    query: CallbackQuery, callback_data: BeginMaintenance, bot: Bot, maintenance: MaintenanceService
) -> None:
    until = from_minutes(callback_data.until)
    if maintenance.question(until) is None:
        await turn_to_fresh(query, bot, await maintenance.screen())
        return
    await maintenance.set_end(_editor(query), until)
    await turn_to(query, bot, await maintenance.screen())


async def end(query: CallbackQuery, bot: Bot, maintenance: MaintenanceService) -> None:
    is_ended = await maintenance.set_end(_editor(query), None)
    await turn_to(query, bot, await maintenance.screen(screens.ended() if is_ended else None))


def _editor(query: CallbackQuery) -> Editor:
    return Editor(query.from_user.id, query.from_user.first_name)


def build() -> Router:
    router = Router(name="admin maintenance")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(show, Open.filter(F.section == Section.MAINTENANCE))
    router.callback_query.register(ask, AskMaintenance.filter())
    router.callback_query.register(ask_end, TypeMaintenance.filter())
    router.message.register(end_typed, StateFilter(MaintenanceAsked.end))
    router.callback_query.register(begin, BeginMaintenance.filter())
    router.callback_query.register(end, EndMaintenance.filter())
    return router
