"""Adding a shortener and replacing a key: the questions, and the buttons below the result of the test."""

from aiogram import Bot, F, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery

from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.conversation.shortener_draft import ShortenerDraft, replacing_draft
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import screen_id, show_in_place, toast, turn_to, turn_to_fresh
from admin_bot.shorteners.drafts import DraftService, Full, KeyChanged, Saved
from admin_bot.shorteners.handlers.answers import try_draft
from admin_bot.shorteners.service import ShortenerService, key_step
from admin_bot.states import ShortenerAsked
from admin_bot.undo import UndoService
from core.clock import Clock
from database.operations.shorteners import shortener_ops
from views.admin_texts import first_the_batch
from views.screens import Screen
from views.shorteners import screens, texts
from views.shorteners.callbacks import AddShortener, DraftAction, DraftButton, ShortenerAction, ShortenerButton


async def ask_address(query: CallbackQuery, bot: Bot, state: FSMContext, shortener_drafts: DraftService) -> None:
    dialogue = Dialogue(state)
    if await dialogue.batch_draft() is not None:
        await toast(query, first_the_batch(), alert=True)
    elif shortener_drafts.problem:
        await turn_to(query, bot, screens.no_vault(shortener_drafts.problem))
    else:
        await dialogue.ask(ShortenerAsked.address, Question(query.data, screen_id(query)))
        await turn_to(query, bot, screens.ask_address())


async def ask_another_key(
    query: CallbackQuery,
    callback_data: ShortenerButton,
    bot: Bot,
    state: FSMContext,
    shorteners: ShortenerService,
    shortener_drafts: DraftService,
) -> None:
    dialogue, one = Dialogue(state), await shortener_ops.find(callback_data.code)
    if await dialogue.batch_draft() is not None:
        await toast(query, first_the_batch(), alert=True)
    elif one is None or one.is_of_environment:
        await turn_to_fresh(query, bot, await shorteners.card(callback_data.code))
    elif shortener_drafts.problem:
        await turn_to(query, bot, screens.no_vault(shortener_drafts.problem))
    else:
        await _ask_key(query, bot, dialogue, replacing_draft(one))


async def _ask_key(query: CallbackQuery, bot: Bot, dialogue: Dialogue, draft: ShortenerDraft) -> None:
    await dialogue.keep_shortener_draft(draft)
    await dialogue.ask(ShortenerAsked.key, Question(query.data, screen_id(query)))
    await turn_to(query, bot, screens.ask_key(draft.replaces, draft.name))


async def change(
    query: CallbackQuery,
    callback_data: DraftButton,
    bot: Bot,
    state: FSMContext,
    shorteners: ShortenerService,
    shortener_drafts: DraftService,
) -> None:
    """Ask again: for both, or for the key that replaces another one."""
    dialogue = Dialogue(state)
    draft = await _draft(dialogue, callback_data)
    if draft is None:
        await turn_to_fresh(query, bot, await shorteners.list_screen())
    elif draft.replaces is not None:
        await _ask_key(query, bot, dialogue, draft)
    else:
        await ask_address(query, bot, state, shortener_drafts)


async def try_again(
    query: CallbackQuery,
    callback_data: DraftButton,
    bot: Bot,
    state: FSMContext,
    shorteners: ShortenerService,
    shortener_drafts: DraftService,
) -> None:
    dialogue = Dialogue(state)
    draft = await _draft(dialogue, callback_data)
    if draft is None or draft.sealed_key is None:
        await turn_to_fresh(query, bot, await shorteners.list_screen())
        return
    # answered before the test, which may take five seconds
    await turn_to(query, bot, Screen(texts.trying(), (), screens.PARENT))
    await show_in_place(query, bot, await try_draft(dialogue, shortener_drafts, draft))


async def save(
    query: CallbackQuery,
    callback_data: DraftButton,
    bot: Bot,
    state: FSMContext,
    clock: Clock,
    shorteners: ShortenerService,
    shortener_drafts: DraftService,
    undo_service: UndoService,
) -> None:
    dialogue = Dialogue(state)
    draft = await _draft(dialogue, callback_data)
    if draft is None or not draft.link_host:
        # saved before, or another one was begun since
        await turn_to_fresh(query, bot, await shorteners.card(callback_data.id))
        return
    over = callback_data.act is DraftAction.SAVE_MINE
    try:
        saved = await shortener_drafts.save(draft, query.from_user.id, query.from_user.full_name, over=over)
    except Full:
        await turn_to(query, bot, screens.full())
        return
    if isinstance(saved, KeyChanged):
        await turn_to(query, bot, screens.key_conflict(saved.theirs, draft.id))
        return
    await dialogue.close_shortener_draft()
    if saved is None:
        await turn_to(query, bot, await shorteners.card(draft.replaces or draft.id))
        return
    await turn_to(query, bot, await _saved(saved, draft, dialogue, clock, shorteners, undo_service))


async def _saved(
    saved: Saved,
    draft: ShortenerDraft,
    dialogue: Dialogue,
    clock: Clock,
    shorteners: ShortenerService,
    undo_service: UndoService,
) -> Screen:
    note = texts.key_replaced() if draft.replaces is not None else texts.saved()
    screen = await shorteners.card(saved.code, f"{note} {saved.consequence}".rstrip())
    if saved.before is None or draft.sealed_key is None:
        return screen
    step = key_step(saved.before, draft.sealed_key)
    return screen.with_row(await undo_service.offer(dialogue, step, clock.now()))


async def _draft(dialogue: Dialogue, pressed: DraftButton) -> ShortenerDraft | None:
    """Return the draft the pressed button belongs to; None when it is no longer the one that is kept."""
    draft = await dialogue.shortener_draft()
    return draft if draft is not None and draft.id == pressed.id else None


def build() -> Router:
    router = Router(name="admin shortener drafts")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(ask_address, AddShortener.filter())
    router.callback_query.register(ask_another_key, ShortenerButton.filter(F.act == ShortenerAction.REPLACE_KEY))
    router.callback_query.register(change, DraftButton.filter(F.act == DraftAction.CHANGE))
    router.callback_query.register(try_again, DraftButton.filter(F.act == DraftAction.TRY_AGAIN))
    router.callback_query.register(save, DraftButton.filter(F.act.in_({DraftAction.SAVE, DraftAction.SAVE_MINE})))
    return router
