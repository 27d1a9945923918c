"""Batches: messages are collected under one status message, then become one post (or a post's new content)."""

from aiogram import Bot, F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from admin_bot.content import kind_of, written_title
from admin_bot.conversation.batch_draft import Added, Draft, new_draft
from admin_bot.conversation.dialogue import Dialogue
from admin_bot.filters import is_copyable, is_refused
from admin_bot.posts.batch_status import PendingEdit, StatusBoard
from admin_bot.posts.posting import Made, NotMade, PostMaker
from admin_bot.screens import drop, quoting, screen_id, show, show_under, toast
from admin_bot.states import Collecting
from admin_bot.storage.albums import AlbumCollector
from database.operations import post_ops
from views.links import post_link
from views.posts import batch_texts as texts
from views.posts import keyboards
from views.posts.callbacks import BatchAction, BatchButton
from views.posts.texts import POST_GONE, batch_title, cannot_store, made, replaced

_REFUSALS = {Added.FULL: texts.FULL, Added.ALBUM_TOO_BIG: texts.ALBUM_TOO_BIG}


def _status_text(draft: Draft) -> str:
    return texts.status(len(draft.items), draft.replaces_number)


async def show_status(bot: Bot, chat_id: int, dialogue: Dialogue, draft: Draft, status: StatusBoard) -> None:
    """Put the batch's status message (the only one) at the end of the chat."""
    # first kept, then shown: an answer of Telegram that is lost must not lose the batch
    await dialogue.keep_draft(draft)
    await drop(bot, chat_id, await status.settle(chat_id, draft.status_message_id))
    sent = await bot.send_message(chat_id, _status_text(draft), reply_markup=keyboards.batch(draft.id))
    await dialogue.keep_draft(draft.model_copy(update={"status_message_id": sent.message_id}))


async def begin(message: Message, bot: Bot, state: FSMContext, status: StatusBoard) -> None:
    """/batch; asked again, an open batch goes on."""
    dialogue = Dialogue(state)
    draft = await dialogue.draft() or new_draft()
    await show_status(bot, message.chat.id, dialogue, draft, status)


async def collect(message: Message, state: FSMContext, status: StatusBoard) -> None:
    dialogue = Dialogue(state)
    draft = await dialogue.draft()
    if draft is None:
        await dialogue.close_draft()
        await message.answer(texts.LOST)
        return
    changed, added = draft.add(message.message_id, message.media_group_id, written_title(message))
    if changed is not draft:
        await dialogue.keep_draft(changed)
        wish = PendingEdit(changed.status_message_id, _status_text(changed), keyboards.batch(changed.id))
        status.want(message.chat.id, wish)
    if added in _REFUSALS:
        await message.answer(_REFUSALS[added], reply_parameters=quoting(message.message_id))


async def refuse(message: Message) -> None:
    await message.answer(cannot_store(kind_of(message)), reply_parameters=quoting(message.message_id))


async def _open_draft(query: CallbackQuery, callback_data: BatchButton, bot: Bot, state: FSMContext) -> Draft | None:
    """The batch this button belongs to; a stale button says so and vanishes."""
    draft = await Dialogue(state).draft()
    if draft is not None and draft.id == callback_data.batch:
        return draft
    await toast(query, texts.STALE)
    if screen_id(query) is not None:
        await show_under(query, bot, texts.STALE)
    return None


async def cancel(
    query: CallbackQuery, callback_data: BatchButton, bot: Bot, state: FSMContext, status: StatusBoard
) -> None:
    draft = await _open_draft(query, callback_data, bot, state)
    if draft is None:
        return
    await Dialogue(state).close_draft()
    await status.settle(query.from_user.id, draft.status_message_id)
    await toast(query)
    await show_under(query, bot, texts.CANCELLED)


async def finish(
    query: CallbackQuery,
    callback_data: BatchButton,
    bot: Bot,
    state: FSMContext,
    status: StatusBoard,
    posts: PostMaker,
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
    await status.settle(chat_id, draft.status_message_id)
    screen = await show_under(query, bot, texts.storing(len(draft.items)))
    outcome = await _make(posts, chat_id, draft)
    if isinstance(outcome, NotMade):
        sentence = texts.not_stored(outcome.sentence, len(draft.items))
        await show(bot, chat_id, screen, sentence, keyboards.batch(draft.id))
        return
    await Dialogue(state).close_draft()
    for group_id, message_ids in draft.groups().items():
        albums.close_group(chat_id, group_id, message_ids)
    await _show_outcome(bot, chat_id, screen, draft, outcome, user_bot_username)


async def _make(posts: PostMaker, admin_id: int, draft: Draft) -> Made | NotMade | None:
    if draft.replaces is None:
        title = draft.title or batch_title(len(draft.items))
        return await posts.make(admin_id, admin_id, draft.message_ids, title)
    post = await post_ops.find(draft.replaces)
    return None if post is None else await posts.replace(admin_id, post, admin_id, draft.message_ids)


async def _show_outcome(
    bot: Bot, chat_id: int, screen: int, draft: Draft, outcome: Made | None, user_bot_username: str
) -> None:
    if outcome is None:
        await show(bot, chat_id, screen, POST_GONE)
        return
    link = post_link(user_bot_username, outcome.post.code)
    html = replaced(outcome.post, link) if draft.replaces else made(outcome.post, link)
    await show(bot, chat_id, screen, html, keyboards.made(outcome.post, link))


def build() -> Router:
    router = Router(name="admin batch")
    router.message.register(collect, StateFilter(Collecting.messages), is_copyable)
    router.message.register(refuse, StateFilter(Collecting.messages), is_refused)
    router.callback_query.register(finish, BatchButton.filter(F.act == BatchAction.FINISH))
    router.callback_query.register(cancel, BatchButton.filter(F.act == BatchAction.CANCEL))
    return router
