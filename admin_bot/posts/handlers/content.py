"""What a post consists of: its messages, taken out and brought back; a stray post undone; its announcements changed."""

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery

from admin_bot.audit import note
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.posts.cards import CardService
from admin_bot.posts.lists import list_screen
from admin_bot.posts.post_maker import Made, NotMade, PostMaker
from admin_bot.screens import toast, turn_to, turn_to_fresh
from admin_bot.storage.channel import StorageChannel
from core.clock import Clock
from core.posts import undoable
from core.team.admins import Role
from core.team.rights import may_take_down
from database.operations import settings_ops
from database.operations.announcements import changes as announcement_changes
from database.operations.posts import post_ops
from database.publishing.contents import announcement_content
from views.admin_texts import not_your_role
from views.html import bare
from views.posts import changes as change_views
from views.posts import contents as views
from views.posts import made as made_views
from views.posts.callbacks import ItemList, PostAction, PostButton, PostList, TakeOut
from views.screens import Screen


async def open_content(
    query: CallbackQuery, callback_data: PostButton, bot: Bot, cards: CardService, clock: Clock
) -> None:
    post = await cards.find_or_answer(query, callback_data.code, callback_data.place)
    if post is not None:
        can_undo = undoable(post, clock.now()) is not None
        await turn_to(query, bot, views.content(post, callback_data.place, can_undo=can_undo))


async def open_items(query: CallbackQuery, callback_data: ItemList, bot: Bot, cards: CardService) -> None:
    post = await cards.find_or_answer(query, callback_data.code, callback_data.place)
    if post is not None:
        await turn_to(query, bot, views.take_one_out(post, callback_data.place, callback_data.items))


async def take_out(
    query: CallbackQuery,
    callback_data: TakeOut,
    bot: Bot,
    cards: CardService,
    post_maker: PostMaker,
    clock: Clock,
) -> None:
    post = await cards.find_or_answer(query, callback_data.code, callback_data.place)
    if post is None:
        return
    outcome = await post_maker.take_out(query.from_user.id, post, callback_data.message)
    await _show_content(query, bot, clock, callback_data.place, outcome, views.taken_out())


async def bring_back(
    query: CallbackQuery,
    callback_data: PostButton,
    bot: Bot,
    cards: CardService,
    post_maker: PostMaker,
    clock: Clock,
) -> None:
    """Undo the last change of a post's messages."""
    post = await cards.find_or_answer(query, callback_data.code, callback_data.place)
    if post is None:
        return
    outcome = await post_maker.undo(query.from_user.id, post)
    await _show_content(query, bot, clock, callback_data.place, outcome, views.brought_back())


async def _show_content(
    query: CallbackQuery, bot: Bot, clock: Clock, place: PostList, outcome: Made | NotMade | None, note_text: str
) -> None:
    if outcome is None:
        await turn_to_fresh(query, bot, await list_screen(PostList(show=place.show), None))
    elif isinstance(outcome, NotMade):
        await toast(query, bare(outcome.sentence), alert=True)
    else:
        can_undo = undoable(outcome.post, clock.now()) is not None
        screen = views.content(outcome.post, place, can_undo=can_undo)
        await turn_to(query, bot, screen.with_note(note_text))


async def discard(query: CallbackQuery, callback_data: PostButton, bot: Bot, post_maker: PostMaker, role: Role) -> None:
    """Undo a post that was made by accident."""
    post = await post_ops.find(callback_data.code)
    if post is not None and not may_take_down(role, query.from_user.id, post.created_by):
        await toast(query, not_your_role(role), alert=True)
    elif await post_maker.discard(query.from_user.id, callback_data.code):
        await turn_to(query, bot, made_views.discarded())
    elif await post_ops.find(callback_data.code) is None:
        # pressed twice
        await turn_to(query, bot, made_views.discarded())
    else:
        await toast(query, made_views.too_late(), alert=True)


async def change_announcements(
    query: CallbackQuery,
    callback_data: PostButton,
    bot: Bot,
    cards: CardService,
    storage_channel: StorageChannel,
    clock: Clock,
) -> None:
    """Give the announcements of a post the title, text, cover and label it has now."""
    post = await cards.find_or_answer(query, callback_data.code, callback_data.place)
    if post is None:
        return
    now = clock.now()
    settings = await settings_ops.current(now)
    content = announcement_content(post, settings, await storage_channel.find())
    changed = await announcement_changes.change_all(post.code, content, now)
    await note(now, query.from_user.id, "post.announcements_changed", post.code, None, {"announcements": changed})
    screen: Screen = await cards.screen(post, callback_data.place)
    await turn_to(query, bot, screen.with_note(change_views.started(changed)))


def build() -> Router:
    router = Router(name="admin card")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(open_content, PostButton.filter(F.act == PostAction.CONTENT))
    router.callback_query.register(bring_back, PostButton.filter(F.act == PostAction.BRING_BACK))
    router.callback_query.register(discard, PostButton.filter(F.act == PostAction.DISCARD))
    router.callback_query.register(change_announcements, PostButton.filter(F.act == PostAction.CHANGE))
    router.callback_query.register(open_items, ItemList.filter())
    router.callback_query.register(take_out, TakeOut.filter())
    return router
