"""Import of subscribers; for owners (`admin_bot.section_rights`)."""

from aiogram import Bot, F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.filters import is_no_shared_chat
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import move_below, pressed_message, screen_id, toast, turn_to
from admin_bot.states import ImportAsked
from admin_bot.system.imports import ImportService
from views.admin_texts import first_the_batch
from views.navigation import Open, Section
from views.screens import Screen
from views.system import import_screens as views
from views.system.exchange_callbacks import ImportAction, ImportButton


async def open_section(query: CallbackQuery, bot: Bot, state: FSMContext, imports: ImportService) -> None:
    await _show(query, bot, state, imports, await imports.screen())


async def ask(query: CallbackQuery, bot: Bot, state: FSMContext, imports: ImportService) -> None:
    await _show(query, bot, state, imports, None)


async def _show(
    query: CallbackQuery, bot: Bot, state: FSMContext, imports: ImportService, screen: Screen | None
) -> None:
    """Show a screen, or ask for a file."""
    if screen is None:
        dialogue = Dialogue(state)
        if await dialogue.batch_draft() is not None:
            await toast(query, first_the_batch(), alert=True)
            return
        await dialogue.ask(ImportAsked.file, Question(ImportButton(act=ImportAction.ASK).pack(), screen_id(query)))
        screen = await imports.question()
    await turn_to(query, bot, screen)


async def sent(message: Message, bot: Bot, state: FSMContext, imports: ImportService) -> None:
    document = message.document
    # of several files in one message each comes by itself
    if document is None or message.media_group_id is not None:
        await message.answer(views.expected())
        return
    problem = imports.find_problem(document)
    if problem is not None:
        await message.answer(problem)
        return
    dialogue = Dialogue(state)
    question = await dialogue.question()
    await dialogue.end_question()
    shown_by = question.screen_id if question is not None else None
    ref = await move_below(bot, message.chat.id, shown_by, views.reading(document.file_name or ""))
    imports.read(document, ref)


async def begin(
    query: CallbackQuery, callback_data: ImportButton, bot: Bot, state: FSMContext, imports: ImportService
) -> None:
    screen = await imports.begin(callback_data.key, pressed_message(query))
    await _show(query, bot, state, imports, screen)
    imports.worker.wake()


async def of_this_bot(
    query: CallbackQuery, callback_data: ImportButton, bot: Bot, state: FSMContext, imports: ImportService
) -> None:
    await _show(query, bot, state, imports, await imports.set_bot(callback_data.key, is_of_this_bot=True))


async def of_other_bot(
    query: CallbackQuery, callback_data: ImportButton, bot: Bot, state: FSMContext, imports: ImportService
) -> None:
    await _show(query, bot, state, imports, await imports.set_bot(callback_data.key, is_of_this_bot=False))


def build() -> Router:
    router = Router(name="admin import")
    router.callback_query.middleware(EndQuestion())
    act = ImportAction
    router.message.register(sent, StateFilter(ImportAsked.file), is_no_shared_chat)
    router.callback_query.register(open_section, Open.filter(F.section == Section.IMPORT))
    router.callback_query.register(ask, ImportButton.filter(F.act == act.ASK))
    router.callback_query.register(begin, ImportButton.filter(F.act == act.START))
    router.callback_query.register(of_this_bot, ImportButton.filter(F.act == act.OF_THIS_BOT))
    router.callback_query.register(of_other_bot, ImportButton.filter(F.act == act.OF_OTHER_BOT))
    return router
