"""The buttons of a draft, up to the second tap that confirms the broadcast."""

from typing import Any

from aiogram import Bot, F, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from admin_bot.broadcasts.service import BroadcastService
from admin_bot.conversation.broadcast_draft import BroadcastDraft
from admin_bot.conversation.dialogue import Dialogue
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import remove_screen, screen_id, show_in_place, toast
from core.broadcasts import LIFETIME_MIN
from core.clock import Clock
from core.segments import NOT_REACHED, Segment
from database.operations import broadcast_ops
from views.admin_texts import stale_button
from views.broadcasts import compose_texts as texts
from views.broadcasts.callbacks import StopNews
from views.broadcasts.compose_callbacks import (
    AudienceButton,
    ComposeAction,
    ComposeButton,
    LifetimeButton,
    SendConfirmed,
)
from views.navigation import Section, parent
from views.screens import Screen

DraftButton = ComposeButton | AudienceButton | LifetimeButton | SendConfirmed

#: buttons that change one thing and show the draft again
_CHANGES: dict[ComposeAction, dict[str, Any]] = {
    ComposeAction.SCREEN: {},
    ComposeAction.SOUND_ON: {"silent": False},
    ComposeAction.SOUND_OFF: {"silent": True},
    ComposeAction.PIN: {"pin": True},
    ComposeAction.NO_PIN: {"pin": False},
    ComposeAction.NOW: {"send_at": None},
}


async def open_draft(query: CallbackQuery, callback_data: DraftButton, state: FSMContext) -> BroadcastDraft | None:
    """Return the draft of the button; None if it was confirmed or closed, and then the button is answered."""
    draft = await Dialogue(state).broadcast_draft()
    if draft is not None and draft.id == callback_data.draft:
        return draft
    if await broadcast_ops.find_by_key(callback_data.draft) is not None:
        # the screen may be the progress message by now: it is not edited
        await toast(query, texts.made())
        return None
    await toast(query, texts.stale())
    if query.bot is not None and screen_id(query) is not None:
        await show_in_place(query, query.bot, Screen(texts.stale(), (), parent(Section.BROADCASTS)))
    return None


async def change(
    query: CallbackQuery, callback_data: ComposeButton, state: FSMContext, broadcasts: BroadcastService
) -> None:
    draft = await open_draft(query, callback_data, state)
    if draft is not None:
        await toast(query)
        await broadcasts.show(query, Dialogue(state), draft.changed(**_CHANGES[callback_data.act]))


def audience_of(button: AudienceButton) -> Segment:
    """Return the segment of a button. Raises ValueError for a forged one, also for people nobody can reach."""
    if button.kind in NOT_REACHED:
        raise ValueError("no broadcast reaches them")
    return Segment(kind=button.kind, days=button.days)


async def choose_audience(
    query: CallbackQuery, callback_data: AudienceButton, state: FSMContext, broadcasts: BroadcastService
) -> None:
    draft = await open_draft(query, callback_data, state)
    if draft is None:
        return
    try:
        segment = audience_of(callback_data)
    except ValueError:
        await toast(query, stale_button())
        return
    await toast(query)
    await broadcasts.show(query, Dialogue(state), draft.changed(segment=segment))


async def choose_lifetime(
    query: CallbackQuery, callback_data: LifetimeButton, state: FSMContext, broadcasts: BroadcastService
) -> None:
    draft = await open_draft(query, callback_data, state)
    if draft is None:
        return
    if 0 < callback_data.minutes < LIFETIME_MIN:
        await toast(query, stale_button())
        return
    await toast(query)
    await broadcasts.show(query, Dialogue(state), draft.changed(lifetime_minutes=callback_data.minutes))


async def choose(
    query: CallbackQuery, callback_data: ComposeButton, state: FSMContext, broadcasts: BroadcastService
) -> None:
    """Show the choice of an audience, a lifetime or a time."""
    draft = await open_draft(query, callback_data, state)
    if draft is None:
        return
    match callback_data.act:
        case ComposeAction.AUDIENCE:
            screen = await broadcasts.audience_screen(draft)
        case ComposeAction.LIFETIME:
            screen = await broadcasts.lifetime_screen(draft)
        case _:
            screen = broadcasts.when_screen(draft)
    await toast(query)
    await broadcasts.show_step(query, Dialogue(state), draft, screen)


async def preview(
    query: CallbackQuery, callback_data: ComposeButton, state: FSMContext, broadcasts: BroadcastService
) -> None:
    draft = await open_draft(query, callback_data, state)
    if draft is not None:
        await toast(query)
        await broadcasts.present(Dialogue(state), query.from_user.id, draft)


async def test_copy(
    query: CallbackQuery, callback_data: ComposeButton, state: FSMContext, broadcasts: BroadcastService
) -> None:
    draft = await open_draft(query, callback_data, state)
    if draft is not None:
        await toast(query)
        note = await broadcasts.test_copy(query.from_user.id, draft)
        await broadcasts.show(query, Dialogue(state), draft, note)


async def cancel(
    query: CallbackQuery, callback_data: ComposeButton, state: FSMContext, broadcasts: BroadcastService
) -> None:
    draft = await unmade_draft(query, callback_data, state, broadcasts)
    if draft is not None:
        await toast(query)
        await broadcasts.discard(Dialogue(state), query.from_user.id, draft)
        if query.bot is not None:
            await show_in_place(query, query.bot, Screen(texts.cancelled(), (), parent(Section.BROADCASTS)))


async def cancel_by_command(message: Message, bot: Bot, dialogue: Dialogue, broadcasts: BroadcastService) -> bool:
    """Discard the open draft: /cancel while nothing else waits. False if there is none."""
    draft = await dialogue.broadcast_draft()
    if draft is None or await broadcast_ops.find_by_key(draft.id) is not None:
        return False
    await broadcasts.discard(dialogue, message.chat.id, draft)
    await remove_screen(bot, message.chat.id, draft.screen_id)
    await message.answer(texts.cancelled())
    return True


async def unmade_draft(
    query: CallbackQuery, callback_data: ComposeButton | SendConfirmed, state: FSMContext, broadcasts: BroadcastService
) -> BroadcastDraft | None:
    """Return the draft of the button; None if its broadcast exists, and then the progress is shown.

    Both exist when the process ended after writing the row and before closing the draft.
    """
    draft = await open_draft(query, callback_data, state)
    made = None if draft is None else await broadcast_ops.find_by_key(draft.id)
    if made is None:
        return draft
    await toast(query, texts.made(), alert=True)
    await broadcasts.show_progress(Dialogue(state), made)
    return None


# sending


async def send(
    query: CallbackQuery, callback_data: ComposeButton, state: FSMContext, broadcasts: BroadcastService, clock: Clock
) -> None:
    draft = await unmade_draft(query, callback_data, state, broadcasts)
    if draft is not None and (count := await _count_ready(query, Dialogue(state), draft, broadcasts, clock)):
        await toast(query)
        screen = await broadcasts.confirm_screen(draft, count)
        await broadcasts.show_step(query, Dialogue(state), draft, screen)


async def send_confirmed(
    query: CallbackQuery, callback_data: SendConfirmed, state: FSMContext, broadcasts: BroadcastService, clock: Clock
) -> None:
    draft = await unmade_draft(query, callback_data, state, broadcasts)
    if draft is None:
        return
    dialogue = Dialogue(state)
    count = await _count_ready(query, dialogue, draft, broadcasts, clock)
    if not count:
        return
    await toast(query)
    if callback_data.fingerprint != draft.fingerprint:
        screen = await broadcasts.confirm_screen(draft, count, texts.changed_meanwhile())
        await broadcasts.show_step(query, dialogue, draft, screen)
        return
    await broadcasts.make(query, dialogue, draft)


async def _count_ready(
    query: CallbackQuery, dialogue: Dialogue, draft: BroadcastDraft, broadcasts: BroadcastService, clock: Clock
) -> int:
    """Return how many subscribers would get it; 0 if it cannot be sent, and then the screen says why."""
    if draft.is_late(clock.now()):
        await toast(query, texts.time_passed(), alert=True)
        screen = broadcasts.when_screen(draft, texts.time_passed())
        await broadcasts.show_step(query, dialogue, draft, screen)
        return 0
    count = await broadcasts.count(draft)
    if count == 0:
        await toast(query, texts.nobody(), alert=True)
        await broadcasts.show(query, dialogue, draft, texts.nobody())
    return count


async def explain_stop_button(query: CallbackQuery) -> None:
    """The button below a preview; it works for subscribers only."""
    await toast(query, texts.of_preview())


def build() -> Router:
    router = Router(name="admin broadcast composing")
    router.callback_query.middleware(EndQuestion())
    act = ComposeAction
    router.callback_query.register(change, ComposeButton.filter(F.act.in_(set(_CHANGES))))
    router.callback_query.register(choose, ComposeButton.filter(F.act.in_({act.AUDIENCE, act.LIFETIME, act.WHEN})))
    router.callback_query.register(choose_audience, AudienceButton.filter())
    router.callback_query.register(choose_lifetime, LifetimeButton.filter())
    router.callback_query.register(preview, ComposeButton.filter(F.act == act.PREVIEW))
    router.callback_query.register(test_copy, ComposeButton.filter(F.act == act.TEST_COPY))
    router.callback_query.register(cancel, ComposeButton.filter(F.act == act.CANCEL))
    router.callback_query.register(send, ComposeButton.filter(F.act == act.SEND))
    router.callback_query.register(send_confirmed, SendConfirmed.filter())
    router.callback_query.register(explain_stop_button, StopNews.filter())
    return router
