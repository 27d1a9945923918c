"""The questions of a draft and their answers. A wrong answer is answered with what is expected; the question stays."""

from typing import Any
from zoneinfo import ZoneInfo

from aiogram import Bot, F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, Message

from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.conversation.publish_draft import PublishDraft
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.publishing.covers import CoverKeeper
from admin_bot.publishing.drafts import PublishDraftService
from admin_bot.publishing.handlers.draft import OpenDraft
from admin_bot.publishing.inputs import read_label, read_leaving, read_text
from admin_bot.screens import move_below, reply_to, screen_id, toast
from admin_bot.states import PublishAsked
from admin_bot.storage.copier import NotStored
from core.clock import Clock
from core.errors import BadInput
from core.times import read_time
from views.admin_texts import first_the_batch
from views.html import esc
from views.publishing import draft_screens as views
from views.publishing.callbacks import DraftAction, DraftButton

#: button -> (the state it waits in, its question, the button that goes back to what is usual); the question for the
#: time names the zone
_QUESTIONS: dict[DraftAction, tuple[State, str, DraftAction | None]] = {
    DraftAction.ASK_TEXT: (PublishAsked.text, views.ask_text(), DraftAction.USUAL_TEXT),
    DraftAction.ASK_LABEL: (PublishAsked.label, views.ask_label(), DraftAction.USUAL_LABEL),
    DraftAction.ASK_COVER: (PublishAsked.cover, views.ask_cover(), None),
    DraftAction.ASK_TIME: (PublishAsked.time, "", None),
    DraftAction.ASK_LEAVES: (PublishAsked.leaves, views.ask_leaves(), None),
}


async def ask(
    query: CallbackQuery,
    callback_data: DraftButton,
    dialogue: Dialogue,
    draft: PublishDraft,
    publish_drafts: PublishDraftService,
    zone: ZoneInfo,
) -> None:
    if await dialogue.batch_draft() is not None:
        await toast(query, first_the_batch(), alert=True)
        return
    waits_for, html, usual = _QUESTIONS[callback_data.act]
    await dialogue.ask(waits_for, Question(callback_data.pack(), screen_id(query)))
    await toast(query)
    screen = views.question(await publish_drafts.facts(draft), html or views.ask_time(zone), usual)
    await publish_drafts.show_step(query, dialogue, draft, screen)


async def _asked_draft(message: Message, dialogue: Dialogue) -> PublishDraft | None:
    """Return the draft of the waiting question; None when it is gone, and then that is answered."""
    question = await dialogue.question()
    asked = question.asked_by(DraftButton) if question is not None else None
    draft = await dialogue.publish_draft(asked.draft) if asked is not None else None
    if draft is None:
        await dialogue.end_question()
        await message.answer(views.question_lost())
    return draft


async def answered(
    message: Message, bot: Bot, state: FSMContext, publish_drafts: PublishDraftService, clock: Clock, zone: ZoneInfo
) -> None:
    dialogue = Dialogue(state)
    draft = await _asked_draft(message, dialogue)
    if draft is None:
        return
    waiting = await state.get_state()
    try:
        change = _read(waiting, message, clock, zone)
    except BadInput as problem:
        await message.answer(esc(problem.sentence), reply_parameters=reply_to(message.message_id))
        return
    draft = draft.changed(**change)
    if waiting in (PublishAsked.text.state, PublishAsked.label.state):
        await publish_drafts.present(dialogue, message.chat.id, draft)
    else:
        moved = await move_below(bot, message.chat.id, draft.screen_id, await publish_drafts.screen(draft))
        await dialogue.keep_publish_draft(draft.changed(screen_id=moved.message_id))
    # last: until the draft is shown the answer may be repeated
    await dialogue.end_question()


def _read(waiting: str | None, message: Message, clock: Clock, zone: ZoneInfo) -> dict[str, Any]:
    """Read the answer as changed fields of the draft. Raises BadInput."""
    if waiting == PublishAsked.text.state:
        return {"text": read_text(message), "has_own_text": True}
    if waiting == PublishAsked.label.state:
        return {"label": read_label(message), "has_own_label": True}
    if waiting == PublishAsked.leaves.state:
        return {"leaves_after_minutes": read_leaving(message)}
    return {"publish_at": read_time(message.text or "", clock.now(), zone), "is_slot": False}


async def cover_sent(
    message: Message, state: FSMContext, publish_drafts: PublishDraftService, cover_keeper: CoverKeeper
) -> None:
    dialogue = Dialogue(state)
    draft = await _asked_draft(message, dialogue)
    if draft is None:
        return
    taken = await cover_keeper.take(message)
    if isinstance(taken, NotStored):
        await message.answer(taken.sentence, reply_parameters=reply_to(message.message_id))
        return
    await publish_drafts.present(dialogue, message.chat.id, draft.changed(cover=taken, has_own_cover=True))
    await dialogue.end_question()


async def is_of_draft(message: Message, state: FSMContext) -> bool:
    """Return whether the waiting question is one of a draft."""
    question = await Dialogue(state).question()
    return question is not None and question.asked_by(DraftButton) is not None


def build() -> Router:
    router = Router(name="admin publishing answers")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.middleware(OpenDraft())
    router.callback_query.register(ask, DraftButton.filter(F.act.in_(set(_QUESTIONS))))
    waiting = StateFilter(PublishAsked.text, PublishAsked.label, PublishAsked.leaves, PublishAsked.time)
    router.message.register(answered, waiting, is_of_draft)
    router.message.register(cover_sent, StateFilter(PublishAsked.cover), is_of_draft)
    return router
