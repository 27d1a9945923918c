"""Changes of settings: only from the value that was seen, audited, and undone for ten minutes."""

from dataclasses import dataclass
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardButton

from admin_bot.audit import note
from admin_bot.conversation.dialogue import Dialogue
from admin_bot.undo import Undone, UndoService, UndoStep
from core.clock import Clock
from core.settings import SettingField, field_of
from core.settings.changes import Editor, SettingChange, SettingsNow, recorded
from core.team.rights import Right
from database.operations import settings_ops
from views.settings.callbacks import fingerprint, read_seen
from views.settings.field_screens import Seen, field_screen

#: the kind of steps that can be undone
_SETTING = "setting"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a change."""

    now: SettingsNow
    #: the value it replaced
    before: Any
    is_stored: bool
    #: another value stands than the one that was seen, and than the new one
    is_conflict: bool

    def is_by_another(self, name: str, admin_id: int) -> bool:
        """Return whether somebody else set the value that stands in the way."""
        last = self.now.changes.get(name)
        return self.is_conflict and last is not None and last.by != admin_id


class SettingsService:
    """Reads and changes settings for admins."""

    def __init__(self, clock: Clock, zone: ZoneInfo, undo_service: UndoService) -> None:
        self._clock = clock
        self._zone = zone
        self._undo = undo_service
        undo_service.register(_SETTING, self._take_back, Right.SETTINGS)

    async def now(self) -> SettingsNow:
        return await settings_ops.load_now(self._clock.now())

    def seen(self, now: SettingsNow) -> Seen:
        return Seen(now, self._clock.now(), self._zone)

    async def change_seen(self, editor: Editor, field: SettingField, value: Any, seen: str) -> Outcome:
        """Store a value if the one a button's `seen` names still stands. Raises BadInput, ValueError."""
        expected = read_seen(field, seen)
        if expected is not None:
            return await self.change_from(editor, field.name, value, expected[0])
        now = await self.now()
        current = now.value(field.name)
        if fingerprint(current) != seen and current != value:
            return Outcome(now, current, is_stored=False, is_conflict=True)
        return await self.change_from(editor, field.name, value, current)

    async def change_from(self, editor: Editor, name: str, value: Any, before: Any) -> Outcome:
        """Store a value if `before` still stands. Raises ValueError for one out of range."""
        change = await self.change(editor, name, value, before)
        return Outcome(change.now, before, change.is_stored, change.is_conflict)

    async def change(self, editor: Editor, name: str, value: Any, expected: Any) -> SettingChange:
        """Store a value if `expected` still stands, and write the change to the audit log."""
        at = self._clock.now()
        change = await settings_ops.change_from(name, value, expected=expected, by=editor, at=at)
        if change.is_stored:
            field = field_of(name)
            before, after = recorded(field, expected), recorded(field, change.now.value(name))
            await note(at, editor.user_id, "setting.changed", name, before, after)
        return change

    async def offer_undo(self, dialogue: Dialogue, name: str, outcome: Outcome) -> InlineKeyboardButton | None:
        """Return the button that takes a change back; None when nothing was stored."""
        if not outcome.is_stored:
            return None
        step = UndoStep(_SETTING, name, plain(outcome.before), plain(outcome.now.value(name)))
        return await self._undo.offer(dialogue, step, self._clock.now())

    async def _take_back(self, admin_id: int, step: UndoStep) -> Undone:
        now = await self.now()
        field, current, last = field_of(step.target), now.value(step.target), now.changes.get(step.target)
        if plain(current) != step.after or last is None or last.by != admin_id:
            return Undone(self._screen(field, now), was_changed_since=True)
        change = await self.change(Editor(admin_id, last.name), step.target, step.before, current)
        return Undone(self._screen(field, change.now), was_changed_since=not change.is_stored)

    def _screen(self, field: SettingField, now: SettingsNow) -> Any:
        return field_screen(field, self.seen(now))


def plain(value: Any) -> Any:
    """Return a value as it is stored with a conversation."""
    return value.value if isinstance(value, Enum) else value
