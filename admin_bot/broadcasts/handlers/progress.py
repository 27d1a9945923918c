"""Confirmed broadcasts: the buttons of their progress messages, and the list."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery, Message

from admin_bot.audit import note
from admin_bot.broadcasts.progress_updater import ProgressUpdater
from admin_bot.broadcasts.service import BroadcastService
from admin_bot.filters import is_button_of
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import answer, pressed_message, toast, turn_to
from core.broadcasts import UNFINISHED, Broadcast, can_recall
from core.clock import Clock
from database.operations import broadcast_ops
from database.operations.broadcasts.decisions import AUDITED_AS, Decision, decide
from views.broadcasts import progress_texts as texts
from views.broadcasts.progress_callbacks import BroadcastAction, BroadcastButton, BroadcastList
from views.navigation import Open, Section
from views.screens import Screen

#: broadcasts on one page of the list
PAGE = 5


@dataclass(frozen=True, slots=True)
class Action:
    """A conditional change of a broadcast."""

    decision: Decision
    #: the toast after the change, and the one when it came too late
    done: Callable[[], str]
    too_late: Callable[[Broadcast], str]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The confirmation before an action."""

    is_possible: Callable[[Broadcast, datetime], bool]
    screen: Callable[[BroadcastService, Broadcast], Awaitable[Screen]]
    #: the toast when the action is not possible
    too_late: Callable[[Broadcast], str]


async def _cancel_screen(broadcasts: BroadcastService, broadcast: Broadcast) -> Screen:
    return texts.confirm_cancel(broadcast)


_ACTIONS: Final = {
    BroadcastAction.PAUSE: Action(Decision.PAUSE, texts.paused, texts.cannot_pause),
    BroadcastAction.RESUME: Action(Decision.RESUME, texts.resumed, texts.cannot_resume),
    BroadcastAction.CANCEL_CONFIRMED: Action(Decision.CANCEL, texts.cancelled, texts.cannot_cancel),
    BroadcastAction.RECALL_CONFIRMED: Action(Decision.RECALL, texts.recall_started, texts.cannot_recall),
}
_CONFIRMATIONS: Final = {
    BroadcastAction.CANCEL: Confirmation(
        lambda broadcast, now: broadcast.status in UNFINISHED,
        _cancel_screen,
        texts.cannot_cancel,
    ),
    BroadcastAction.RECALL: Confirmation(
        can_recall,
        BroadcastService.recall_screen,
        texts.cannot_recall,
    ),
}


async def _find_or_answer(query: CallbackQuery, broadcast_id: str) -> Broadcast | None:
    """Return the broadcast of a button; None if there is none, and then the button is answered."""
    broadcast = await broadcast_ops.find(broadcast_id)
    if broadcast is None:
        await toast(query, texts.gone())
    return broadcast


async def show(query: CallbackQuery, callback_data: BroadcastButton, progress_updater: ProgressUpdater) -> None:
    broadcast = await _find_or_answer(query, callback_data.broadcast_id)
    if broadcast is not None:
        await toast(query)
        await progress_updater.show_here(broadcast, pressed_message(query))


async def confirm(
    query: CallbackQuery,
    callback_data: BroadcastButton,
    clock: Clock,
    progress_updater: ProgressUpdater,
    broadcasts: BroadcastService,
) -> None:
    broadcast = await _find_or_answer(query, callback_data.broadcast_id)
    if broadcast is None:
        return
    confirmation = _CONFIRMATIONS[callback_data.act]
    if confirmation.is_possible(broadcast, clock.now()):
        await toast(query)
        screen = await confirmation.screen(broadcasts, broadcast)
        await progress_updater.confirm_here(broadcast, pressed_message(query), screen)
    else:
        await toast(query, confirmation.too_late(broadcast))
        await progress_updater.show_here(broadcast, pressed_message(query))


async def act(
    query: CallbackQuery, callback_data: BroadcastButton, clock: Clock, progress_updater: ProgressUpdater
) -> None:
    action, now = _ACTIONS[callback_data.act], clock.now()
    broadcast = await _find_or_answer(query, callback_data.broadcast_id)
    if broadcast is None:
        return
    changed = await decide(action.decision, broadcast, now)
    if changed is None:
        broadcast = await _find_or_answer(query, callback_data.broadcast_id)
        if broadcast is not None:
            await toast(query, action.too_late(broadcast))
            await progress_updater.show_here(broadcast, pressed_message(query))
        return
    await toast(query, action.done())
    after = {"title": broadcast.title, "status": changed.status}
    await note(now, query.from_user.id, AUDITED_AS[action.decision], broadcast.id, {"status": broadcast.status}, after)
    await progress_updater.show_here(changed, pressed_message(query))


# the list


async def _list_screen(page: int) -> Screen:
    found = await broadcast_ops.last(PAGE + 1, skip=page * PAGE)
    return texts.list_screen(found[:PAGE], page, more=len(found) > PAGE)


async def show_list(message: Message) -> None:
    """Answer `/broadcast list` with the first page."""
    await answer(message, await _list_screen(0))


async def turn_page(query: CallbackQuery, callback_data: BroadcastList, bot: Bot) -> None:
    await turn_to(query, bot, await _list_screen(callback_data.page))


async def open_section(query: CallbackQuery, bot: Bot) -> None:
    await turn_to(query, bot, await _list_screen(0))


async def unknown_button(query: CallbackQuery, bot: Bot) -> None:
    """Answer a forged button, or one of another version: the list takes its place."""
    await turn_to(query, bot, await _list_screen(0), texts.gone())


def build() -> Router:
    router = Router(name="admin broadcast progress")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(show, BroadcastButton.filter(F.act == BroadcastAction.SHOW))
    router.callback_query.register(confirm, BroadcastButton.filter(F.act.in_(set(_CONFIRMATIONS))))
    router.callback_query.register(act, BroadcastButton.filter(F.act.in_(set(_ACTIONS))))
    router.callback_query.register(turn_page, BroadcastList.filter())
    router.callback_query.register(open_section, Open.filter(F.section == Section.BROADCASTS))
    router.callback_query.register(unknown_button, is_button_of(BroadcastButton, BroadcastList))
    return router
