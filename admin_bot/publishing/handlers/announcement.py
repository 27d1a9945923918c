"""The buttons of one announcement: on the schedule, or below what became of a draft."""

from aiogram import Bot, F, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, InlineKeyboardButton

from admin_bot.conversation.dialogue import Dialogue
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.publishing.decisions import AnnouncementDecisions, off_step
from admin_bot.publishing.lookups import Lookups
from admin_bot.publishing.results import ResultService, is_settled
from admin_bot.publishing.schedule import ScheduleService
from admin_bot.screens import (
    toast,
    turn_to,
    turn_to_fresh,
)
from admin_bot.undo import UndoService
from core.announcements import Announcement, AnnouncementState, is_deletable
from core.clock import Clock
from core.publishing.steps import ALLOWED, Step
from core.team.admins import Role
from core.team.rights import may_take_down
from database.operations import announcement_ops
from views.admin_texts import not_your_role
from views.publishing import announcement_screens as views
from views.publishing.callbacks import AnnouncementAction, AnnouncementButton, Back
from views.publishing.schedule_screens import dropped, off_schedule

_CONFIRMS = frozenset({AnnouncementAction.NOW, AnnouncementAction.WITHDRAW, AnnouncementAction.MOVE})
_STEPS = frozenset(
    {
        AnnouncementAction.NOW_CONFIRMED,
        AnnouncementAction.TRY_AGAIN,
        AnnouncementAction.IT_IS_THERE,
        AnnouncementAction.SEND_AGAIN,
        AnnouncementAction.WITHDRAW_CONFIRMED,
    }
)
#: the step that a button asks about or takes
_STEP_OF = {
    AnnouncementAction.NOW: Step.NOW,
    AnnouncementAction.MOVE: Step.MOVE,
    AnnouncementAction.WITHDRAW: Step.WITHDRAW,
}


async def find_or_show_schedule(
    query: CallbackQuery, bot: Bot, schedule: ScheduleService, announcement_id: str
) -> Announcement | None:
    """Return the announcement of a button; None when it is gone, and then the schedule is shown."""
    found = await announcement_ops.find(announcement_id)
    if found is None:
        await turn_to_fresh(query, bot, await schedule.screen(0))
    return found


async def show(
    query: CallbackQuery,
    callback_data: AnnouncementButton,
    bot: Bot,
    publishing_lookups: Lookups,
    publish_results: ResultService,
    schedule: ScheduleService,
) -> None:
    found = await find_or_show_schedule(query, bot, schedule, callback_data.id)
    if found is not None:
        await _show(query, bot, found, callback_data.back, publishing_lookups, publish_results)


async def _show(
    query: CallbackQuery,
    bot: Bot,
    found: Announcement,
    back: Back,
    lookups: Lookups,
    results: ResultService,
    note: str | None = None,
    undo: InlineKeyboardButton | None = None,
) -> None:
    """Answer the press, show the announcement, and follow it while something happens to it."""
    screen = views.announcement_screen(await lookups.show_one(found), back)
    shown = await turn_to(query, bot, screen.with_row(undo) if undo is not None else screen, note)
    if not is_settled(found):
        await results.follow_one(shown, screen, found.id, back)


async def ask_first(
    query: CallbackQuery,
    callback_data: AnnouncementButton,
    bot: Bot,
    role: Role,
    publishing_lookups: Lookups,
    publish_results: ResultService,
    announcement_decisions: AnnouncementDecisions,
    schedule: ScheduleService,
    clock: Clock,
) -> None:
    """Show what is confirmed first: publishing now, withdrawing; and the times it can be moved to."""
    found, back = await find_or_show_schedule(query, bot, schedule, callback_data.id), callback_data.back
    if found is None:
        return
    one = await publishing_lookups.show_one(found)
    if found.state not in ALLOWED[_STEP_OF[callback_data.act]]:
        await turn_to_fresh(query, bot, views.announcement_screen(one, back))
        return
    if callback_data.act is AnnouncementAction.NOW:
        screen = views.confirm_now(one, back)
    elif callback_data.act is AnnouncementAction.MOVE:
        times = await announcement_decisions.offered(found)
        screen = views.move_screen(one, back, slot=times.slot, is_today_free=times.today is not None)
    else:
        problem = _cannot_withdraw(found, bot.id, role, query.from_user.id)
        if problem is not None:
            await toast(query, problem, alert=True)
            return
        screen = views.confirm_withdraw(one, back, is_deletable=is_deletable(found, clock.now()))
    await turn_to(query, bot, screen)


def _cannot_withdraw(found: Announcement, bot_id: int, role: Role, admin_id: int) -> str | None:
    """Return why it cannot be taken out of its channel by this admin."""
    if not may_take_down(role, admin_id, found.created_by):
        return not_your_role(role)
    if found.message_id is None:
        return views.no_message()
    return views.not_ours() if found.bot_id != bot_id else None


async def step(
    query: CallbackQuery,
    callback_data: AnnouncementButton,
    bot: Bot,
    role: Role,
    publishing_lookups: Lookups,
    publish_results: ResultService,
    announcement_decisions: AnnouncementDecisions,
    schedule: ScheduleService,
) -> None:
    """Publish now, try again, say that it is there, send again, withdraw."""
    act, admin_id, announcement_id = callback_data.act, query.from_user.id, callback_data.id
    match act:
        case AnnouncementAction.IT_IS_THERE:
            changed = await announcement_decisions.confirm_there(admin_id, announcement_id)
        case AnnouncementAction.SEND_AGAIN:
            changed = await announcement_decisions.send_again(admin_id, announcement_id)
        case AnnouncementAction.WITHDRAW_CONFIRMED:
            before = await find_or_show_schedule(query, bot, schedule, announcement_id)
            if before is None:
                return
            problem = _cannot_withdraw(before, bot.id, role, admin_id)
            if problem is not None:
                await toast(query, problem, alert=True)
                return
            changed = await announcement_decisions.withdraw(admin_id, announcement_id)
        case _:
            changed = await announcement_decisions.publish_now(admin_id, announcement_id)
    found = changed or await find_or_show_schedule(query, bot, schedule, announcement_id)
    if found is None:
        return
    if act is AnnouncementAction.TRY_AGAIN and callback_data.back is Back.RESULT:
        await _show_result(query, bot, found, publish_results)
        return
    # pressed twice, or somebody was faster: it is shown as it is
    await _show(query, bot, found, callback_data.back, publishing_lookups, publish_results)


async def _show_result(query: CallbackQuery, bot: Bot, found: Announcement, results: ResultService) -> None:
    announcements = await results.find(found.key)
    screen = await results.screen(announcements)
    shown = await turn_to(query, bot, screen)
    await results.follow(shown, screen, found.key)


async def take_off(
    query: CallbackQuery,
    callback_data: AnnouncementButton,
    bot: Bot,
    state: FSMContext,
    publishing_lookups: Lookups,
    publish_results: ResultService,
    announcement_decisions: AnnouncementDecisions,
    schedule: ScheduleService,
    undo_service: UndoService,
    clock: Clock,
) -> None:
    before = await find_or_show_schedule(query, bot, schedule, callback_data.id)
    if before is None:
        return
    if before.state not in ALLOWED[Step.OFF]:
        screen = views.announcement_screen(await publishing_lookups.show_one(before), callback_data.back)
        await turn_to_fresh(query, bot, screen)
        return
    changed = await announcement_decisions.take_off(query.from_user.id, before.id)
    undo, note = None, None
    if changed is not None:
        was_planned = before.state is AnnouncementState.PLANNED
        note = off_schedule() if was_planned else dropped()
        if was_planned:
            undo = await undo_service.offer(Dialogue(state), off_step(before), clock.now())
    found = changed or await find_or_show_schedule(query, bot, schedule, callback_data.id)
    if found is not None:
        back = callback_data.back
        await _show(query, bot, found, back, publishing_lookups, publish_results, note, undo)


def build() -> Router:
    router = Router(name="admin announcements")
    router.callback_query.middleware(EndQuestion())
    act = AnnouncementAction
    router.callback_query.register(show, AnnouncementButton.filter(F.act == act.SHOW))
    router.callback_query.register(ask_first, AnnouncementButton.filter(F.act.in_(_CONFIRMS)))
    router.callback_query.register(step, AnnouncementButton.filter(F.act.in_(_STEPS)))
    router.callback_query.register(take_off, AnnouncementButton.filter(F.act == act.OFF))
    return router
