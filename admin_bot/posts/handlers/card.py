"""The buttons of a post's card."""

from collections.abc import Awaitable, Callable

from aiogram import Bot, F, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery

from admin_bot.conversation.batch_draft import new_batch_draft
from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.posts.batch_status import BatchStatusEditor
from admin_bot.posts.cards import CardService
from admin_bot.posts.handlers.batch import show_status
from admin_bot.posts.inputs import LONGEST_MINUTES
from admin_bot.screens import Screen, screen_id, show_in_place, toast
from admin_bot.states import Asked
from core.clock import Clock
from core.posts import Post
from database.operations import post_ops, settings_ops
from views.admin_texts import FIRST_THE_BATCH, STALE_BUTTON
from views.navigation import OpenPost
from views.posts import keyboards, texts
from views.posts.callbacks import AS_SETTINGS, DeletionTime, PostAction, PostButton, PostList

#: each press of "Protect" sets the next value: as in settings, on, off
_NEXT_PROTECT: dict[bool | None, bool | None] = {None: True, True: False, False: None}
_QUESTIONS = {
    PostAction.RENAME: (Asked.title, texts.ask_title),
    PostAction.DESCRIBE: (Asked.description, texts.ask_description),
    PostAction.OTHER_TIME: (Asked.deletion, texts.ask_deletion),
}


async def open_card(query: CallbackQuery, callback_data: PostButton, cards: CardService) -> None:
    await cards.show(query, await post_ops.find(callback_data.code), callback_data.place)


async def open_by_code(query: CallbackQuery, callback_data: OpenPost, cards: CardService) -> None:
    await cards.show(query, await post_ops.find(callback_data.code), PostList())


async def preview(query: CallbackQuery, callback_data: PostButton, cards: CardService) -> None:
    post = await cards.find_or_answer(query, callback_data.code)
    if post is not None:
        await cards.preview(query, post)


async def cycle_protect(query: CallbackQuery, callback_data: PostButton, cards: CardService) -> None:
    post = await cards.find_or_answer(query, callback_data.code)
    if post is None:
        return
    changing = post_ops.set_protect(post.code, _NEXT_PROTECT[post.protect])
    post = await cards.change(query.from_user.id, post, changing, "post.protected", "protect")
    await cards.show(query, post, callback_data.place)


async def remove(query: CallbackQuery, callback_data: PostButton, cards: CardService) -> None:
    post = await post_ops.find(callback_data.code)
    changing = post_ops.remove(callback_data.code)
    post = await cards.change(query.from_user.id, post, changing, "post.removed", "status")
    await cards.show(query, post, callback_data.place)


async def restore(query: CallbackQuery, callback_data: PostButton, cards: CardService) -> None:
    post = await post_ops.find(callback_data.code)
    changing = post_ops.restore(callback_data.code)
    post = await cards.change(query.from_user.id, post, changing, "post.restored", "status")
    await cards.show(query, post, callback_data.place)


async def set_deletion(query: CallbackQuery, callback_data: DeletionTime, cards: CardService) -> None:
    if callback_data.minutes > LONGEST_MINUTES:
        await toast(query, STALE_BUTTON)
        return
    minutes = None if callback_data.minutes == AS_SETTINGS else callback_data.minutes
    post = await post_ops.find(callback_data.code)
    changing = post_ops.set_deletion(callback_data.code, minutes)
    post = await cards.change(query.from_user.id, post, changing, "post.deletion_set", "delete_after_minutes")
    await cards.show(query, post, callback_data.place)


async def confirm_remove(query: CallbackQuery, callback_data: PostButton, bot: Bot, cards: CardService) -> None:
    post = await cards.find_or_answer(query, callback_data.code)
    if post is None:
        return
    await toast(query)
    screen = Screen(texts.confirm_remove(post), keyboards.confirm_remove(post, callback_data.place))
    await show_in_place(query, bot, screen)


async def deletion_times(
    query: CallbackQuery, callback_data: PostButton, bot: Bot, cards: CardService, clock: Clock
) -> None:
    post = await cards.find_or_answer(query, callback_data.code)
    if post is None:
        return
    settings = await settings_ops.current(clock.now())
    await toast(query)
    screen = Screen(texts.deletion_screen(post, settings), keyboards.deletion_times(post, callback_data.place))
    await show_in_place(query, bot, screen)


async def ask(query: CallbackQuery, callback_data: PostButton, bot: Bot, state: FSMContext, cards: CardService) -> None:
    """Ask for a title, a description or a deletion time: the next text is the answer."""
    dialogue = Dialogue(state)
    post = await _post_outside_batch(query, callback_data, dialogue, cards)
    if post is None:
        return
    waiting_for, question_text = _QUESTIONS[callback_data.act]
    await dialogue.ask(waiting_for, Question(callback_data.pack(), screen_id(query)))
    await toast(query)
    screen = Screen(question_text(post), keyboards.question(post.code, callback_data.place))
    await show_in_place(query, bot, screen)


async def replace_items(
    query: CallbackQuery,
    callback_data: PostButton,
    bot: Bot,
    state: FSMContext,
    batch_status: BatchStatusEditor,
    cards: CardService,
) -> None:
    dialogue = Dialogue(state)
    open_draft = await dialogue.batch_draft()
    if open_draft is not None and open_draft.replaces == callback_data.code:
        # pressed again, perhaps because Telegram's answer was lost: the open batch stays
        await toast(query)
        await show_status(bot, query.from_user.id, dialogue, open_draft, batch_status)
        return
    post = await _post_outside_batch(query, callback_data, dialogue, cards)
    if post is None:
        return
    await toast(query)
    draft = new_batch_draft(replaces=post.code, replaces_number=post.number)
    await show_status(bot, query.from_user.id, dialogue, draft, batch_status)


async def _post_outside_batch(
    query: CallbackQuery, callback_data: PostButton, dialogue: Dialogue, cards: CardService
) -> Post | None:
    """Return the post of the button; None, with an answer, while a batch is open or if the post is gone."""
    if await dialogue.batch_draft() is not None:
        await toast(query, FIRST_THE_BATCH, alert=True)
        return None
    return await cards.find_or_answer(query, callback_data.code)


def build() -> Router:
    router = Router(name="admin card")
    router.callback_query.middleware(EndQuestion())
    handlers: dict[PostAction, Callable[..., Awaitable[None]]] = {
        PostAction.CARD: open_card,
        PostAction.PREVIEW: preview,
        PostAction.RENAME: ask,
        PostAction.DESCRIBE: ask,
        PostAction.OTHER_TIME: ask,
        PostAction.REPLACE: replace_items,
        PostAction.PROTECT: cycle_protect,
        PostAction.DELETION: deletion_times,
        PostAction.REMOVE: confirm_remove,
        PostAction.REMOVE_CONFIRMED: remove,
        PostAction.RESTORE: restore,
    }
    for action, handler in handlers.items():
        router.callback_query.register(handler, PostButton.filter(F.act == action))
    router.callback_query.register(set_deletion, DeletionTime.filter())
    router.callback_query.register(open_by_code, OpenPost.filter())
    return router
