"""The questions of a draft and their answers. A wrong answer is answered with what is expected; the question stays."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, Message

from admin_bot.broadcasts.handlers.composing import open_draft, unmade_draft
from admin_bot.broadcasts.inputs import (
    read_active,
    read_buttons,
    read_language,
    read_lifetime,
    read_source,
)
from admin_bot.broadcasts.service import BroadcastService
from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.filters import has_text
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import screen_id, toast
from admin_bot.states import Composing
from core.clock import Clock
from core.errors import BadInput
from core.times import read_time
from views.admin_texts import first_the_batch
from views.broadcasts import compose_keyboards as keyboards
from views.broadcasts import compose_texts as texts
from views.broadcasts.compose_callbacks import ComposeAction, ComposeButton
from views.html import esc
from views.screens import Screen

#: button -> (the state it waits in, its question); the question for the time names the zone and is built below
_QUESTIONS: dict[ComposeAction, tuple[State, str]] = {
    ComposeAction.CHANGE: (Composing.message, texts.ask_new_message()),
    ComposeAction.ASK_BUTTONS: (Composing.buttons, texts.ask_buttons()),
    ComposeAction.ASK_DAYS: (Composing.days, texts.ask_days()),
    ComposeAction.ASK_LANGUAGE: (Composing.language, texts.ask_language()),
    ComposeAction.ASK_SOURCE: (Composing.source, texts.ask_source()),
    ComposeAction.ASK_LIFETIME: (Composing.lifetime, texts.ask_lifetime()),
    ComposeAction.ASK_TIME: (Composing.send_at, ""),
}
#: state -> (the field it changes, how the answer is read)
_ANSWERS: dict[str | None, tuple[str, Callable[[str], Any]]] = {
    Composing.buttons.state: ("buttons", read_buttons),
    Composing.days.state: ("segment", read_active),
    Composing.language.state: ("segment", read_language),
    Composing.source.state: ("segment", read_source),
    Composing.lifetime.state: ("lifetime_minutes", read_lifetime),
}


async def ask(
    query: CallbackQuery, callback_data: ComposeButton, state: FSMContext, broadcasts: BroadcastService, zone: ZoneInfo
) -> None:
    is_content = callback_data.act is ComposeAction.CHANGE
    # not for a broadcast that is being sent: a new message deletes the old one
    draft = await (
        unmade_draft(query, callback_data, state, broadcasts) if is_content else open_draft(query, callback_data, state)
    )
    if draft is None:
        return
    dialogue = Dialogue(state)
    if await dialogue.batch_draft() is not None:
        await toast(query, first_the_batch(), alert=True)
        return
    if callback_data.act is ComposeAction.ASK_BUTTONS and draft.is_album:
        await toast(query, texts.album_has_no_buttons(), alert=True)
        return
    waits_for, html = _QUESTIONS[callback_data.act]
    await dialogue.ask(waits_for, Question(None, screen_id(query)))
    await toast(query)
    screen = Screen(html or texts.ask_time(zone), (), keyboards.to_draft(draft.id))
    await broadcasts.show_step(query, dialogue, draft, screen)


async def answered(
    message: Message, state: FSMContext, broadcasts: BroadcastService, clock: Clock, zone: ZoneInfo
) -> None:
    dialogue = Dialogue(state)
    draft = await dialogue.broadcast_draft()
    if draft is None:
        await dialogue.end_question()
        await message.answer(texts.lost())
        return
    try:
        change = _read(await state.get_state(), message.text or "", clock.now(), zone)
    except BadInput as problem:
        await message.answer(esc(problem.sentence))
        return
    draft = draft.changed(**change)
    if "buttons" in change:
        await broadcasts.present(dialogue, message.chat.id, draft)
    else:
        await broadcasts.send_screen(dialogue, message.chat.id, draft)
    # last: until the draft is shown the answer may be repeated
    await dialogue.end_question()


def _read(state: str | None, typed: str, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """Read the answer as the changed field of the draft. Raises BadInput."""
    if state == Composing.send_at.state:
        return {"send_at": read_time(typed, now, zone)}
    field, read = _ANSWERS[state]
    return {field: read(typed)}


async def text_expected(message: Message) -> None:
    await message.answer(texts.text_expected())


def build() -> Router:
    router = Router(name="admin broadcast answers")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(ask, ComposeButton.filter(F.act.in_(set(_QUESTIONS))))
    waiting = StateFilter(
        Composing.buttons,
        Composing.days,
        Composing.language,
        Composing.source,
        Composing.lifetime,
        Composing.send_at,
    )
    router.message.register(answered, waiting, has_text)
    router.message.register(text_expected, waiting)
    return router
