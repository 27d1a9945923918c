"""The list of posts: pages, newest first, which of them are shown, and the search."""

from aiogram import Bot, F, Router
from aiogram.filters import CommandObject, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.filters import has_text
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.posts.lists import list_screen
from admin_bot.screens import answer, move_below, screen_id, toast, turn_to
from admin_bot.states import Asked
from views.admin_texts import first_the_batch
from views.navigation import Open, Section
from views.posts import lists as views
from views.posts.callbacks import AskSearch, PostList, Show, ShowChoice
from views.screens import Screen

#: longest search, in characters: a link to a post is shorter
SEARCH_MAX = 120


async def _found(dialogue: Dialogue, text: str) -> Screen:
    """Return what a typed search finds; the whole list for a blank one."""
    search = text.strip()[:SEARCH_MAX]
    if not search:
        return await list_screen(PostList(), None)
    return await list_screen(PostList(search=await dialogue.keep_search(search), show=Show.ALL), search)


async def posts_command(message: Message, command: CommandObject, state: FSMContext) -> None:
    await answer(message, await _found(Dialogue(state), command.args or ""))


async def open_list(query: CallbackQuery, bot: Bot) -> None:
    await turn_to(query, bot, await list_screen(PostList(), None))


async def turn_page(query: CallbackQuery, callback_data: PostList, bot: Bot, state: FSMContext) -> None:
    search = await Dialogue(state).search_text(callback_data.search) if callback_data.search else None
    if callback_data.search and search is None:
        await turn_to(query, bot, await list_screen(PostList(), None), views.search_gone())
    else:
        await turn_to(query, bot, await list_screen(callback_data, search))


async def choose_shown(query: CallbackQuery, callback_data: ShowChoice, bot: Bot) -> None:
    await turn_to(query, bot, views.show_screen(PostList(search=callback_data.search, show=callback_data.show)))


async def ask_search(query: CallbackQuery, bot: Bot, state: FSMContext) -> None:
    dialogue = Dialogue(state)
    if await dialogue.batch_draft() is not None:
        await toast(query, first_the_batch(), alert=True)
        return
    await dialogue.ask(Asked.search, Question(None, screen_id(query)))
    await turn_to(query, bot, views.search_question())


async def search_answered(message: Message, bot: Bot, state: FSMContext) -> None:
    dialogue = Dialogue(state)
    question = await dialogue.question()
    await dialogue.end_question()
    screen = await _found(dialogue, message.text or "")
    await move_below(bot, message.chat.id, None if question is None else question.screen_id, screen)


async def search_expected(message: Message) -> None:
    await message.answer(views.search_expected())


def build() -> Router:
    router = Router(name="admin post list")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(open_list, Open.filter(F.section == Section.POSTS))
    router.callback_query.register(turn_page, PostList.filter())
    router.callback_query.register(choose_shown, ShowChoice.filter())
    router.callback_query.register(ask_search, AskSearch.filter())
    router.message.register(search_answered, StateFilter(Asked.search), has_text)
    router.message.register(search_expected, StateFilter(Asked.search))
    return router
