"""The card of a post and its buttons."""

from collections.abc import Awaitable, Callable
from zoneinfo import ZoneInfo

from aiogram import Bot, F, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, InlineKeyboardMarkup

from admin_bot.audit import note
from admin_bot.dialogue import Dialogue, Question
from admin_bot.drafts import new_draft
from admin_bot.handlers.batch import show_status
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.preview import show_preview
from admin_bot.screens import screen_id, show_under, toast
from admin_bot.states import Asked
from admin_bot.status import StatusBoard
from core.clock import Clock
from core.delivery import LONGEST_DELETE_AFTER
from core.posts import Post
from database.operations import post_ops, settings_ops
from views import admin_keyboards as keyboards
from views import admin_post_texts as texts
from views.admin_batch_texts import FIRST_THE_BATCH
from views.admin_callbacks import AS_SETTINGS, DeletionTime, PostAction, PostButton, PostList
from views.admin_texts import STALE_BUTTON
from views.links import post_link

_LONGEST_MINUTES = int(LONGEST_DELETE_AFTER.total_seconds()) // 60
#: each press of "Protect" goes one further: as in settings, on, off
_NEXT_PROTECT: dict[bool | None, bool | None] = {None: True, True: False, False: None}
_QUESTIONS = {
    PostAction.RENAME: (Asked.title, texts.ask_title),
    PostAction.DESCRIBE: (Asked.description, texts.ask_description),
    PostAction.OTHER_TIME: (Asked.deletion, texts.ask_deletion),
}


async def card_screen(
    post: Post, place: PostList, user_bot_username: str, clock: Clock, zone: ZoneInfo
) -> tuple[str, InlineKeyboardMarkup]:
    """Text and buttons of a post's card."""
    link = post_link(user_bot_username, post.code)
    settings = await settings_ops.current(clock.now())
    return texts.card(post, link, settings, zone), keyboards.card(post, link, place)


class CardDesk:
    """What the handlers below share: the post behind a button, and its card."""

    def __init__(self, user_bot_username: str, clock: Clock, zone: ZoneInfo, bot: Bot) -> None:
        self._username = user_bot_username
        self._clock = clock
        self._zone = zone
        self._bot = bot

    async def show(self, query: CallbackQuery, post: Post | None, place: PostList) -> None:
        """The card in place of the pressed screen; a post that is gone says so."""
        if post is None:
            await toast(query, texts.POST_GONE)
            return
        html, keyboard = await card_screen(post, place, self._username, self._clock, self._zone)
        await toast(query)
        await show_under(query, self._bot, html, keyboard)

    async def change(
        self, query: CallbackQuery, before: Post | None, changing: Awaitable[Post | None], action: str, field: str
    ) -> Post | None:
        """Await a change of one field, note it; the post as it is now."""
        after = await changing
        if before is not None and after is not None:
            old, new = getattr(before, field), getattr(after, field)
            await note(self._clock.now(), query.from_user.id, action, after.code, old, new)
        return after


async def open_card(
    query: CallbackQuery, callback_data: PostButton, bot: Bot, user_bot_username: str, clock: Clock, zone: ZoneInfo
) -> None:
    desk = CardDesk(user_bot_username, clock, zone, bot)
    await desk.show(query, await post_ops.find(callback_data.code), callback_data.place)


async def preview(query: CallbackQuery, callback_data: PostButton, bot: Bot, clock: Clock, zone: ZoneInfo) -> None:
    post = await post_ops.find(callback_data.code)
    if post is None:
        await toast(query, texts.POST_GONE)
        return
    now = clock.now()
    settings = await settings_ops.current(now)
    await toast(query)
    await show_preview(bot, query.from_user.id, post, settings, now=now, zone=zone)


async def cycle_protect(
    query: CallbackQuery, callback_data: PostButton, bot: Bot, user_bot_username: str, clock: Clock, zone: ZoneInfo
) -> None:
    desk = CardDesk(user_bot_username, clock, zone, bot)
    post = await post_ops.find(callback_data.code)
    if post is not None:
        changing = post_ops.set_protect(post.code, _NEXT_PROTECT[post.protect])
        post = await desk.change(query, post, changing, "post.protected", "protect")
    await desk.show(query, post, callback_data.place)


async def remove(
    query: CallbackQuery, callback_data: PostButton, bot: Bot, user_bot_username: str, clock: Clock, zone: ZoneInfo
) -> None:
    desk = CardDesk(user_bot_username, clock, zone, bot)
    post = await post_ops.find(callback_data.code)
    post = await desk.change(query, post, post_ops.remove(callback_data.code), "post.removed", "status")
    await desk.show(query, post, callback_data.place)


async def restore(
    query: CallbackQuery, callback_data: PostButton, bot: Bot, user_bot_username: str, clock: Clock, zone: ZoneInfo
) -> None:
    desk = CardDesk(user_bot_username, clock, zone, bot)
    post = await post_ops.find(callback_data.code)
    post = await desk.change(query, post, post_ops.restore(callback_data.code), "post.restored", "status")
    await desk.show(query, post, callback_data.place)


async def set_deletion(
    query: CallbackQuery, callback_data: DeletionTime, bot: Bot, user_bot_username: str, clock: Clock, zone: ZoneInfo
) -> None:
    if callback_data.minutes > _LONGEST_MINUTES:
        await toast(query, STALE_BUTTON)
        return
    minutes = None if callback_data.minutes == AS_SETTINGS else callback_data.minutes
    desk = CardDesk(user_bot_username, clock, zone, bot)
    post = await post_ops.find(callback_data.code)
    changing = post_ops.set_deletion(callback_data.code, minutes)
    post = await desk.change(query, post, changing, "post.deletion_set", "delete_after_minutes")
    await desk.show(query, post, callback_data.place)


async def confirm_remove(query: CallbackQuery, callback_data: PostButton, bot: Bot) -> None:
    post = await post_ops.find(callback_data.code)
    if post is None:
        await toast(query, texts.POST_GONE)
        return
    await toast(query)
    await show_under(query, bot, texts.confirm_remove(post), keyboards.confirm_remove(post, callback_data.place))


async def deletion_times(query: CallbackQuery, callback_data: PostButton, bot: Bot, clock: Clock) -> None:
    post = await post_ops.find(callback_data.code)
    if post is None:
        await toast(query, texts.POST_GONE)
        return
    settings = await settings_ops.current(clock.now())
    await toast(query)
    keyboard = keyboards.deletion_times(post, callback_data.place)
    await show_under(query, bot, texts.deletion_screen(post, settings), keyboard)


async def ask(query: CallbackQuery, callback_data: PostButton, bot: Bot, state: FSMContext) -> None:
    """Rename, describe, another deletion time: the next text is the answer."""
    dialogue = Dialogue(state)
    post = await _post_outside_batch(query, callback_data, dialogue)
    if post is None:
        return
    waiting_for, words = _QUESTIONS[callback_data.act]
    await dialogue.ask(waiting_for, Question(callback_data, screen_id(query)))
    await toast(query)
    await show_under(query, bot, words(post), keyboards.question(post.code, callback_data.place))


async def replace_items(
    query: CallbackQuery, callback_data: PostButton, bot: Bot, state: FSMContext, status: StatusBoard
) -> None:
    dialogue = Dialogue(state)
    post = await _post_outside_batch(query, callback_data, dialogue)
    if post is None:
        return
    await toast(query)
    draft = new_draft(replaces=post.code, replaces_number=post.number)
    await show_status(bot, query.from_user.id, dialogue, draft, status)


async def _post_outside_batch(query: CallbackQuery, callback_data: PostButton, dialogue: Dialogue) -> Post | None:
    """The post behind the button; None (and the button answered) while a batch is open or when it is gone."""
    if await dialogue.draft() is not None:
        await toast(query, FIRST_THE_BATCH, alert=True)
        return None
    post = await post_ops.find(callback_data.code)
    if post is None:
        await toast(query, texts.POST_GONE)
    return post


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
        PostAction.REMOVE_SURE: remove,
        PostAction.RESTORE: restore,
    }
    for action, handler in handlers.items():
        router.callback_query.register(handler, PostButton.filter(F.act == action))
    router.callback_query.register(set_deletion, DeletionTime.filter())
    return router
