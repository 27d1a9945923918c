"""The default cover: the picture of announcements whose post has none; kept in the storage channel."""

from aiogram import Bot, F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, InlineKeyboardButton, Message

from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.publishing.covers import CoverKeeper
from admin_bot.publishing.default_cover import DefaultCover, cover_step
from admin_bot.screens import move_below, reply_to, screen_id, toast, turn_to
from admin_bot.states import PublishAsked
from admin_bot.storage.copier import NotStored
from admin_bot.undo import UndoService
from core.clock import Clock
from core.settings.changes import Editor
from views.admin_texts import first_the_batch
from views.navigation import Open, Section
from views.publishing import setting_screens as views
from views.publishing.callbacks import DefaultCoverAction, DefaultCoverButton


async def show(query: CallbackQuery, bot: Bot, default_cover: DefaultCover) -> None:
    await turn_to(query, bot, views.default_cover_screen(is_set=await default_cover.message_id() is not None))


async def look(query: CallbackQuery, bot: Bot, default_cover: DefaultCover) -> None:
    is_sent = await default_cover.send(query.from_user.id)
    await toast(query, None if is_sent else views.no_cover_shown(), alert=not is_sent)


async def remove(
    query: CallbackQuery,
    bot: Bot,
    state: FSMContext,
    default_cover: DefaultCover,
    undo_service: UndoService,
    clock: Clock,
) -> None:
    before = await default_cover.message_id()
    user, undo = query.from_user, None
    if before is not None and await default_cover.change(Editor(user.id, user.first_name), before, None):
        undo = await undo_service.offer(Dialogue(state), cover_step(before, None), clock.now())
    is_set = await default_cover.message_id() is not None
    note = views.cover_removed() if undo is not None else ""
    await turn_to(query, bot, views.default_cover_screen(is_set=is_set, undo=undo, note=note))


async def ask(query: CallbackQuery, callback_data: DefaultCoverButton, bot: Bot, state: FSMContext) -> None:
    dialogue = Dialogue(state)
    if await dialogue.batch_draft() is not None:
        await toast(query, first_the_batch(), alert=True)
        return
    await dialogue.ask(PublishAsked.cover, Question(callback_data.pack(), screen_id(query)))
    await turn_to(query, bot, views.default_cover_question())


async def is_of_default(message: Message, state: FSMContext) -> bool:
    """Return whether the waiting question is the one for the default cover."""
    question = await Dialogue(state).question()
    return question is not None and question.asked_by(DefaultCoverButton) is not None


async def sent(
    message: Message,
    bot: Bot,
    state: FSMContext,
    cover_keeper: CoverKeeper,
    default_cover: DefaultCover,
    undo_service: UndoService,
    clock: Clock,
) -> None:
    dialogue = Dialogue(state)
    taken = await cover_keeper.take(message)
    if isinstance(taken, NotStored):
        await message.answer(taken.sentence, reply_parameters=reply_to(message.message_id))
        return
    undo: InlineKeyboardButton | None = None
    before = await default_cover.message_id()
    editor = Editor(message.chat.id, message.chat.first_name or "")
    if await default_cover.change(editor, before, taken.message_id):
        undo = await undo_service.offer(dialogue, cover_step(before, taken.message_id), clock.now())
    question = await dialogue.question()
    note = views.cover_saved() if undo is not None else views.cover_changed()
    screen = views.default_cover_screen(is_set=True, undo=undo, note=note)
    await move_below(bot, message.chat.id, question.screen_id if question is not None else None, screen)
    await dialogue.end_question()


def build() -> Router:
    router = Router(name="admin default cover")
    router.callback_query.middleware(EndQuestion())
    act = DefaultCoverAction
    router.callback_query.register(show, Open.filter(F.section == Section.DEFAULT_COVER))
    router.callback_query.register(look, DefaultCoverButton.filter(F.act == act.LOOK))
    router.callback_query.register(remove, DefaultCoverButton.filter(F.act == act.NONE))
    router.callback_query.register(ask, DefaultCoverButton.filter(F.act == act.SEND))
    router.message.register(sent, StateFilter(PublishAsked.cover), is_of_default)
    return router
