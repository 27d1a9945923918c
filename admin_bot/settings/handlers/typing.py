"""Values of settings that are typed. A wrong answer is answered with what is expected; the question stays."""

from typing import Any

from aiogram import Bot, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.filters import has_text
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import move_below, screen_id, toast, turn_to, turn_to_fresh
from admin_bot.settings.handlers.panel import editor_of, is_known, show_outcome
from admin_bot.settings.service import SettingsService, plain
from admin_bot.states import SettingAsked
from admin_bot.typed_html import typed_html
from core.errors import BadInput
from core.settings import Control, SettingField, field_of, parse_setting
from core.settings.changes import Editor
from core.settings.reading import expected
from views.admin_texts import first_the_batch
from views.html import esc
from views.screens import Screen
from views.settings import field_screens, texts
from views.settings.callbacks import AskButton, SaveButton
from views.settings.samples import sample


async def ask(
    query: CallbackQuery, callback_data: AskButton, bot: Bot, state: FSMContext, settings: SettingsService
) -> None:
    dialogue, field = Dialogue(state), field_of(callback_data.name)
    if await dialogue.batch_draft() is not None:
        await toast(query, first_the_batch(), alert=True)
        return
    seen = plain((await settings.now()).value(field.name))
    await dialogue.ask(SettingAsked.value, Question(callback_data.pack(), screen_id(query), seen))
    await turn_to(query, bot, field_screens.question(field))


async def answered(
    message: Message, bot: Bot, state: FSMContext, settings: SettingsService, user_bot_username: str
) -> None:
    dialogue = Dialogue(state)
    question = await dialogue.question()
    asked = question.asked_by(AskButton) if question else None
    if question is None or asked is None:
        await dialogue.end_question()
        await message.answer(texts.question_lost())
        return
    field = field_of(asked.name)
    try:
        value = parse_setting(field.name, _typed(field, message))
    except BadInput as problem:
        await message.answer(esc(problem.sentence))
        return
    await dialogue.keep_setting(field.name, value, question.seen)
    if field.control is Control.TEXT and value is not None:
        await bot.send_message(message.chat.id, sample(field.name, value, user_bot_username))
        screen = field_screens.save_screen(field, value)
    else:
        screen = await _saved(message, dialogue, field, value, question.seen, settings)
    await dialogue.end_question()
    await move_below(bot, message.chat.id, question.screen_id, screen)


async def _saved(
    message: Message, dialogue: Dialogue, field: SettingField, value: Any, seen: Any, settings: SettingsService
) -> Screen:
    """Store a typed value and return the setting's screen, or the choice between mine and another admin's."""
    editor = Editor(message.chat.id, message.from_user.first_name if message.from_user else "")
    outcome = await settings.change_from(editor, field.name, value, seen)
    if outcome.is_conflict:
        await dialogue.keep_setting(field.name, value, plain(outcome.now.value(field.name)))
        mine = SaveButton(name=field.name).pack()
        return field_screens.conflict_screen(field, settings.seen(outcome.now), mine)
    undo = await settings.offer_undo(dialogue, field.name, outcome)
    return field_screens.field_screen(field, settings.seen(outcome.now), undo)


def _typed(field: SettingField, message: Message) -> str:
    return typed_html(message) if field.control is Control.TEXT else message.text or ""


async def save(
    query: CallbackQuery, callback_data: SaveButton, bot: Bot, state: FSMContext, settings: SettingsService
) -> None:
    dialogue, field = Dialogue(state), field_of(callback_data.name)
    kept = await dialogue.kept_setting(field.name)
    if kept is None:
        await turn_to_fresh(query, bot, field_screens.field_screen(field, settings.seen(await settings.now())))
        return
    outcome = await settings.change_from(editor_of(query), field.name, kept["value"], kept["seen"])
    if outcome.is_conflict:
        await dialogue.keep_setting(field.name, kept["value"], plain(outcome.now.value(field.name)))
    undo = await settings.offer_undo(dialogue, field.name, outcome)
    after = field_screens.field_screen(field, settings.seen(outcome.now), undo)
    await show_outcome(query, bot, field, outcome, settings, callback_data.pack(), after)


async def text_expected(message: Message, state: FSMContext) -> None:
    question = await Dialogue(state).question()
    asked = question.asked_by(AskButton) if question else None
    await message.answer(esc(expected(field_of(asked.name))) if asked else texts.question_lost())


def build() -> Router:
    router = Router(name="admin setting answers")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(ask, AskButton.filter(), is_known)
    router.callback_query.register(save, SaveButton.filter(), is_known)
    waiting = StateFilter(SettingAsked.value)
    router.message.register(answered, waiting, has_text)
    router.message.register(text_expected, waiting)
    return router
