"""Old links; for owners (`admin_bot.section_rights`)."""

from aiogram import Bot, F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, ChatShared, Message, ReplyKeyboardRemove

from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.filters import has_text, is_no_shared_chat
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import answer, move_below, remove_screen, screen_id, toast, turn_to
from admin_bot.states import OldLinksAsked
from admin_bot.system.old_links import OldLinkService, Refused
from core.settings.changes import Editor
from views.admin_texts import first_the_batch
from views.navigation import Open, Section
from views.system import old_links_screen as views
from views.system.exchange_callbacks import OldLinks, OldLinksAction


async def show(query: CallbackQuery, bot: Bot, old_links: OldLinkService) -> None:
    await turn_to(query, bot, await old_links.screen())


async def choose(query: CallbackQuery, bot: Bot, state: FSMContext) -> None:
    dialogue = Dialogue(state)
    if await dialogue.batch_draft() is not None:
        await toast(query, first_the_batch(), alert=True)
        return
    await toast(query)
    # the picker needs a message of its own
    sent = await bot.send_message(query.from_user.id, views.ask_channel(), reply_markup=views.pick())
    await remove_screen(bot, query.from_user.id, await dialogue.pop_picker())
    await dialogue.keep_picker(sent.message_id)


async def is_picked(message: Message) -> bool:
    """Return whether it is the answer of this subject's picker."""
    shared = message.chat_shared
    return isinstance(shared, ChatShared) and shared.request_id == views.OLD_CHANNEL_REQUEST_ID


async def picked(message: Message, bot: Bot, state: FSMContext, old_links: OldLinkService) -> None:
    shared = message.chat_shared
    assert isinstance(shared, ChatShared), "checked by the filter"
    problem = await old_links.check(shared.chat_id)
    if isinstance(problem, Refused):
        await message.answer(problem.sentence, reply_markup=views.pick())
        return
    if problem is not None:
        await answer(message, problem)
        return
    dialogue = Dialogue(state)
    await message.answer(views.channel_is_fine(), reply_markup=ReplyKeyboardRemove())
    sent = await answer(message, await old_links.ask_link(shared.chat_id))
    await dialogue.ask(OldLinksAsked.link, _question(shared.chat_id, sent.message_id))
    await remove_screen(bot, message.chat.id, await dialogue.pop_picker())


async def check_again(
    query: CallbackQuery, callback_data: OldLinks, bot: Bot, state: FSMContext, old_links: OldLinkService
) -> None:
    problem = await old_links.check(callback_data.chat_id)
    if isinstance(problem, Refused):
        await turn_to(query, bot, (await old_links.screen()).with_note(problem.sentence))
    elif problem is not None:
        await turn_to(query, bot, problem)
    elif await Dialogue(state).batch_draft() is not None:
        await toast(query, first_the_batch(), alert=True)
    else:
        await Dialogue(state).ask(OldLinksAsked.link, _question(callback_data.chat_id, screen_id(query)))
        await turn_to(query, bot, await old_links.ask_link(callback_data.chat_id))


async def link_sent(message: Message, bot: Bot, state: FSMContext, old_links: OldLinkService) -> None:
    dialogue = Dialogue(state)
    question = await dialogue.question()
    asked = question.asked_by(OldLinks) if question else None
    if question is None or asked is None:
        await dialogue.end_question()
        await answer(message, await old_links.screen())
        return
    outcome = await old_links.tried(message.text or "", asked.chat_id)
    if isinstance(outcome, Refused):
        await message.answer(outcome.sentence)
        return
    await dialogue.end_question()
    await move_below(bot, message.chat.id, question.screen_id, outcome)


async def turn_on(query: CallbackQuery, callback_data: OldLinks, bot: Bot, old_links: OldLinkService) -> None:
    """Rights may have changed since the question, and buttons can be forged: the channel is checked again."""
    problem = await old_links.check(callback_data.chat_id)
    if isinstance(problem, Refused):
        await turn_to(query, bot, (await old_links.screen()).with_note(problem.sentence))
    elif problem is not None:
        await turn_to(query, bot, problem)
    else:
        said = await old_links.turn(_editor(query), callback_data.chat_id)
        await turn_to(query, bot, await old_links.screen(said))


async def turn_off(query: CallbackQuery, bot: Bot, old_links: OldLinkService) -> None:
    said = await old_links.turn(_editor(query), None)
    await turn_to(query, bot, await old_links.screen(said))


def _question(chat_id: int, shown_by: int | None) -> Question:
    return Question(OldLinks(act=OldLinksAction.CHECK, chat_id=chat_id).pack(), shown_by)


def _editor(query: CallbackQuery) -> Editor:
    return Editor(query.from_user.id, query.from_user.first_name)


def build() -> Router:
    router = Router(name="admin old links")
    router.callback_query.middleware(EndQuestion())
    router.message.register(picked, is_picked)
    router.message.register(link_sent, StateFilter(OldLinksAsked.link), has_text, is_no_shared_chat)
    router.callback_query.register(show, Open.filter(F.section == Section.OLD_LINKS))
    router.callback_query.register(choose, OldLinks.filter(F.act == OldLinksAction.CHOOSE))
    router.callback_query.register(check_again, OldLinks.filter(F.act == OldLinksAction.CHECK))
    router.callback_query.register(turn_on, OldLinks.filter(F.act == OldLinksAction.TURN_ON))
    router.callback_query.register(turn_off, OldLinks.filter(F.act == OldLinksAction.TURN_OFF))
    return router
