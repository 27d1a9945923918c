"""/set NAME VALUE."""

from typing import Any

from aiogram.types import Message

from admin_bot.settings.service import SettingsService
from admin_bot.typed_html import typed_html
from core.clock import Clock
from core.errors import BadInput
from core.settings import BotSettings, Control, SettingField, field_of, parse_setting
from core.settings.changes import Editor, SettingChange
from database.operations.shorteners import shortener_ops
from views.html import cut, esc
from views.settings import texts

#: the setting that only the chat picker sets, which checks rights
_CHOSEN_BY_PICKER = "storage_channel_id"
#: characters of an unknown name that are quoted in the answer
_NAME_MAX = 64


async def set_one(message: Message, clock: Clock, settings: SettingsService, has_page: bool) -> None:
    name, typed = _name_and_value(message)
    if not name:
        await message.answer(texts.usage())
    elif name == _CHOSEN_BY_PICKER:
        await message.answer(texts.chosen_by_picker())
    elif name in BotSettings.model_fields and not typed.strip():
        await message.answer(texts.one_setting(field_of(name), (await settings.now()).settings))
    else:
        try:
            value = parse_setting(name, typed)
        except BadInput as problem:
            await message.answer(esc(problem.sentence))
            return
        before = (await settings.now()).value(name)
        change = await settings.change(editor_of(message), name, value, before)
        has_shorteners = await shortener_ops.has_active(clock.now())
        await message.answer(_outcome(field_of(name), before, value, change, has_shorteners, has_page))


def _name_and_value(message: Message) -> tuple[str, str]:
    """Return the name after /set and what stands behind it: HTML for a text, else as it was typed."""
    text = message.text or ""
    _, name, typed = (*text.split(maxsplit=2), "", "")[:3]
    name = cut(name.lower(), _NAME_MAX)
    is_text = name in BotSettings.model_fields and field_of(name).control is Control.TEXT
    return name, typed_html(message, len(text) - len(typed)) if is_text and typed else typed


def editor_of(message: Message) -> Editor:
    return Editor(message.chat.id, message.from_user.first_name if message.from_user else "")


def _outcome(
    field: SettingField, before: Any, value: Any, change: SettingChange, has_shorteners: bool, has_page: bool
) -> str:
    if change.is_conflict:
        last = change.now.changes.get(field.name)
        return texts.conflict(field, last.name if last else "", change.now.value(field.name))
    effect = texts.of_access(field.name, before, value, has_shorteners=has_shorteners, has_page=has_page)
    return texts.changed(field, before, value) + effect
