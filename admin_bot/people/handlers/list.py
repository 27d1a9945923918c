"""The list of subscribers: pages, whom it shows, and the search by text or by a forwarded message."""

from aiogram import Bot, F, Router
from aiogram.filters import CommandObject, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message, MessageOriginHiddenUser, MessageOriginUser

from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.filters import has_text
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.people.service import PeopleService
from admin_bot.screens import answer, move_below, screen_id, toast, turn_to, turn_to_fresh
from admin_bot.states import Asked, PeopleAsked
from core.payloads import is_source
from views.admin_texts import first_the_batch
from views.navigation import Open, Section
from views.people import lists as views
from views.people.callbacks import AskPerson, AskSource, ChooseShown, PeopleList, Show
from views.screens import Screen

#: longest search, in characters: a link to a username is shorter
SEARCH_MAX = 120


async def subscribers_command(message: Message, people: PeopleService) -> None:
    await answer(message, await people.list_screen(PeopleList()))


async def user_command(message: Message, command: CommandObject, state: FSMContext, people: PeopleService) -> None:
    """Show whom /user NAME means, or ask (/user)."""
    dialogue, typed = Dialogue(state), (command.args or "").strip()[:SEARCH_MAX]
    if typed:
        await answer(message, await people.search(dialogue, typed))
    elif await dialogue.batch_draft() is not None:
        await message.answer(first_the_batch())
    else:
        await dialogue.ask(Asked.person, Question(None, None))
        await answer(message, views.ask_person())


async def open_list(query: CallbackQuery, bot: Bot, people: PeopleService) -> None:
    await turn_to(query, bot, await people.list_screen(PeopleList()))


async def turn_page(
    query: CallbackQuery, callback_data: PeopleList, bot: Bot, state: FSMContext, people: PeopleService
) -> None:
    if callback_data.show is not Show.FOUND:
        try:
            screen = await people.list_screen(callback_data)
        except ValueError:
            # forged: a source that is none
            await turn_to_fresh(query, bot, await people.list_screen(PeopleList()))
            return
        await turn_to(query, bot, screen)
        return
    search = await Dialogue(state).search_text(callback_data.key)
    if search is None:
        await turn_to(query, bot, await people.list_screen(PeopleList()), views.search_gone())
    else:
        await turn_to(query, bot, await people.found_screen(callback_data, search))


async def choose_shown(query: CallbackQuery, bot: Bot) -> None:
    await turn_to(query, bot, views.show_screen())


async def ask_person(query: CallbackQuery, bot: Bot, state: FSMContext) -> None:
    dialogue = Dialogue(state)
    if await dialogue.batch_draft() is not None:
        await toast(query, first_the_batch(), alert=True)
        return
    await dialogue.ask(Asked.person, Question(None, screen_id(query)))
    await turn_to(query, bot, views.ask_person())


async def ask_source(query: CallbackQuery, bot: Bot, state: FSMContext) -> None:
    dialogue = Dialogue(state)
    if await dialogue.batch_draft() is not None:
        await toast(query, first_the_batch(), alert=True)
        return
    await dialogue.ask(PeopleAsked.source, Question(None, screen_id(query)))
    await turn_to(query, bot, views.ask_source())


async def person_answered(message: Message, bot: Bot, state: FSMContext, people: PeopleService) -> None:
    """Take the answer: a text, or a forwarded message of the subscriber."""
    origin = message.forward_origin
    if isinstance(origin, MessageOriginHiddenUser):
        await message.answer(views.account_hidden())
    elif isinstance(origin, MessageOriginUser):
        sender = origin.sender_user
        names = {sender.id: sender.first_name}
        await _answer(message, bot, state, await people.picked(Dialogue(state), names))
    elif origin is not None:
        await message.answer(views.not_a_person())
    elif not (message.text or "").strip():
        await message.answer(views.person_not_text())
    else:
        typed = (message.text or "").strip()[:SEARCH_MAX]
        await _answer(message, bot, state, await people.search(Dialogue(state), typed))


async def source_answered(message: Message, bot: Bot, state: FSMContext, people: PeopleService) -> None:
    typed = (message.text or "").strip()
    if not is_source(typed):
        await message.answer(views.source_expected())
        return
    await _answer(message, bot, state, await people.list_screen(PeopleList(show=Show.SOURCE, key=typed)))


async def source_expected(message: Message) -> None:
    await message.answer(views.source_expected())


async def _answer(message: Message, bot: Bot, state: FSMContext, screen: Screen) -> None:
    dialogue = Dialogue(state)
    question = await dialogue.question()
    await dialogue.end_question()
    await move_below(bot, message.chat.id, None if question is None else question.screen_id, screen)


def build() -> Router:
    router = Router(name="admin people list")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(open_list, Open.filter(F.section == Section.SUBSCRIBERS))
    router.callback_query.register(turn_page, PeopleList.filter())
    router.callback_query.register(choose_shown, ChooseShown.filter())
    router.callback_query.register(ask_person, AskPerson.filter())
    router.callback_query.register(ask_source, AskSource.filter())
    router.message.register(person_answered, StateFilter(Asked.person))
    router.message.register(source_answered, StateFilter(PeopleAsked.source), has_text)
    router.message.register(source_expected, StateFilter(PeopleAsked.source))
    return router
