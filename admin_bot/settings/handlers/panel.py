"""/settings: groups, settings, and the buttons that change one."""

from typing import Any

from aiogram import Bot, F, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, InlineKeyboardButton, Message

from admin_bot.conversation.dialogue import Dialogue
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import answer, toast, turn_to, turn_to_fresh
from admin_bot.settings.service import Outcome, SettingsService
from core.clock import Clock
from core.errors import BadInput
from core.settings import BotSettings, Control, SettingField, field_of
from core.settings.changes import Editor
from core.team.admins import Role
from database.operations.shorteners import shortener_ops
from views.navigation import GroupButton, Open, Section
from views.screens import Screen
from views.settings import field_screens, panel, texts
from views.settings.callbacks import (
    AskButton,
    ConfirmedButton,
    FieldButton,
    SaveButton,
    SetButton,
    ShowButton,
    from_button,
    seen_of,
)
from views.settings.samples import sample


async def settings_command(message: Message, role: Role, settings: SettingsService) -> None:
    await answer(message, panel.settings_screen(await settings.now(), role))


async def show_groups(query: CallbackQuery, bot: Bot, role: Role, settings: SettingsService) -> None:
    await turn_to(query, bot, panel.settings_screen(await settings.now(), role))


async def show_group(
    query: CallbackQuery, callback_data: GroupButton, bot: Bot, role: Role, settings: SettingsService
) -> None:
    await turn_to(query, bot, panel.group_screen(callback_data.group, await settings.now(), role))


async def show_field(query: CallbackQuery, callback_data: FieldButton, bot: Bot, settings: SettingsService) -> None:
    seen = settings.seen(await settings.now())
    await turn_to(query, bot, field_screens.field_screen(field_of(callback_data.name), seen))


async def show_text(
    query: CallbackQuery, callback_data: ShowButton, bot: Bot, settings: SettingsService, user_bot_username: str
) -> None:
    """Send a text as its readers get it, as a message of its own."""
    await toast(query)
    html = (await settings.now()).value(callback_data.name)
    if html is not None:
        await bot.send_message(query.from_user.id, sample(callback_data.name, html, user_bot_username))


async def set_value(
    query: CallbackQuery,
    callback_data: SetButton | ConfirmedButton,
    bot: Bot,
    state: FSMContext,
    role: Role,
    settings: SettingsService,
    clock: Clock,
    has_page: bool,
) -> None:
    field = field_of(callback_data.name)
    try:
        value = from_button(field, callback_data.value)
        if field.is_confirmed and isinstance(callback_data, SetButton):
            await _confirm(query, bot, field, value, settings, clock, has_page)
            return
        outcome = await settings.change_seen(editor_of(query), field, value, callback_data.seen)
    except (BadInput, ValueError):
        # a forged value, or one a former version offered
        await turn_to_fresh(query, bot, field_screens.field_screen(field, settings.seen(await settings.now())))
        return
    undo = await settings.offer_undo(Dialogue(state), field.name, outcome)
    mine = callback_data.model_copy(update={"seen": seen_of(field, outcome.now.value(field.name))}).pack()
    await show_outcome(query, bot, field, outcome, settings, mine, _after(field, outcome, settings, role, undo))


async def show_outcome(
    query: CallbackQuery,
    bot: Bot,
    field: SettingField,
    outcome: Outcome,
    settings: SettingsService,
    save_mine: str,
    after: Screen,
) -> None:
    """Show what became of a change; another admin's change in the meantime with the choice between both."""
    seen = settings.seen(outcome.now)
    if outcome.is_by_another(field.name, query.from_user.id):
        await turn_to(query, bot, field_screens.conflict_screen(field, seen, save_mine))
    elif outcome.is_conflict:
        await turn_to_fresh(query, bot, after)
    else:
        await turn_to(
            query, bot, after, None if outcome.is_stored else texts.stands_already(field, seen.now.value(field.name))
        )


def _after(
    field: SettingField, outcome: Outcome, settings: SettingsService, role: Role, undo: InlineKeyboardButton | None
) -> Screen:
    """Return the screen after a change: a switch was turned among the settings of its group."""
    if field.control is not Control.SWITCH:
        return field_screens.field_screen(field, settings.seen(outcome.now), undo)
    screen = panel.group_screen(field.group, outcome.now, role).with_note(panel.turned(field, outcome.now))
    return screen.with_row(undo) if undo else screen


async def _confirm(
    query: CallbackQuery,
    bot: Bot,
    field: SettingField,
    value: Any,
    settings: SettingsService,
    clock: Clock,
    has_page: bool,
) -> None:
    now = await settings.now()
    before = now.value(field.name)
    if before == value:
        await toast(query, texts.stands_already(field, value))
        return
    has_shorteners = await shortener_ops.has_active(clock.now())
    note = texts.of_access(field.name, before, value, has_shorteners=has_shorteners, has_page=has_page).strip()
    await turn_to(query, bot, field_screens.confirm_screen(field, value, settings.seen(now), note))


def editor_of(query: CallbackQuery) -> Editor:
    return Editor(query.from_user.id, query.from_user.first_name)


async def is_known(
    _: CallbackQuery,
    callback_data: FieldButton | SetButton | ConfirmedButton | ShowButton | AskButton | SaveButton,
) -> bool:
    """Refuse names of no setting, and of one that has its screen elsewhere: clients can forge callback data.

    What is set elsewhere is checked there, and may need another right.
    """
    name = callback_data.name
    return name in BotSettings.model_fields and field_of(name).control is not Control.ELSEWHERE


def build() -> Router:
    router = Router(name="admin settings")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(show_groups, Open.filter(F.section == Section.SETTINGS))
    router.callback_query.register(show_group, GroupButton.filter())
    router.callback_query.register(show_field, FieldButton.filter(), is_known)
    router.callback_query.register(show_text, ShowButton.filter(), is_known)
    router.callback_query.register(set_value, SetButton.filter(), is_known)
    router.callback_query.register(set_value, ConfirmedButton.filter(), is_known)
    return router
