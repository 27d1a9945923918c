"""Batches: several messages are collected until `Done`, then become a post, or messages of one."""

from aiogram import Bot, F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from admin_bot.content import kind_of, post_item, written_title
from admin_bot.conversation.batch_draft import AddOutcome, BatchDraft, StoredCopies, draft_for, new_batch_draft
from admin_bot.conversation.dialogue import Dialogue
from admin_bot.filters import is_copyable, is_refused
from admin_bot.posts.batch_status import BatchStatus, status_screen
from admin_bot.posts.cards import CardService
from admin_bot.posts.lists import list_screen
from admin_bot.posts.post_maker import Made, NotMade, PostMaker
from admin_bot.screens import (
    pressed_message,
    remove_screen,
    reply_to,
    screen_id,
    show,
    show_in_place,
    toast,
    turn_to,
    turn_to_fresh,
)
from admin_bot.states import Collecting
from admin_bot.storage.albums import AlbumCollector
from admin_bot.storage.copier import Stored
from core.posts import Post
from database.operations.posts import post_ops
from views.admin_texts import first_the_batch
from views.posts import batch_texts as texts
from views.posts import made as made_views
from views.posts.callbacks import BatchAction, BatchButton, PostAction, PostButton, PostList
from views.screens import Screen
from views.storage.content_texts import cannot_store

_REFUSALS = {AddOutcome.FULL: texts.full(), AddOutcome.ALBUM_TOO_BIG: texts.album_too_big()}


async def open_batch(message: Message, state: FSMContext, batch_status: BatchStatus) -> None:
    """Open a batch, or show the one that is open."""
    dialogue = Dialogue(state)
    draft = await dialogue.batch_draft() or new_batch_draft()
    await batch_status.show(message.chat.id, dialogue, draft)


async def open_for_post(
    query: CallbackQuery, callback_data: PostButton, state: FSMContext, batch_status: BatchStatus, cards: CardService
) -> None:
    """Collect messages that are added to a post, or take the place of all it has."""
    dialogue, replaces = Dialogue(state), callback_data.act is PostAction.REPLACE
    draft = await dialogue.batch_draft()
    if draft is not None and callback_data.code != (draft.replaces if replaces else draft.adds_to):
        await toast(query, first_the_batch(), alert=True)
        return
    if draft is None:
        post = await cards.find_or_answer(query, callback_data.code, callback_data.place)
        if post is None:
            return
        draft = draft_for(post, replaces=replaces)
    # pressed again, perhaps because Telegram's answer was lost: the open batch stays
    await toast(query)
    await batch_status.show(query.from_user.id, dialogue, draft)


async def collect(message: Message, state: FSMContext, batch_status: BatchStatus) -> None:
    dialogue = Dialogue(state)
    draft = await dialogue.batch_draft()
    if draft is None:
        await dialogue.close_batch_draft()
        await message.answer(texts.lost())
        return
    changed, outcome = draft.add(message.message_id, message.media_group_id, written_title(message), post_item(message))
    if changed is not draft:
        await dialogue.keep_batch_draft(changed)
    # also for what was refused: the message has moved the status message up
    batch_status.schedule(message.chat.id)
    if outcome in _REFUSALS:
        await message.answer(_REFUSALS[outcome], reply_parameters=reply_to(message.message_id))


async def refuse(message: Message, batch_status: BatchStatus) -> None:
    batch_status.schedule(message.chat.id)
    await message.answer(cannot_store(kind_of(message)), reply_parameters=reply_to(message.message_id))


async def _open_draft(
    query: CallbackQuery, callback_data: BatchButton, bot: Bot, state: FSMContext, cards: CardService
) -> BatchDraft | None:
    """Return the batch of the button; None if it has ended, and then its message shows what became of it."""
    dialogue = Dialogue(state)
    draft = await dialogue.batch_draft()
    if draft is not None and draft.id == callback_data.batch:
        return draft
    code = await dialogue.made_of(callback_data.batch)
    post = None if code is None else await post_ops.find(code)
    if post is None:
        await turn_to_fresh(query, bot, await list_screen(PostList(), None))
    else:
        await turn_to(query, bot, await cards.made(post), texts.stale())
    return None


async def cancel(
    query: CallbackQuery,
    callback_data: BatchButton,
    bot: Bot,
    state: FSMContext,
    batch_status: BatchStatus,
    post_maker: PostMaker,
    cards: CardService,
) -> None:
    draft = await _open_draft(query, callback_data, bot, state, cards)
    if draft is None:
        return
    await Dialogue(state).close_batch_draft()
    batch_status.cancel(query.from_user.id)
    await turn_to(query, bot, Screen(texts.cancelled()))
    await _forget_other_status(query, bot, draft)
    if draft.stored is not None:
        await post_maker.drop(Stored(draft.stored.chat_id, draft.stored.message_ids))


async def _forget_other_status(query: CallbackQuery, bot: Bot, draft: BatchDraft) -> None:
    """Delete the status message, if an older one was pressed that was left by a kill or a lost answer."""
    if draft.status_message_id != screen_id(query):
        await remove_screen(bot, query.from_user.id, draft.status_message_id)


async def done(
    query: CallbackQuery,
    callback_data: BatchButton,
    bot: Bot,
    state: FSMContext,
    batch_status: BatchStatus,
    post_maker: PostMaker,
    albums: AlbumCollector,
    cards: CardService,
) -> None:
    draft = await _open_draft(query, callback_data, bot, state, cards)
    if draft is None:
        return
    if not draft.is_enough:
        await toast(query, texts.nothing_yet(), alert=True)
        return
    chat_id, dialogue = query.from_user.id, Dialogue(state)
    batch_status.cancel(chat_id)
    # `Done` stays below until the end: pressed again after a kill, it goes on
    await toast(query, texts.storing(len(draft.items)))
    outcome = await _store_and_make(post_maker, dialogue, chat_id, draft)
    if isinstance(outcome, NotMade):
        await show_in_place(query, bot, texts.not_stored(outcome.sentence, len(draft.items), status_screen(draft)))
        return
    await dialogue.close_batch_draft(None if outcome is None else outcome.post.code)
    for group_id, message_ids in draft.groups().items():
        albums.close_group(chat_id, group_id, message_ids)
    if outcome is None:
        await show_in_place(query, bot, (await list_screen(PostList(), None)).with_note(made_views.nothing_there()))
    else:
        await show(bot, pressed_message(query), await _answer(cards, draft, outcome.post))
    await _forget_other_status(query, bot, draft)


async def _store_and_make(
    post_maker: PostMaker, dialogue: Dialogue, admin_id: int, draft: BatchDraft
) -> Made | NotMade | None:
    """Copy the messages, remember the copies, then write the post: a kill in between loses and repeats nothing."""
    copies = draft.copies
    if copies is None:
        stored = await post_maker.store(admin_id, draft.message_ids)
        if isinstance(stored, NotMade):
            return stored
        copies = StoredCopies(chat_id=stored.chat_id, message_ids=stored.message_ids, sources=draft.message_ids)
        if draft.stored is not None:
            # made by an earlier `Done`, of other messages than it has now
            await post_maker.drop(Stored(draft.stored.chat_id, draft.stored.message_ids))
        draft = draft.model_copy(update={"stored": copies})
        await dialogue.keep_batch_draft(draft)
    post_maker.keep(admin_id, draft.message_ids, Stored(copies.chat_id, copies.message_ids))
    outcome = await _make(post_maker, admin_id, draft)
    if isinstance(outcome, NotMade):
        # the copies were deleted
        await dialogue.keep_batch_draft(draft.model_copy(update={"stored": None}))
    return outcome


async def _make(post_maker: PostMaker, admin_id: int, draft: BatchDraft) -> Made | NotMade | None:
    target = draft.replaces or draft.adds_to
    if target is None:
        title = draft.title or texts.batch_title(len(draft.items))
        return await post_maker.make(admin_id, admin_id, draft.message_ids, title, draft.contents, code=draft.code)
    post = await post_ops.find(target)
    if post is None:
        if draft.stored is not None:
            await post_maker.drop(Stored(draft.stored.chat_id, draft.stored.message_ids))
        return None
    change = post_maker.replace if draft.replaces else post_maker.append
    return await change(admin_id, post, admin_id, draft.message_ids, draft.contents)


async def _answer(cards: CardService, draft: BatchDraft, post: Post) -> Screen:
    if draft.replaces is None and draft.adds_to is None:
        return await cards.made(post)
    link, steps = cards.link(post), await cards.steps(post)
    if draft.replaces is not None:
        return made_views.replaced(post, link, steps)
    return made_views.added(post, link, steps, len(draft.items))


def build() -> Router:
    router = Router(name="admin batch")
    router.message.register(collect, StateFilter(Collecting.messages), is_copyable)
    router.message.register(refuse, StateFilter(Collecting.messages), is_refused)
    router.callback_query.register(done, BatchButton.filter(F.act == BatchAction.DONE))
    router.callback_query.register(cancel, BatchButton.filter(F.act == BatchAction.CANCEL))
    router.callback_query.register(open_for_post, PostButton.filter(F.act.in_({PostAction.ADD, PostAction.REPLACE})))
    return router
