"""Batches: several messages are collected, then become one post or the new content of a post."""

from aiogram import Bot, F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from admin_bot.content import kind_of, post_item, written_title
from admin_bot.conversation.batch_draft import AddOutcome, BatchDraft, new_batch_draft
from admin_bot.conversation.dialogue import Dialogue
from admin_bot.filters import is_copyable, is_refused
from admin_bot.posts.batch_status import BatchStatusEditor, PendingEdit
from admin_bot.posts.post_maker import Made, NotMade, PostMaker
from admin_bot.screens import MessageRef, Screen, remove_screen, reply_to, screen_id, send, show, show_in_place, toast
from admin_bot.states import Collecting
from admin_bot.storage.albums import AlbumCollector
from database.operations import post_ops
from views.links import post_link
from views.posts import batch_texts as texts
from views.posts import keyboards
from views.posts.callbacks import BatchAction, BatchButton
from views.posts.texts import POST_GONE, batch_title, made, replaced
from views.storage.content_texts import cannot_store

_REFUSALS = {AddOutcome.FULL: texts.FULL, AddOutcome.ALBUM_TOO_BIG: texts.ALBUM_TOO_BIG}


def _status_screen(draft: BatchDraft) -> Screen:
    return Screen(texts.status(len(draft.items), draft.replaces_number), keyboards.batch(draft.id))


async def show_status(
    bot: Bot, chat_id: int, dialogue: Dialogue, draft: BatchDraft, batch_status: BatchStatusEditor
) -> None:
    """Move the batch's only status message to the end of the chat: delete the old one, send a new one."""
    # stored before it is shown: if Telegram's answer is lost, the batch is not
    await dialogue.keep_batch_draft(draft)
    await remove_screen(bot, chat_id, await batch_status.cancel_pending(chat_id, draft.status_message_id))
    sent = await send(bot, chat_id, _status_screen(draft))
    await dialogue.keep_batch_draft(draft.model_copy(update={"status_message_id": sent.message_id}))


async def open_batch(message: Message, bot: Bot, state: FSMContext, batch_status: BatchStatusEditor) -> None:
    """Open a batch, or show the one that is open."""
    dialogue = Dialogue(state)
    draft = await dialogue.batch_draft() or new_batch_draft()
    await show_status(bot, message.chat.id, dialogue, draft, batch_status)


async def collect(message: Message, state: FSMContext, batch_status: BatchStatusEditor) -> None:
    dialogue = Dialogue(state)
    draft = await dialogue.batch_draft()
    if draft is None:
        await dialogue.close_batch_draft()
        await message.answer(texts.LOST)
        return
    changed, outcome = draft.add(message.message_id, message.media_group_id, written_title(message), post_item(message))
    if changed is not draft:
        await dialogue.keep_batch_draft(changed)
        batch_status.schedule(message.chat.id, PendingEdit(changed.status_message_id, _status_screen(changed)))
    if outcome in _REFUSALS:
        await message.answer(_REFUSALS[outcome], reply_parameters=reply_to(message.message_id))


async def refuse(message: Message) -> None:
    await message.answer(cannot_store(kind_of(message)), reply_parameters=reply_to(message.message_id))


async def _open_draft(
    query: CallbackQuery, callback_data: BatchButton, bot: Bot, state: FSMContext
) -> BatchDraft | None:
    """Return the batch of the button; None if it is closed, and then the button's message says so."""
    draft = await Dialogue(state).batch_draft()
    if draft is not None and draft.id == callback_data.batch:
        return draft
    await toast(query, texts.STALE)
    if screen_id(query) is not None:
        await show_in_place(query, bot, Screen(texts.STALE))
    return None


async def cancel(
    query: CallbackQuery, callback_data: BatchButton, bot: Bot, state: FSMContext, batch_status: BatchStatusEditor
) -> None:
    draft = await _open_draft(query, callback_data, bot, state)
    if draft is None:
        return
    await Dialogue(state).close_batch_draft()
    await batch_status.cancel_pending(query.from_user.id, draft.status_message_id)
    await toast(query)
    await show_in_place(query, bot, Screen(texts.CANCELLED))


async def finish(
    query: CallbackQuery,
    callback_data: BatchButton,
    bot: Bot,
    state: FSMContext,
    batch_status: BatchStatusEditor,
    post_maker: PostMaker,
    albums: AlbumCollector,
    user_bot_username: str,
) -> None:
    draft = await _open_draft(query, callback_data, bot, state)
    if draft is None:
        return
    if not draft.is_enough:
        await toast(query, texts.NOTHING_YET if draft.replaces else texts.TOO_FEW, alert=True)
        return
    chat_id = query.from_user.id
    await toast(query)
    await batch_status.cancel_pending(chat_id, draft.status_message_id)
    ref = await show_in_place(query, bot, Screen(texts.storing(len(draft.items))))
    outcome = await _make(post_maker, chat_id, draft)
    if isinstance(outcome, NotMade):
        sentence = texts.not_stored(outcome.sentence, len(draft.items))
        await show(bot, ref, Screen(sentence, keyboards.batch(draft.id)))
        return
    await Dialogue(state).close_batch_draft()
    for group_id, message_ids in draft.groups().items():
        albums.close_group(chat_id, group_id, message_ids)
    await _show_outcome(bot, ref, draft, outcome, user_bot_username)


async def _make(post_maker: PostMaker, admin_id: int, draft: BatchDraft) -> Made | NotMade | None:
    if draft.replaces is None:
        title = draft.title or batch_title(len(draft.items))
        return await post_maker.make(admin_id, admin_id, draft.message_ids, title, draft.contents)
    post = await post_ops.find(draft.replaces)
    if post is None:
        return None
    return await post_maker.replace(admin_id, post, admin_id, draft.message_ids, draft.contents)


async def _show_outcome(
    bot: Bot, ref: MessageRef, draft: BatchDraft, outcome: Made | None, user_bot_username: str
) -> None:
    if outcome is None:
        await show(bot, ref, Screen(POST_GONE))
        return
    link = post_link(user_bot_username, outcome.post.code)
    html = replaced(outcome.post, link) if draft.replaces else made(outcome.post, link)
    await show(bot, ref, Screen(html, keyboards.made(outcome.post, link)))


def build() -> Router:
    router = Router(name="admin batch")
    router.message.register(collect, StateFilter(Collecting.messages), is_copyable)
    router.message.register(refuse, StateFilter(Collecting.messages), is_refused)
    router.callback_query.register(finish, BatchButton.filter(F.act == BatchAction.FINISH))
    router.callback_query.register(cancel, BatchButton.filter(F.act == BatchAction.CANCEL))
    return router
