"""The list of shorteners, a card and its buttons."""

from aiogram import Bot, F, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery

from admin_bot.conversation.dialogue import Dialogue
from admin_bot.filters import is_button_of
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import show_in_place, toast, turn_to, turn_to_fresh
from admin_bot.shorteners.handlers.answers import QUICK_S
from admin_bot.shorteners.service import ShortenerService, pause_step, share_step
from admin_bot.undo import UndoService
from core.clock import Clock
from core.shorteners.records import SHARE_MAX
from database.operations.shorteners import shortener_ops
from sender.updates.acknowledgement import acknowledge_after
from views.navigation import Open, Section
from views.shorteners import screens, texts
from views.shorteners.callbacks import (
    AddShortener,
    DraftButton,
    ShareButton,
    ShortenerAction,
    ShortenerButton,
    ShortenerPage,
)


async def open_list(query: CallbackQuery, bot: Bot, shorteners: ShortenerService) -> None:
    await turn_to(query, bot, await shorteners.list_screen())


async def turn_page(query: CallbackQuery, callback_data: ShortenerPage, bot: Bot, shorteners: ShortenerService) -> None:
    await turn_to(query, bot, await shorteners.list_screen(callback_data.page))


async def open_card(
    query: CallbackQuery, callback_data: ShortenerButton, bot: Bot, shorteners: ShortenerService
) -> None:
    await turn_to(query, bot, await shorteners.card(callback_data.code))


async def set_share(
    query: CallbackQuery,
    callback_data: ShareButton,
    bot: Bot,
    state: FSMContext,
    clock: Clock,
    shorteners: ShortenerService,
    undo_service: UndoService,
) -> None:
    share, one = callback_data.share, await shortener_ops.find(callback_data.code)
    if one is None:
        await turn_to(query, bot, await shorteners.card(callback_data.code))
        return
    if not 1 <= share <= SHARE_MAX:
        await toast(query, texts.least_share() if share < 1 else texts.most_share())
        return
    me, my_name = query.from_user.id, query.from_user.full_name
    seen = one.model_copy(update={"share": callback_data.seen})
    if await shorteners.set_share(seen, share, me, my_name):
        undo = await undo_service.offer(Dialogue(state), share_step(seen, share, my_name), clock.now())
        await turn_to(query, bot, (await shorteners.card(one.code)).with_row(undo))
        return
    current = await shortener_ops.find(one.code) or one
    if current.share == share:  # the same press again
        await turn_to(query, bot, await shorteners.card(one.code))
    elif current.changed_by not in (None, me):
        await turn_to(query, bot, screens.share_conflict(current, share))
    else:
        await turn_to_fresh(query, bot, await shorteners.card(one.code))


async def set_paused(
    query: CallbackQuery,
    callback_data: ShortenerButton,
    bot: Bot,
    state: FSMContext,
    clock: Clock,
    shorteners: ShortenerService,
    undo_service: UndoService,
) -> None:
    one = await shortener_ops.find(callback_data.code)
    if one is None:
        await turn_to(query, bot, await shorteners.card(callback_data.code))
        return
    is_paused = callback_data.act is ShortenerAction.PAUSE
    my_name = query.from_user.full_name
    is_changed, consequence = await shorteners.set_paused(one, is_paused, query.from_user.id, my_name)
    screen = await shorteners.card(one.code, consequence or None)
    if is_changed:
        step = pause_step(one, is_paused, my_name)
        screen = screen.with_row(await undo_service.offer(Dialogue(state), step, clock.now()))
    await turn_to(query, bot, screen)


async def test(query: CallbackQuery, callback_data: ShortenerButton, bot: Bot, shorteners: ShortenerService) -> None:
    one = await shortener_ops.find(callback_data.code)
    if one is None:
        await turn_to(query, bot, await shorteners.card(callback_data.code))
        return
    # answered before the test, which may take five seconds
    await toast(query, texts.trying())
    with acknowledge_after(QUICK_S):
        trial = await shorteners.test(one)
    if trial is None:
        said = texts.key_unreadable()
    elif trial.failure is not None:
        said = texts.failed(trial.failure.value, trial.status)
    else:
        said = texts.answered(trial.took_s, trial.url)
    await show_in_place(query, bot, await shorteners.card(one.code, said))


async def confirm_remove(
    query: CallbackQuery, callback_data: ShortenerButton, bot: Bot, shorteners: ShortenerService
) -> None:
    entry = await shorteners.entry(callback_data.code)
    if entry is None or entry.one.is_of_environment:
        await turn_to_fresh(query, bot, await shorteners.card(callback_data.code))
    else:
        await turn_to(query, bot, screens.confirm_remove(entry))


async def remove(query: CallbackQuery, callback_data: ShortenerButton, bot: Bot, shorteners: ShortenerService) -> None:
    one = await shortener_ops.find(callback_data.code)
    if one is None or one.is_of_environment:
        await turn_to_fresh(query, bot, await shorteners.card(callback_data.code))
        return
    is_removed, consequence = await shorteners.remove(one, query.from_user.id)
    screen = (await shorteners.list_screen()).with_note(consequence or None)
    await turn_to(query, bot, screen, texts.removed(one.name) if is_removed else None)


async def old_button(query: CallbackQuery, bot: Bot, shorteners: ShortenerService) -> None:
    """A forged button, or one of another version."""
    await turn_to_fresh(query, bot, await shorteners.list_screen())


def build() -> Router:
    router = Router(name="admin shorteners")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(open_list, Open.filter(F.section == Section.SHORTENERS))
    router.callback_query.register(turn_page, ShortenerPage.filter())
    router.callback_query.register(set_share, ShareButton.filter())
    pausing = {ShortenerAction.PAUSE, ShortenerAction.RESUME}
    router.callback_query.register(set_paused, ShortenerButton.filter(F.act.in_(pausing)))
    for action, handler in (
        (ShortenerAction.OPEN, open_card),
        (ShortenerAction.TEST, test),
        (ShortenerAction.REMOVE, confirm_remove),
        (ShortenerAction.REMOVE_CONFIRMED, remove),
    ):
        router.callback_query.register(handler, ShortenerButton.filter(F.act == action))
    kinds = (ShortenerButton, ShareButton, ShortenerPage, AddShortener, DraftButton)
    router.callback_query.register(old_button, is_button_of(*kinds))
    return router
