"""/settings and /set."""

from typing import Any

from aiogram.filters import CommandObject
from aiogram.types import Message

from admin_bot.audit import note
from admin_bot.storage.channel import StorageChannel
from core.clock import Clock
from core.errors import BadInput
from core.settings import SECRET, BotSettings, parse_setting
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


async def set_one(message: Message, command: CommandObject, clock: Clock, has_page: bool) -> None:
    name, _, raw = (command.args or "").strip().partition(" ")
    name = cut(name.lower(), _NAME_MAX)
    if not name:
        await message.answer(texts.USAGE)
    elif name == _CHOSEN_BY_PICKER:
        await message.answer(texts.CHOSEN_BY_PICKER)
    elif name in BotSettings.model_fields and not raw.strip():
        await message.answer(texts.one_setting(name, await settings_ops.current(clock.now())))
    else:
        try:
            value = parse_setting(name, raw)
        except BadInput as problem:
            await message.answer(esc(problem.sentence))
            return
        before, after = await _change(message.chat.id, name, value, clock)
        has_shorteners = await shortener_ops.has_active(clock.now())
        effect = texts.of_access(name, before, after, has_shorteners=has_shorteners, has_page=has_page)
        await message.answer(texts.changed(name, before, after) + effect)


async def _change(admin_id: int, name: str, value: Any, clock: Clock) -> tuple[Any, Any]:
    """Store the value and write it to the audit log. Returns the value before and after."""
    now = clock.now()
    before = getattr(await settings_ops.current(now), name)
    after = getattr(await settings_ops.change(name, value), name)
    if before != after:
        await note(now, admin_id, "setting.changed", name, _recorded(name, before), _recorded(name, after))
    return before, after


def _recorded(name: str, value: Any) -> Any:
    """Return the value as the audit log keeps it: of a secret, only whether there is one."""
    if name not in SECRET:
        return value
    return "empty" if value is None else "set"
