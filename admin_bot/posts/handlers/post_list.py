"""The list of posts: pages, newest first, and the search."""

from aiogram import Bot, Router
from aiogram.filters import CommandObject, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.filters import has_text
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import Screen, answer, screen_id, show_in_place, toast
from admin_bot.states import Asked
from core.posts import PostFilter
from database.operations import post_search
from views.admin_texts import FIRST_THE_BATCH, STALE_BUTTON
from views.posts import keyboards, texts
from views.posts.callbacks import AskSearch, PostList

#: posts on one page
PAGE = 8
#: longest search, in characters; as long as titles
SEARCH_MAX = 80


async def list_screen(place: PostList, search: str | None) -> Screen:
    """Return one page of the list. A search finds removed posts, too."""
    show = PostFilter.ALL if place.removed or search is not None else PostFilter.LIVE
    found, more = await post_search.search(search, skip=place.page * PAGE, limit=PAGE, show=show)
    html = texts.list_screen(found, page=place.page, search=search, removed=place.removed)
    return Screen(html, keyboards.post_list(found, place, more=more))


async def _answer_search(message: Message, dialogue: Dialogue, text: str) -> None:
    search = text.strip()[:SEARCH_MAX] or None
    place = PostList(search=await dialogue.keep_search(search)) if search else PostList()
    await answer(message, await list_screen(place, search))


async def posts_command(message: Message, command: CommandObject, state: FSMContext) -> None:
    await _answer_search(message, Dialogue(state), command.args or "")


async def turn_page(query: CallbackQuery, callback_data: PostList, bot: Bot, state: FSMContext) -> None:
    search = await Dialogue(state).search_text(callback_data.search) if callback_data.search else None
    if callback_data.search and search is None:
        # the search is no longer remembered: show the whole list
        screen = await list_screen(PostList(), None)
        await toast(query, STALE_BUTTON)
    else:
        screen = await list_screen(callback_data, search)
        await toast(query)
    await show_in_place(query, bot, screen)


async def ask_search(query: CallbackQuery, bot: Bot, state: FSMContext) -> None:
    dialogue = Dialogue(state)
    if await dialogue.batch_draft() is not None:
        await toast(query, FIRST_THE_BATCH, alert=True)
        return
    await dialogue.ask(Asked.search, Question(None, screen_id(query)))
    await toast(query)
    await show_in_place(query, bot, Screen(texts.ASK_SEARCH, keyboards.search_question()))


async def search_answered(message: Message, state: FSMContext) -> None:
    dialogue = Dialogue(state)
    await dialogue.end_question()
    await _answer_search(message, dialogue, message.text or "")


async def search_expected(message: Message) -> None:
    await message.answer(texts.SEARCH_EXPECTED)


def build() -> Router:
    router = Router(name="admin post list")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(turn_page, PostList.filter())
    router.callback_query.register(ask_search, AskSearch.filter())
    router.message.register(search_answered, StateFilter(Asked.search), has_text)
    router.message.register(search_expected, StateFilter(Asked.search))
    return router
