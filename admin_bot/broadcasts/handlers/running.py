"""A broadcast that was confirmed: its buttons, and the list of broadcasts."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from admin_bot.audit import note
from admin_bot.broadcasts.progress import BroadcastWatch
from admin_bot.broadcasts.screens import Face, MessageRef
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import screen_id, show_under, toast
from core.broadcasts import UNFINISHED, Broadcast
from core.clock import Clock
from database.operations import broadcast_ops
from views.broadcasts import progress_keyboards as keyboards
from views.broadcasts import progress_texts as texts
from views.broadcasts.progress_callbacks import RunAction, RunButton, RunList

#: broadcasts on one page of the list
PAGE = 10


@dataclass(frozen=True, slots=True)
class Action:
    """One conditional change, what is said of it, and what is said when it was too late."""

    change: Callable[[str, datetime], Awaitable[Broadcast | None]]
    name: str
    done: str
    too_late: Callable[[Broadcast], str]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What is asked before a change, and when asking makes sense; else what is said."""

    may: Callable[[Broadcast, datetime], bool]
    face: Callable[[Broadcast], Face]
    too_late: Callable[[Broadcast], str]


async def _pause(broadcast_id: str, now: datetime) -> Broadcast | None:
    return await broadcast_ops.pause(broadcast_id)


async def _resume(broadcast_id: str, now: datetime) -> Broadcast | None:
    return await broadcast_ops.resume(broadcast_id)


_DEEDS: Final = {
    RunAction.PAUSE: Action(_pause, "broadcast.paused", texts.PAUSED, texts.not_to_pause),
    RunAction.RESUME: Action(_resume, "broadcast.resumed", texts.RESUMED, texts.not_to_resume),
    RunAction.CANCEL_SURE: Action(broadcast_ops.cancel, "broadcast.cancelled", texts.CANCELLED, texts.not_to_cancel),
    RunAction.TAKE_BACK_SURE: Action(
        broadcast_ops.request_recall, "broadcast.recall_wanted", texts.TAKING_BACK, texts.not_to_take_back
    ),
}
_QUESTIONS: Final = {
    RunAction.CANCEL: Confirmation(
        lambda broadcast, now: broadcast.status in UNFINISHED,
        lambda broadcast: (texts.confirm_cancel(broadcast), keyboards.confirm_cancel(broadcast)),
        texts.not_to_cancel,
    ),
    RunAction.TAKE_BACK: Confirmation(
        keyboards.may_take_back,
        lambda broadcast: (texts.confirm_take_back(broadcast), keyboards.confirm_take_back(broadcast)),
        texts.not_to_take_back,
    ),
}


def _place(query: CallbackQuery) -> MessageRef:
    return query.from_user.id, screen_id(query)


async def _found(query: CallbackQuery, broadcast_id: str) -> Broadcast | None:
    """The broadcast behind a button; None when it is none, and that was said."""
    broadcast = await broadcast_ops.find(broadcast_id)
    if broadcast is None:
        await toast(query, texts.GONE)
    return broadcast


async def show(query: CallbackQuery, callback_data: RunButton, watch: BroadcastWatch) -> None:
    broadcast = await _found(query, callback_data.broadcast_id)
    if broadcast is not None:
        await toast(query)
        await watch.show_here(broadcast, _place(query))


async def ask(query: CallbackQuery, callback_data: RunButton, clock: Clock, watch: BroadcastWatch) -> None:
    broadcast = await _found(query, callback_data.broadcast_id)
    if broadcast is None:
        return
    question = _QUESTIONS[callback_data.act]
    if question.may(broadcast, clock.now()):
        await toast(query)
        await watch.ask_here(broadcast, _place(query), question.face(broadcast))
    else:
        await toast(query, question.too_late(broadcast))
        await watch.show_here(broadcast, _place(query))


async def act(query: CallbackQuery, callback_data: RunButton, clock: Clock, watch: BroadcastWatch) -> None:
    deed, now = _DEEDS[callback_data.act], clock.now()
    broadcast = await _found(query, callback_data.broadcast_id)
    if broadcast is None:
        return
    changed = None
    # taken back is the one change that would be made anew by a second press
    if callback_data.act is not RunAction.TAKE_BACK_SURE or keyboards.may_take_back(broadcast, now):
        changed = await deed.change(broadcast.id, now)
    if changed is None:
        broadcast = await _found(query, callback_data.broadcast_id)
        if broadcast is not None:
            await toast(query, deed.too_late(broadcast))
            await watch.show_here(broadcast, _place(query))
        return
    await toast(query, deed.done)
    facts = {"title": broadcast.title, "status": changed.status}
    await note(now, query.from_user.id, deed.name, broadcast.id, {"status": broadcast.status}, facts)
    await watch.show_here(changed, _place(query))


# the list


async def _list_screen(page: int, now: datetime, zone: ZoneInfo) -> tuple[str, InlineKeyboardMarkup | None]:
    found = await broadcast_ops.last(PAGE + 1, skip=page * PAGE)
    shown, first = found[:PAGE], page * PAGE + 1
    html = texts.list_screen(shown, first, now, zone)
    if not shown and not page:
        return html, None
    return html, keyboards.broadcast_list(shown, first, page, more=len(found) > PAGE)


async def show_list(message: Message, clock: Clock, zone: ZoneInfo) -> None:
    """Answer `/broadcast list`: the last ones with their counts, each with a button."""
    html, keyboard = await _list_screen(0, clock.now(), zone)
    await message.answer(html, reply_markup=keyboard)


async def turn_page(query: CallbackQuery, callback_data: RunList, bot: Bot, clock: Clock, zone: ZoneInfo) -> None:
    html, keyboard = await _list_screen(callback_data.page, clock.now(), zone)
    await toast(query)
    await show_under(query, bot, html, keyboard)


async def is_of_broadcasts(query: CallbackQuery) -> bool:
    """A button that looks like one of these screens, whatever it carries."""
    return (query.data or "").startswith(tuple(f"{data.__prefix__}:" for data in (RunButton, RunList)))


async def unknown_button(query: CallbackQuery) -> None:
    """A button no version of ours has: forged, or of another one."""
    await toast(query, texts.GONE)


def build() -> Router:
    router = Router(name="admin broadcasts that run")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(show, RunButton.filter(F.act == RunAction.SHOW))
    router.callback_query.register(ask, RunButton.filter(F.act.in_(set(_QUESTIONS))))
    router.callback_query.register(act, RunButton.filter(F.act.in_(set(_DEEDS))))
    router.callback_query.register(turn_page, RunList.filter())
    router.callback_query.register(unknown_button, is_of_broadcasts)
    return router
