"""Moving an announcement to another time."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from aiogram import Bot, F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message, User

from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.publishing.decisions import AnnouncementDecisions, move_step
from admin_bot.publishing.handlers.announcement import find_or_show_schedule
from admin_bot.publishing.lookups import Lookups
from admin_bot.publishing.schedule import ScheduleService
from admin_bot.screens import move_below, reply_to, screen_id, toast, turn_to, turn_to_fresh
from admin_bot.states import PublishAsked
from admin_bot.undo import UndoService
from core.announcements import Announcement, AnnouncementState
from core.clock import Clock
from core.errors import BadInput
from core.settings.changes import Editor
from core.times import read_time
from database.operations import announcement_ops
from views.admin_texts import first_the_batch
from views.conflicts import conflict
from views.html import esc
from views.publishing import announcement_screens as views
from views.publishing.callbacks import AnnouncementAction, AnnouncementButton, Back, MoveTo
from views.publishing.draft_screens import ask_time, question_lost
from views.publishing.times import time_words
from views.screens import Screen

_MOVES = frozenset({AnnouncementAction.MOVE_SLOT, AnnouncementAction.MOVE_TODAY, AnnouncementAction.MOVE_TOMORROW})


def _editor(user: User) -> Editor:
    return Editor(user.id, user.first_name)


async def move(
    query: CallbackQuery,
    callback_data: AnnouncementButton,
    bot: Bot,
    state: FSMContext,
    publishing_lookups: Lookups,
    announcement_decisions: AnnouncementDecisions,
    schedule: ScheduleService,
    undo_service: UndoService,
    clock: Clock,
) -> None:
    before = await find_or_show_schedule(query, bot, schedule, callback_data.id)
    if before is None:
        return
    times = await announcement_decisions.offered(before)
    chosen = {
        AnnouncementAction.MOVE_SLOT: times.slot,
        AnnouncementAction.MOVE_TODAY: times.today,
        AnnouncementAction.MOVE_TOMORROW: times.tomorrow,
    }
    at = chosen[callback_data.act]
    moved = await announcement_decisions.move(_editor(query.from_user), before, at) if at is not None else None
    if moved is None or at is None:
        screen = views.announcement_screen(await publishing_lookups.show_one(before), callback_data.back)
        await turn_to_fresh(query, bot, screen)
        return
    undo = await undo_service.offer(Dialogue(state), move_step(moved.id, before.publish_at, at), clock.now())
    screen = views.announcement_screen(await publishing_lookups.show_one(moved), callback_data.back)
    await turn_to(query, bot, screen.with_row(undo))


async def move_anyway(
    query: CallbackQuery,
    callback_data: MoveTo,
    bot: Bot,
    publishing_lookups: Lookups,
    announcement_decisions: AnnouncementDecisions,
    schedule: ScheduleService,
    clock: Clock,
) -> None:
    """Somebody else has moved it, and the admin wants the own time."""
    before = await find_or_show_schedule(query, bot, schedule, callback_data.id)
    if before is None:
        return
    at = datetime.fromtimestamp(callback_data.minute * 60, UTC)
    is_ahead = at > clock.now()
    moved = await announcement_decisions.move(_editor(query.from_user), before, at) if is_ahead else None
    screen = views.announcement_screen(await publishing_lookups.show_one(moved or before), callback_data.back)
    await (turn_to if moved is not None else turn_to_fresh)(query, bot, screen)


async def ask_for_time(
    query: CallbackQuery,
    callback_data: AnnouncementButton,
    bot: Bot,
    state: FSMContext,
    publishing_lookups: Lookups,
    schedule: ScheduleService,
    zone: ZoneInfo,
) -> None:
    found = await find_or_show_schedule(query, bot, schedule, callback_data.id)
    if found is None:
        return
    dialogue = Dialogue(state)
    if await dialogue.batch_draft() is not None:
        await toast(query, first_the_batch(), alert=True)
        return
    asked = Question(callback_data.pack(), screen_id(query), found.publish_at.isoformat())
    await dialogue.ask(PublishAsked.time, asked)
    one = await publishing_lookups.show_one(found)
    await turn_to(query, bot, views.move_question(one, callback_data.back, ask_time(zone)))


async def is_of_announcement(message: Message, state: FSMContext) -> bool:
    """Return whether the waiting question is about an announcement that exists."""
    question = await Dialogue(state).question()
    return question is not None and question.asked_by(AnnouncementButton) is not None


async def time_answered(
    message: Message,
    bot: Bot,
    state: FSMContext,
    publishing_lookups: Lookups,
    announcement_decisions: AnnouncementDecisions,
    undo_service: UndoService,
    clock: Clock,
    zone: ZoneInfo,
) -> None:
    dialogue = Dialogue(state)
    question = await dialogue.question()
    asked = question.asked_by(AnnouncementButton) if question is not None else None
    before = await announcement_ops.find(asked.id) if asked is not None else None
    if question is None or asked is None or before is None:
        await dialogue.end_question()
        await message.answer(question_lost())
        return
    try:
        at = read_time(message.text or "", clock.now(), zone)
    except BadInput as problem:
        await message.answer(esc(problem.sentence), reply_parameters=reply_to(message.message_id))
        return
    seen = datetime.fromisoformat(question.seen)
    editor = Editor(message.chat.id, message.chat.first_name or "")
    moved = await announcement_decisions.move(editor, before, at, seen)
    one = await publishing_lookups.show_one(moved or before)
    screen = views.announcement_screen(one, asked.back)
    if moved is not None:
        undo = await undo_service.offer(dialogue, move_step(moved.id, seen, at), clock.now())
        screen = screen.with_row(undo)
    elif before.state is AnnouncementState.PLANNED and before.publish_at not in (seen, at):
        screen = _conflict(before, at, asked.back, one)
    await move_below(bot, message.chat.id, question.screen_id, screen)
    await dialogue.end_question()


def _conflict(now_planned: Announcement, mine: datetime, back: Back, one: views.Shown) -> Screen:
    keep = AnnouncementButton(act=AnnouncementAction.SHOW, id=now_planned.id, back=back).pack()
    save = MoveTo(id=now_planned.id, minute=int(mine.timestamp()) // 60, back=back).pack()
    at = time_words(now_planned.publish_at, one.zone, one.now)
    return conflict(
        now_planned.moved_by_name or "", at, save_mine=save, keep_theirs=keep, parent=views.parent_of(now_planned, back)
    )


def build() -> Router:
    router = Router(name="admin announcement times")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(move, AnnouncementButton.filter(F.act.in_(_MOVES)))
    router.callback_query.register(move_anyway, MoveTo.filter())
    router.callback_query.register(ask_for_time, AnnouncementButton.filter(F.act == AnnouncementAction.ASK_TIME))
    router.message.register(time_answered, StateFilter(PublishAsked.time), is_of_announcement)
    return router
