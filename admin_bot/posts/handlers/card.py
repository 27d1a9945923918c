"""The buttons of a post's card, and its options: screens, and questions whose answer is typed."""

from collections.abc import Awaitable, Callable

from aiogram import Bot, F, Router
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery

from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.posts.cards import CardService
from admin_bot.posts.changes import ChangeService, Wanted
from admin_bot.posts.choices import FIELDS, chosen, cover_of
from admin_bot.posts.fingerprints import fingerprint
from admin_bot.posts.inputs import LONGEST_MINUTES
from admin_bot.posts.lists import list_screen
from admin_bot.screens import screen_id, toast, turn_to, turn_to_fresh
from admin_bot.states import Asked, PostAsked
from core.clock import Clock
from core.posts import Post
from core.settings.announcing import announcement_label
from database.operations import settings_ops
from database.operations.posts import post_ops
from views.admin_texts import first_the_batch
from views.navigation import OpenPost, OpenPreview
from views.posts import contents, options, questions
from views.posts.callbacks import FROM_POST, Choice, PostAction, PostButton, PostChoice, PostList, SaveMine
from views.screens import Screen

#: questions: what they wait for, and the field whose present value the answer replaces
_ASKED: dict[PostAction, tuple[State, Choice | None]] = {
    PostAction.TITLE: (Asked.title, Choice.TITLE),
    PostAction.TEXT: (Asked.description, Choice.DESCRIPTION),
    PostAction.OTHER_TIME: (Asked.deletion, Choice.DELETE_AFTER),
    PostAction.LABEL: (PostAsked.label, Choice.LABEL),
    PostAction.PASSWORD: (PostAsked.password, Choice.PASSWORD),
    PostAction.OWN_COVER: (PostAsked.cover, Choice.COVER),
    PostAction.PLACE: (PostAsked.place, None),
}


async def open_card(query: CallbackQuery, callback_data: PostButton, bot: Bot, cards: CardService) -> None:
    post = await cards.find_or_answer(query, callback_data.code, callback_data.place)
    if post is not None:
        await turn_to(query, bot, await cards.screen(post, callback_data.place))


async def open_by_code(query: CallbackQuery, callback_data: OpenPost, bot: Bot, cards: CardService) -> None:
    post = await cards.find_or_answer(query, callback_data.code, PostList())
    if post is not None:
        await turn_to(query, bot, await cards.screen(post, PostList()))


async def preview_by_code(query: CallbackQuery, callback_data: OpenPreview, cards: CardService) -> None:
    post = await cards.find_or_answer(query, callback_data.code, PostList())
    if post is not None:
        await cards.preview(query, post)


async def preview(query: CallbackQuery, callback_data: PostButton, cards: CardService) -> None:
    post = await cards.find_or_answer(query, callback_data.code, callback_data.place)
    if post is not None:
        await cards.preview(query, post)


async def open_screen(
    query: CallbackQuery, callback_data: PostButton, bot: Bot, cards: CardService, changes: ChangeService
) -> None:
    """Open one of the screens behind a card, or behind its options."""
    place = callback_data.place
    post = await cards.find_or_answer(query, callback_data.code, place)
    if post is None:
        return
    match callback_data.act:
        case PostAction.OPTIONS:
            screen = options.options(post, place)
        case PostAction.DELETION:
            screen = options.deletion_times(post, place, fingerprint(post.delete_after_minutes))
        case PostAction.SAVING:
            screen = options.saving(post, place, fingerprint(post.protect))
        case PostAction.ACCESS:
            screen = options.access(post, place, fingerprint(post.access))
        case PostAction.COVER:
            screen = await changes.base_screen(post, Choice.COVER, place)
        case _:
            screen = await cards.numbers(post, place)
    await turn_to(query, bot, screen)


async def choose(
    query: CallbackQuery, callback_data: PostChoice, bot: Bot, state: FSMContext, changes: ChangeService
) -> None:
    """Set a field to the value of the button."""
    value = chosen(callback_data.choice, callback_data.value, LONGEST_MINUTES)
    if (callback_data.choice, callback_data.value) == (Choice.COVER, FROM_POST):
        post = await post_ops.find(callback_data.code)
        value = None if post is None else cover_of(post)
        if post is not None and value is None:
            await toast(query, contents.no_picture(), alert=True)
            return
    if value is None:
        await turn_to_fresh(query, bot, await list_screen(PostList(), None))
        return
    wanted = Wanted(callback_data.code, callback_data.choice, value.value, callback_data.seen, callback_data.place)
    await _change(query, bot, Dialogue(state), changes, wanted)


async def save_mine(
    query: CallbackQuery,
    callback_data: SaveMine,
    bot: Bot,
    state: FSMContext,
    cards: CardService,
    changes: ChangeService,
) -> None:
    dialogue = Dialogue(state)
    wanted = await changes.mine(dialogue, callback_data)
    if wanted is not None:
        await _change(query, bot, dialogue, changes, wanted)
        return
    post = await cards.find_or_answer(query, callback_data.code, callback_data.place)
    if post is not None:
        await turn_to_fresh(query, bot, await cards.screen(post, callback_data.place))


async def _change(query: CallbackQuery, bot: Bot, dialogue: Dialogue, changes: ChangeService, wanted: Wanted) -> None:
    screen = await changes.change(dialogue, query.from_user.id, wanted)
    if screen is None:
        await turn_to_fresh(query, bot, await list_screen(PostList(show=wanted.place.show), None))
    else:
        await turn_to(query, bot, screen)


async def ask(
    query: CallbackQuery, callback_data: PostButton, bot: Bot, state: FSMContext, cards: CardService, clock: Clock
) -> None:
    """Ask for a value: the next message is the answer."""
    dialogue = Dialogue(state)
    if await dialogue.batch_draft() is not None:
        await toast(query, first_the_batch(), alert=True)
        return
    post = await cards.find_or_answer(query, callback_data.code, callback_data.place)
    if post is None:
        return
    waiting_for, choice = _ASKED[callback_data.act]
    seen = "" if choice is None else fingerprint(getattr(post, FIELDS[choice]))
    await dialogue.ask(waiting_for, Question(callback_data.pack(), screen_id(query), seen))
    await turn_to(query, bot, await _question(post, callback_data, seen, clock))


async def _question(post: Post, button: PostButton, seen: str, clock: Clock) -> Screen:
    place = button.place
    match button.act:
        case PostAction.TITLE:
            return questions.ask_title(post, place)
        case PostAction.TEXT:
            return questions.ask_text(post, place, seen)
        case PostAction.OTHER_TIME:
            return questions.ask_deletion(post, place)
        case PostAction.LABEL:
            settings = await settings_ops.current(clock.now())
            return questions.ask_label(
                post, place, seen, announcement_label(post.model_copy(update={"label": None}), settings)
            )
        case PostAction.PASSWORD:
            return questions.ask_password(post, options.password_words(post), place, seen)
        case PostAction.OWN_COVER:
            return contents.ask_cover(post, place)
        case _:
            return questions.ask_place(post, place)


_SCREENS = (
    PostAction.OPTIONS,
    PostAction.DELETION,
    PostAction.SAVING,
    PostAction.ACCESS,
    PostAction.COVER,
    PostAction.NUMBERS,
)


def build() -> Router:
    router = Router(name="admin card")
    router.callback_query.middleware(EndQuestion())
    handlers: dict[PostAction, Callable[..., Awaitable[None]]] = {
        PostAction.CARD: open_card,
        PostAction.PREVIEW: preview,
        **dict.fromkeys(_SCREENS, open_screen),
        **dict.fromkeys(_ASKED, ask),
    }
    for action, handler in handlers.items():
        router.callback_query.register(handler, PostButton.filter(F.act == action))
    router.callback_query.register(choose, PostChoice.filter())
    router.callback_query.register(save_mine, SaveMine.filter())
    router.callback_query.register(open_by_code, OpenPost.filter())
    router.callback_query.register(preview_by_code, OpenPreview.filter())
    return router
