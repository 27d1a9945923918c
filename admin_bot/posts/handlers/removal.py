"""Removing a post: its link stops at once; taken down everywhere, its announcements and copies go, too."""

from aiogram import Bot, F, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery

from admin_bot.audit import note
from admin_bot.conversation.dialogue import Dialogue
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.posts.cards import CardService
from admin_bot.posts.changes import ChangeService
from admin_bot.screens import toast, turn_to
from core.clock import Clock
from core.posts import Post
from core.team.admins import Role
from core.team.rights import may_take_down
from database.operations.announcements import changes as announcement_changes
from database.operations.announcements import removals
from database.operations.posts import post_ops, post_takedown
from views.admin_texts import not_your_role
from views.posts import cards as views
from views.posts.callbacks import PostAction, PostButton


async def _removable(query: CallbackQuery, button: PostButton, cards: CardService, role: Role) -> Post | None:
    """Return the post of the button; None, answered, if it is gone, or not of this person, who is an editor."""
    post = await cards.find_or_answer(query, button.code, button.place)
    if post is not None and not may_take_down(role, query.from_user.id, post.created_by):
        await toast(query, not_your_role(role), alert=True)
        return None
    return post


async def confirm(
    query: CallbackQuery, callback_data: PostButton, bot: Bot, cards: CardService, clock: Clock, role: Role
) -> None:
    """Say what stays, and ask."""
    post = await _removable(query, callback_data, cards, role)
    if post is None:
        return
    copies = await post_takedown.count_copies(post.code, clock.now())
    screen = views.confirm_remove(
        post,
        callback_data.place,
        announcements=await announcement_changes.count_changeable(post.code),
        copies=copies.standing,
        too_old=copies.too_old,
    )
    await turn_to(query, bot, screen)


async def remove(
    query: CallbackQuery,
    callback_data: PostButton,
    bot: Bot,
    state: FSMContext,
    cards: CardService,
    changes: ChangeService,
    clock: Clock,
    role: Role,
) -> None:
    found = await _removable(query, callback_data, cards, role)
    post = None if found is None else await post_ops.remove(found.code)
    if post is None:
        return
    await note(clock.now(), query.from_user.id, "post.removed", post.code, None, {"number": post.number})
    undo = await changes.offer_restore(Dialogue(state), post.code)
    screen = await cards.screen(post, callback_data.place)
    await turn_to(query, bot, screen.with_note(views.removed_note(post)).with_row(undo))


async def take_down(
    query: CallbackQuery, callback_data: PostButton, bot: Bot, cards: CardService, clock: Clock, role: Role
) -> None:
    """Close the link, withdraw every announcement, and have every copy deleted that can be."""
    now, admin_id = clock.now(), query.from_user.id
    found = await _removable(query, callback_data, cards, role)
    post = None if found is None else await post_takedown.take_down(found.code, by=admin_id, at=now)
    if post is None:
        return
    copies = await post_takedown.count_copies(post.code, now)
    withdrawn = await removals.withdraw_all(post.code, now)
    counts = {"announcements": withdrawn.leaving, "copies": copies.deletable}
    await note(now, admin_id, "post.taken_down", post.code, None, counts)
    said = views.taken_down_note(post, announcements=withdrawn.leaving, copies=copies.deletable, too_old=copies.too_old)
    await turn_to(query, bot, (await cards.screen(post, callback_data.place)).with_note(said))


async def restore(
    query: CallbackQuery, callback_data: PostButton, bot: Bot, cards: CardService, clock: Clock, role: Role
) -> None:
    """Open the link again. It ends a taking down, so it needs the same right."""
    found = await _removable(query, callback_data, cards, role)
    post = None if found is None else await post_ops.restore(found.code)
    if post is None:
        return
    await note(clock.now(), query.from_user.id, "post.restored", post.code, "removed", "live")
    await turn_to(query, bot, await cards.screen(post, callback_data.place))


def build() -> Router:
    router = Router(name="admin card")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(confirm, PostButton.filter(F.act == PostAction.REMOVE))
    router.callback_query.register(remove, PostButton.filter(F.act == PostAction.REMOVE_CONFIRMED))
    router.callback_query.register(take_down, PostButton.filter(F.act == PostAction.TAKE_DOWN))
    router.callback_query.register(restore, PostButton.filter(F.act == PostAction.RESTORE))
    return router
