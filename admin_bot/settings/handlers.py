"""/settings and /set."""

from typing import Any

from aiogram.types import Message

from admin_bot.audit import note
from admin_bot.storage.channel import StorageChannel
from admin_bot.typed_html import typed_html
from core.clock import Clock
from core.errors import BadInput
from core.settings import BotSettings, Control, SettingField, field_of, parse_setting
from core.settings.changes import Editor, SettingChange
from database.operations import settings_ops
from database.operations.shorteners import shortener_ops
from views.html import cut, esc
from views.settings import texts

#: the setting that only the chat picker sets, which checks rights
_CHOSEN_BY_PICKER = "storage_channel_id"
#: characters of an unknown name that are quoted in the answer
_NAME_MAX = 64


async def show_settings(message: Message, clock: Clock, storage_channel: StorageChannel) -> None:
    settings = await settings_ops.current(clock.now())
    await message.answer(texts.settings_list(settings, storage_channel.configured))


async def set_one(message: Message, clock: Clock, has_page: bool) -> None:
    name, typed = _name_and_value(message)
    if not name:
        await message.answer(texts.USAGE)
    elif name == _CHOSEN_BY_PICKER:
        await message.answer(texts.CHOSEN_BY_PICKER)
    elif name in BotSettings.model_fields and not typed.strip():
        await message.answer(texts.one_setting(field_of(name), await settings_ops.current(clock.now())))
    else:
        try:
            value = parse_setting(name, typed)
        except BadInput as problem:
            await message.answer(esc(problem.sentence))
            return
        before = getattr(await settings_ops.current(clock.now()), name)
        change = await change_setting(_editor(message), name, value, before, clock)
        has_shorteners = await shortener_ops.has_active(clock.now())
        await message.answer(_outcome(field_of(name), before, value, change, has_shorteners, has_page))


def _name_and_value(message: Message) -> tuple[str, str]:
    """Return the name after /set and what stands behind it: HTML for a text, else as it was typed."""
    text = message.text or ""
    _, name, typed = (*text.split(maxsplit=2), "", "")[:3]
    name = cut(name.lower(), _NAME_MAX)
    is_text = name in BotSettings.model_fields and field_of(name).control is Control.TEXT
    return name, typed_html(message, len(text) - len(typed)) if is_text and typed else typed


def _editor(message: Message) -> Editor:
    return Editor(message.chat.id, message.from_user.first_name if message.from_user else "")


def _outcome(
    field: SettingField, before: Any, value: Any, change: SettingChange, has_shorteners: bool, has_page: bool
) -> str:
    if change.is_conflict:
        last = change.now.changes.get(field.name)
        return texts.conflict(field, last.name if last else "", change.now.value(field.name))
    effect = texts.of_access(field.name, before, value, has_shorteners=has_shorteners, has_page=has_page)
    return texts.changed(field, before, value) + effect


async def change_setting(editor: Editor, name: str, value: Any, expected: Any, clock: Clock) -> SettingChange:
    """Store the value if `expected` still stands, and write the change to the audit log."""
    now = clock.now()
    change = await settings_ops.change_from(name, value, expected=expected, by=editor, at=now)
    if change.is_stored:
        before, after = _recorded(name, expected), _recorded(name, change.now.value(name))
        await note(now, editor.user_id, "setting.changed", name, before, after)
    return change


def _recorded(name: str, value: Any) -> Any:
    """Return the value as the audit log keeps it: of a secret, only whether there is one."""
    if not field_of(name).is_secret:
        return value
    return "empty" if value is None else "set"
